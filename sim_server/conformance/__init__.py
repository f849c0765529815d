"""Conformance checks of correctors and their services."""

from sim_server.conformance.corrector_checks import CHECKS, Failure
from sim_server.conformance.corrector_service_checks import WIRE_CHECKS

__all__ = ["CHECKS", "WIRE_CHECKS", "Failure"]
