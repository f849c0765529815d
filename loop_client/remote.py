"""Correctors and generators that are services: the two protocols of `motion.protocols`, over gRPC."""

from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.generator_client import RemoteGenerator

__all__ = ["RemoteCorrector", "RemoteGenerator"]
