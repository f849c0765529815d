"""Conformance checks of generators, and the smallest generator that passes them."""

from generator.conformance.generator_checks import CHECKS
from generator.conformance.service_checks import WIRE_CHECKS

__all__ = ["CHECKS", "WIRE_CHECKS"]
