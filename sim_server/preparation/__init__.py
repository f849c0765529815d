"""Kinematic cleaning before the simulation: denoising, floor, drift, gait repair and foot contacts.

All of it is pure functions of positions. A motion without faults passes nearly unchanged.
"""

from sim_server.preparation.prepared_motion import PreparedMotion, prepare

__all__ = ["PreparedMotion", "prepare"]
