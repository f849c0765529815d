"""Whether feet support the body: it is upright and does not fall, as it would in the air."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.skeleton import LEGS
from sim_server.body.humanoid import CONTROL_FPS

_FALL_M_S2 = (3.0, 6.0)  # less than gravity, because smoothing blurs short flights
_SMOOTH_FRAMES = 0.7
_END_FRAMES = 3  # at both ends, where second differences are not reliable
_UPRIGHT = 0.75  # of the leg's length: the pelvis of a walking person is higher


def airborne(positions: np.ndarray) -> np.ndarray:
    """Estimate how surely the body is in free fall in each frame.

    The mean of the joints stands for the center of mass.

    Args:
        positions: (frames, 22, 3) joint positions [m] at 20 frames/s.

    Returns:
        Confidence (frames,) in [0, 1].
    """
    height = gaussian_filter1d(positions[..., 1].mean(1), _SMOOTH_FRAMES, mode="nearest")
    falls = -np.gradient(np.gradient(height, 1 / CONTROL_FPS), 1 / CONTROL_FPS)
    ends = min(_END_FRAMES, (len(falls) - 1) // 2)
    falls = np.pad(falls[ends : len(falls) - ends], ends, mode="edge")
    low, high = _FALL_M_S2
    return np.clip((falls - low) / (high - low), 0, 1)


def upright(positions: np.ndarray) -> np.ndarray:
    """Return a (frames,) mask of the frames in which the pelvis is as high as that of a walking person.

    Args:
        positions: (frames, 22, 3) joint positions [m], floor at 0.
    """
    hips, knees, ankles, _ = (list(joints) for joints in zip(*LEGS, strict=True))
    legs = np.linalg.norm(positions[:, knees] - positions[:, hips], axis=-1)
    legs += np.linalg.norm(positions[:, ankles] - positions[:, knees], axis=-1)
    return positions[:, 0, 1] > _UPRIGHT * legs.mean(1)
