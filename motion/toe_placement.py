"""Place the balls of the feet of bodies whose legs end at the ankles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import JOINT, PARENTS, TOES

# From the ankle to the ball, down along the shin and ahead, as shares of the shin of `motion.kinematics.REST_OFFSETS`.
_DOWN, _AHEAD = 0.032 / 0.435, 0.120 / 0.435
_NO_FOOT = 0.02  # a foot is shorter than this share of the shin if its ball was filled in at the ankle
_FOOT, _SLOPE = float(np.hypot(_DOWN, _AHEAD)), float(np.arctan2(_DOWN, _AHEAD))
_STEEPEST_RAD = 0.9  # pitch of a foot whose ball stays on the floor while its heel rises
_UPWARDS_RAD, _DOWNWARDS_RAD = 0.5, 0.8  # how far an ankle bends from the right angle


def toes_at_ankles(positions: FloatArray) -> tuple[int, ...]:
    """Return the indices of the toes that lie at their ankles, as those that are filled in for a skeleton without them.

    Args:
        positions: (frames, 22, 3) joint positions in any unit.
    """
    found = []
    for toe in TOES:
        ankle = PARENTS[toe]
        foot = np.linalg.norm(positions[:, toe] - positions[:, ankle], axis=-1)
        shin = np.linalg.norm(positions[:, ankle] - positions[:, PARENTS[ankle]], axis=-1)
        if np.median(foot) < _NO_FOOT * np.median(shin):
            found.append(toe)
    return tuple(found)


def with_feet(positions: FloatArray) -> FloatArray:
    """Return positions in which toes that lie at their ankles are ahead of them, on the floor where they can reach it.

    Args:
        positions: (frames, 22, 3) joint positions, Y up.
    """
    toes = toes_at_ankles(positions)
    if not toes:
        return positions
    placed = positions.copy()
    lowest = min(float(np.percentile(positions[:, PARENTS[toe], 1], 5)) for toe in toes)
    for toe in toes:
        shin, ahead, length = _shin(placed, toe)
        # The foot pitches down from the horizontal until its ball is where it is when the foot stands flat.
        drop = placed[:, PARENTS[toe], 1] - lowest + length * _DOWN
        pitch = np.arcsin(np.clip(drop / (length * _FOOT), np.sin(_SLOPE), np.sin(_STEEPEST_RAD)))
        bend = np.clip(pitch + np.arcsin(np.clip(ahead[:, 1], -1, 1)), _SLOPE - _UPWARDS_RAD, _SLOPE + _DOWNWARDS_RAD)
        foot = np.cos(bend)[:, None] * ahead - np.sin(bend)[:, None] * shin
        placed[:, toe] = placed[:, PARENTS[toe]] + length * _FOOT * foot
    return placed


def place_toes(positions: FloatArray, toes: Sequence[int], rotations: Mapping[int, FloatArray] | None = None) -> None:
    """Place toes ahead of their ankles, in `positions`, with the foot at right angles to the shin.

    Args:
        positions: (frames, 22, 3) joint positions in any unit; all but the toes are given.
        toes: indices of the toes to place.
        rotations: for toes whose ankle's world rotations (frames, 4) are known, these; such a foot moves as they do,
            and is at right angles to the shin in the middle of the motion.
    """
    for toe in toes:
        shin, ahead, length = _shin(positions, toe)
        foot = length * (_AHEAD * ahead - _DOWN * shin)
        if rotations is not None and toe in rotations:
            turned = rotations[toe]
            offset = np.median(rotation.rotate(rotation.conjugate(turned), foot), axis=0)
            offset *= length * _FOOT / max(np.linalg.norm(offset), 1e-9)
            foot = rotation.rotate(turned, offset)
        positions[:, toe] = positions[:, PARENTS[toe]] + foot


def _shin(positions: FloatArray, toe: int) -> tuple[FloatArray, FloatArray, float]:
    """Return the directions (frames, 3) up along the shin of a toe's leg and ahead of it, and the shin's length."""
    ankle = PARENTS[toe]
    shin = positions[:, PARENTS[ankle]] - positions[:, ankle]
    up = rotation.normalized(shin)
    across = positions[:, JOINT["left_hip"]] - positions[:, JOINT["right_hip"]]
    return up, rotation.normalized(rotation.cross(across, up)), float(np.median(np.linalg.norm(shin, axis=-1)))
