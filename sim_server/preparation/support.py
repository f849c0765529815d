"""Whether feet must be carrying a body: it is upright, and does not fall. In the air nothing holds it up."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.skeleton import LEGS

_FPS = 20.0
_UPRIGHT = 0.75  # of the leg's length: the pelvis of one who walks is higher
_SMOOTH_FRAMES = 0.7


def falls(positions: np.ndarray) -> np.ndarray:
    """The downward acceleration (frames,) of the mean of the joints (frames, 22, 3), m/s².

    It stands for the centre of mass, which in flight has 9.8; five frames are looked at, which blurs a short flight.
    """
    height = gaussian_filter1d(positions[..., 1].mean(1), _SMOOTH_FRAMES, mode="nearest")
    return -np.gradient(np.gradient(height, 1 / _FPS), 1 / _FPS)


def upright(positions: np.ndarray) -> np.ndarray:
    """Whether the pelvis is as high over the floor as that of one who walks or runs, (frames,)."""
    hip, knee, ankle, _ = LEGS[0]
    leg = np.linalg.norm(positions[:, knee] - positions[:, hip], axis=-1)
    leg += np.linalg.norm(positions[:, ankle] - positions[:, knee], axis=-1)
    return positions[:, 0, 1] > _UPRIGHT * leg
