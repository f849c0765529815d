"""Conformance checks of generators and their services, and an example generator that passes them."""

from generator.conformance.generator_checks import CHECKS, Failure
from generator.conformance.service_checks import WIRE_CHECKS

__all__ = ["CHECKS", "WIRE_CHECKS", "Failure"]
