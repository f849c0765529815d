"""From joint positions to the reference that a body follows: preparation, dynamics filter, retargeting."""

from __future__ import annotations

from motion.array_types import FloatArray
from sim_server.body.dynamics_filter import filter_dynamics
from sim_server.body.humanoid import build_model
from sim_server.body.retarget import Reference, retarget
from sim_server.preparation import prepare


def reference_from_positions(positions: FloatArray) -> Reference:
    """Prepare a motion, shift it to where its contacts carry it, and retarget it.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, at 20 frames/s, at least four frames.

    Raises:
        ValueError: MuJoCo cannot build the body.
        mujoco.FatalError: MuJoCo refuses its mass or inertia.
        numpy.linalg.LinAlgError: the motion's equations cannot be solved.
    """
    prepared = prepare(positions)
    model = build_model(prepared.offsets)
    return retarget(filter_dynamics(prepared, model), model)
