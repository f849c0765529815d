"""How far a motion is from what a body can do, measured without correcting it."""

from sim_server.feasibility.scorer import Scorer, score_motion

__all__ = ["Scorer", "score_motion"]
