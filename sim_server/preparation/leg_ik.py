"""Two-bone inverse kinematics of the legs: move a foot, and the knee follows in its own plane."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import rotation
from motion.skeleton import ANKLES, LEGS, TOES

_STRAIGHTEST = 0.999  # share of the leg's length that it may span, so that the knee keeps its plane


def shifted_feet(positions: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Move both feet of (frames, 22, 3) by `shifts` (frames, 2, 3), metres, as far as the legs reach.

    Hips stay where they are, thigh and shin keep their lengths, the knee stays in the plane it was in; the toe moves
    with the ankle.
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    return placed_feet(positions, ankles + shifts, toes - ankles)


def placed_feet(positions: np.ndarray, ankles: np.ndarray, feet: np.ndarray) -> np.ndarray:
    """The same with the ankles at `ankles` (frames, 2, 3), as far as the legs reach, and `feet` (frames, 2, 3) from
    ankle to toe."""
    moved = positions.copy()
    for side, (hip, knee, ankle, toe) in enumerate(LEGS):
        start, bend = positions[:, hip], positions[:, knee] - positions[:, hip]
        thigh = np.linalg.norm(bend, axis=-1)
        shin = np.linalg.norm(positions[:, ankle] - positions[:, knee], axis=-1)
        wanted = ankles[:, side] - start
        span = np.linalg.norm(wanted, axis=-1)
        longest = np.maximum(_STRAIGHTEST * (thigh + shin), np.linalg.norm(positions[:, ankle] - start, axis=-1))
        reach = np.clip(span, np.abs(thigh - shin) + 1e-4, longest)
        axis = rotation.normalized(wanted)
        along = (thigh**2 - shin**2 + reach**2) / (2 * np.maximum(reach, 1e-6))
        away = np.sqrt(np.maximum(thigh**2 - along**2, 0))
        # A straight leg has no plane; averaged over time, the bent frames around it say which way the knee goes.
        sideways = bend - axis * (bend * axis).sum(-1, keepdims=True)
        sideways = gaussian_filter1d(sideways, 1.5, axis=0, mode="nearest")
        side_of = rotation.normalized(sideways - axis * (sideways * axis).sum(-1, keepdims=True))
        moved[:, knee] = start + axis * along[:, None] + side_of * away[:, None]
        moved[:, ankle] = start + axis * reach[:, None]
        moved[:, toe] = moved[:, ankle] + feet[:, side]
    return moved
