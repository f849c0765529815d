"""The loop: clients of both services, strategies, recipes, evaluation, and the runs of it all."""

from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.generator_client import RemoteGenerator

__all__ = ["RemoteCorrector", "RemoteGenerator"]
