"""The corrector: a simulated body performs a motion and returns the nearest motion that a body can perform."""

from typing import TYPE_CHECKING, Any

from motion.protocols import CorrectionOptions
from motion.shell.extras import explained_imports

if TYPE_CHECKING:
    from sim_server.corrector import Corrector, QueueFull
    from sim_server.feasibility import Scorer, score_motion
    from sim_server.workers.pool import WorkerPool

__all__ = ["CorrectionOptions", "Corrector", "QueueFull", "Scorer", "WorkerPool", "score_motion"]


def __getattr__(name: str) -> Any:
    # MuJoCo takes long to import and comes with an extra; help texts and remote corrections need neither.
    if name in ("Corrector", "QueueFull"):
        with explained_imports():
            from sim_server import corrector
        return getattr(corrector, name)
    if name in ("Scorer", "score_motion"):
        with explained_imports():
            from sim_server import feasibility
        return getattr(feasibility, name)
    if name == "WorkerPool":
        with explained_imports():
            from sim_server.workers import pool
        return pool.WorkerPool
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
