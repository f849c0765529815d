"""The corrector: a simulated body performs a motion, and what it managed is the nearest motion that a body can do."""

from motion.protocols import CorrectionOptions
from sim_server.corrector import Corrector, QueueFull

__all__ = ["CorrectionOptions", "Corrector", "QueueFull"]
