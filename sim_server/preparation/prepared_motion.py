"""A motion that is cleaned and ready to be retargeted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import kinematics
from motion.skeleton import TOES
from motion.toe_placement import with_feet
from sim_server.preparation.denoise import denoise, estimate_noise
from sim_server.preparation.drift import drift_path
from sim_server.preparation.floor import estimate_floor
from sim_server.preparation.foot_contacts import clean_contacts
from sim_server.preparation.gait_repair import repair_gait

# Under so much noise no foot ever seems to stand, and every body seems to be about to fall.
_NOISY_M = 0.008


@dataclass(frozen=True)
class PreparedMotion:
    """A motion that is ready to be retargeted.

    Attributes:
        positions: (frames, 22, 3) float64 joint positions [m], Y up, at 20 frames/s, with the floor at height 0 and
            bones of constant length.
        rotations: (frames, 22, 4) rotations of the joints in the world, as unit quaternions (w, x, y, z).
        offsets: (22, 3) rest pose of the skeleton: each joint relative to its parent [m].
    """

    positions: np.ndarray
    rotations: np.ndarray
    offsets: np.ndarray


def prepare(positions: np.ndarray) -> PreparedMotion:
    """Clean a motion: remove noise and drift, set its floor to 0, make it rigid, repair its gait and its contacts.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, at 20 frames/s.
    """
    raw = with_feet(np.asarray(positions, np.float64))
    smooth = denoise(raw)
    offsets = kinematics.estimate_offsets(smooth)
    ankle_over_ball = -float(offsets[list(TOES), 1].mean())
    floor = estimate_floor(smooth, ankle_over_ball)[:, None] * (0, 1, 0)
    # Drift is estimated from the raw motion, because smoothing blends the stance of a foot into its swing.
    steady = smooth - floor[:, None] - drift_path(raw - floor[:, None])[:, None]
    rotations = kinematics.global_rotations(steady, offsets)
    rigid = kinematics.forward_positions(rotations, steady[:, 0], offsets)
    noisy = estimate_noise(raw) >= _NOISY_M
    if not noisy:
        rigid, rotations = repair_gait(rigid, rotations, offsets)
    return PreparedMotion(*clean_contacts(rigid, rotations, offsets, noisy), offsets)
