"""Cleaning before the simulation: denoising, floor, drift, gait repair, contact plan, foot contacts and arms.

All of it is pure functions of positions. The contact plan looks at the acceleration of the center of mass, everything
else at the kinematics alone. A motion without faults passes nearly unchanged.
"""

from sim_server.body.prepared_motion import PreparedMotion
from sim_server.preparation.pipeline import prepare

__all__ = ["PreparedMotion", "prepare"]
