"""Kinematic clean-up before the simulation, pure functions of positions: what can be put right without a body.

Noise is smoothed, the floor found, drift taken out, the skeleton made rigid, and feet given clean contacts. A motion
that is already good comes through nearly unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import kinematics
from motion.skeleton import TOES
from sim_server.preparation.drift import without_drift
from sim_server.preparation.feet import clean_feet
from sim_server.preparation.ground import floor_height
from sim_server.preparation.noise import denoised


@dataclass(frozen=True)
class Prepared:
    """A motion fit to be simulated.

    Attributes:
        positions: (frames, 22, 3) float64 metres at 20 frames/s, floor at 0, of a rigid skeleton.
        offsets: (22, 3) the skeleton's rest pose.
    """

    positions: np.ndarray
    offsets: np.ndarray


def prepare(positions: np.ndarray) -> Prepared:
    """Prepare raw positions (frames, 22, 3), metres, Y up, 20 frames/s."""
    smooth = denoised(np.asarray(positions, np.float64))
    offsets = kinematics.fit_offsets(smooth)
    rise = -float(offsets[list(TOES), 1].mean())
    grounded = smooth.copy()
    grounded[..., 1] -= floor_height(smooth, rise)[:, None]
    steady = without_drift(grounded)
    turns = kinematics.global_rotations(steady, offsets)
    rigid = kinematics.placed(turns, steady[:, 0], offsets)
    return Prepared(clean_feet(rigid, offsets), offsets)
