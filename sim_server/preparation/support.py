"""Whether feet must be carrying a body: it is upright, and does not fall. In the air nothing holds it up."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.skeleton import LEGS

_FPS = 20.0
_FALL_M_S2 = (3.0, 6.0)  # of 9.8, since short flights are blurred by smoothing
_SMOOTH_FRAMES = 0.7
_END_FRAMES = 3  # in which there is too little to tell an acceleration by
_UPRIGHT = 0.75  # of the leg's length: the pelvis of one who walks is higher


def airborne(positions: np.ndarray) -> np.ndarray:
    """How surely a body (frames, 22, 3) falls as one in the air does, from 0 to 1 in each frame (frames,).

    The mean of its joints stands for the centre of mass.
    """
    height = gaussian_filter1d(positions[..., 1].mean(1), _SMOOTH_FRAMES, mode="nearest")
    falls = -np.gradient(np.gradient(height, 1 / _FPS), 1 / _FPS)
    ends = min(_END_FRAMES, (len(falls) - 1) // 2)
    falls = np.pad(falls[ends : len(falls) - ends], ends, mode="edge")
    low, high = _FALL_M_S2
    return np.clip((falls - low) / (high - low), 0, 1)


def upright(positions: np.ndarray) -> np.ndarray:
    """Whether the pelvis of a body (frames, 22, 3) is as high over the floor as that of one who walks, (frames,)."""
    hips, knees, ankles, _ = (list(joints) for joints in zip(*LEGS, strict=True))
    legs = np.linalg.norm(positions[:, knees] - positions[:, hips], axis=-1)
    legs += np.linalg.norm(positions[:, ankles] - positions[:, knees], axis=-1)
    return positions[:, 0, 1] > _UPRIGHT * legs.mean(1)
