"""A body that rests in a posture: standing, lying, sitting, on all fours or on its hands."""

from __future__ import annotations

import numpy as np

from motion import kinematics, rotation
from motion.kinematics import REST_OFFSETS
from motion.skeleton import ARMS, LEGS


def about(axis: int, degrees: float) -> np.ndarray:
    """Return the rotation (4,) about an axis of the world."""
    return rotation.exp(np.radians(degrees) * np.eye(3)[axis])


def _pose(trunk: np.ndarray, thighs: np.ndarray, shins: np.ndarray, feet: np.ndarray, arms: float) -> np.ndarray:
    """Return the joints (22, 3) [m] of a body.

    Args:
        trunk: rotation of the trunk in the world, (4,); likewise of thighs, shins and feet.
        thighs: rotation of the thighs.
        shins: rotation of the shins.
        feet: rotation of the feet.
        arms: degrees by which the arms are raised from the T pose, in front of the trunk if over 180.
    """
    rotations = np.repeat(trunk[None], 22, axis=0)
    for side, (_, shoulder, elbow, wrist) in zip((1, -1), ARMS, strict=True):
        swing = about(2, side * arms) if arms <= 180 else about(1, -side * 90)
        rotations[[shoulder, elbow, wrist]] = rotation.multiply(trunk, swing)
    for hip, knee, ankle, toe in LEGS:
        rotations[hip], rotations[knee], rotations[[ankle, toe]] = thighs, shins, feet
    return kinematics.forward_positions(rotations, np.zeros(3), REST_OFFSETS)


_UPRIGHT, _DOWN = about(0, 0), about(0, 180)
_ON_BACK, _PRONE = about(0, -90), about(0, 90)
_IN_FRONT = 270.0

POSTURES = {
    "standing": _pose(_UPRIGHT, about(0, -8), about(0, 8), _UPRIGHT, -80),
    "lying": _pose(_ON_BACK, _ON_BACK, _ON_BACK, _ON_BACK, -80),
    "lying with the legs up": _pose(_ON_BACK, _DOWN, _DOWN, _DOWN, -80),
    "sitting on the floor": _pose(_UPRIGHT, _ON_BACK, _ON_BACK, _ON_BACK, -30),
    "sitting on a chair": _pose(_UPRIGHT, _ON_BACK, _UPRIGHT, _UPRIGHT, -80),
    "all fours": _pose(about(0, 75), _UPRIGHT, _PRONE, about(0, 150), _IN_FRONT),
    "handstand": _pose(_DOWN, _DOWN, _DOWN, _DOWN, 90),
}
"""The joints (22, 3) [m] of a body in each posture, its pelvis at the origin."""


def resting(posture: str, frames: int = 60, height: float = 0.0) -> np.ndarray:
    """Return a body that rests in a posture, its pelvis at a height [m]: (frames, 22, 3)."""
    return np.repeat(POSTURES[posture][None], frames, axis=0) + (0.0, height, 0.0)
