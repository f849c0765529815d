"""Two-bone inverse kinematics of the legs: a foot is moved, and the knee follows in its own plane."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import rotation
from motion.skeleton import ANKLES, LEGS, TOES

_STRAIGHTEST = 0.999  # share of its length that a leg may span, so that the knee keeps its plane


def shift_feet(positions: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Move both feet as far as the legs reach; a toe moves with its ankle.

    Hips stay where they are, thigh and shin keep their lengths, and the knee stays in its plane.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        shifts: (frames, 2, 3) displacements of the left and the right foot [m].

    Returns:
        Joint positions (frames, 22, 3) [m].
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    return place_feet(positions, ankles + shifts, toes - ankles)


def place_feet(positions: np.ndarray, ankles: np.ndarray, feet: np.ndarray) -> np.ndarray:
    """Place both feet, as far as the legs reach; the rest is as in `shift_feet`.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        ankles: (frames, 2, 3) positions of the ankles, left and right [m].
        feet: (frames, 2, 3) vectors from ankle to toe [m].

    Returns:
        Joint positions (frames, 22, 3) [m].
    """
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
        # A straight leg has no plane. Averaging over time takes the plane from the frames around it in which it bends.
        sideways = bend - axis * (bend * axis).sum(-1, keepdims=True)
        sideways = gaussian_filter1d(sideways, 1.5, axis=0, mode="nearest")
        knee_side = rotation.normalized(sideways - axis * (sideways * axis).sum(-1, keepdims=True))
        moved[:, knee] = start + axis * along[:, None] + knee_side * away[:, None]
        moved[:, ankle] = start + axis * reach[:, None]
        moved[:, toe] = moved[:, ankle] + feet[:, side]
    return moved
