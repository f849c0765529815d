"""Kinematic clean-up before the simulation, pure functions of positions: what can be put right without a body.

Noise is smoothed, the floor found, drift taken out, the skeleton made rigid, what glides made to walk, and feet given
clean contacts. A motion that is already good comes through nearly unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import kinematics
from motion.skeleton import TOES
from sim_server.preparation.denoise import denoised, noise_level
from sim_server.preparation.drift import drift_path
from sim_server.preparation.floor import floor_height
from sim_server.preparation.foot_contacts import clean_feet
from sim_server.preparation.gait_repair import stepped

_SHAKING_M = 0.008  # under so much noise feet seem never to stand, and bodies to fall at any moment


@dataclass(frozen=True)
class Prepared:
    """A motion fit to be simulated.

    Attributes:
        positions: (frames, 22, 3) float64 metres at 20 frames/s, floor at 0, of a rigid skeleton.
        turns: (frames, 22, 4) the rotations of its joints in the world.
        offsets: (22, 3) the skeleton's rest pose.
    """

    positions: np.ndarray
    turns: np.ndarray
    offsets: np.ndarray


def prepare(positions: np.ndarray) -> Prepared:
    """Prepare raw positions (frames, 22, 3), metres, Y up, 20 frames/s."""
    raw = np.asarray(positions, np.float64)
    smooth = denoised(raw)
    offsets = kinematics.fit_offsets(smooth)
    floor = floor_height(smooth, rise=-float(offsets[list(TOES), 1].mean()))[:, None] * (0, 1, 0)
    # Drift is looked for in the raw motion: smoothing blends a foot's stance into its swing.
    steady = smooth - floor[:, None] - drift_path(raw - floor[:, None])[:, None]
    turns = kinematics.global_rotations(steady, offsets)
    rigid = kinematics.placed(turns, steady[:, 0], offsets)
    shakes = noise_level(raw) >= _SHAKING_M
    if not shakes:
        rigid, turns = stepped(rigid, turns, offsets)
    return Prepared(*clean_feet(rigid, turns, offsets, shakes), offsets)
