"""Recognize the poses in which systems are calibrated and characters are modelled: T-pose and A-pose."""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ARMS, JOINT, LEGS

_STRAIGHT = np.cos(np.radians(30))  # both bones of a limb point in the same direction
_LEG_DOWN = np.cos(np.radians(30))  # from hip to ankle, against the direction from neck to pelvis
_ARM_RANGE_DEG = (-20.0, 65.0)  # below the horizontal; a T-pose has 0, an A-pose 30 to 60
_ARM_FORWARD = np.sin(np.radians(30))
_SYMMETRY_DEG = 15.0


def is_calibration_pose(positions: FloatArray) -> BoolArray:
    """Return whether poses are a T-pose or an A-pose.

    Legs and arms are straight, the legs point down along the trunk, and the arms sideways, between 20 degrees above the
    horizontal and 65 below it, both the same within 15 degrees and within 30 of the plane of trunk and shoulders.

    Args:
        positions: (frames, 22, 3) joint positions [m].

    Returns:
        Mask (frames,).
    """
    positions = np.asarray(positions, np.float64)
    up = rotation.normalized(positions[:, JOINT["neck"]] - positions[:, JOINT["pelvis"]])
    left = positions[:, JOINT["left_shoulder"]] - positions[:, JOINT["right_shoulder"]]
    left = rotation.normalized(left - up * (left * up).sum(-1, keepdims=True))
    forward = rotation.cross(left, up)
    matches = np.ones(len(positions), bool)
    for hip, knee, ankle, _ in LEGS:
        upper, lower = _direction(positions, hip, knee), _direction(positions, knee, ankle)
        matches &= (upper * lower).sum(-1) > _STRAIGHT
        matches &= -(_direction(positions, hip, ankle) * up).sum(-1) > _LEG_DOWN
    slopes = []
    for (_, shoulder, elbow, wrist), side in zip(ARMS, (1.0, -1.0), strict=True):
        upper, lower = _direction(positions, shoulder, elbow), _direction(positions, elbow, wrist)
        arm = _direction(positions, shoulder, wrist)
        slopes.append(np.degrees(np.arctan2(-(arm * up).sum(-1), side * (arm * left).sum(-1))))
        matches &= ((upper * lower).sum(-1) > _STRAIGHT) & (np.abs((arm * forward).sum(-1)) < _ARM_FORWARD)
        matches &= (slopes[-1] > _ARM_RANGE_DEG[0]) & (slopes[-1] < _ARM_RANGE_DEG[1])
    return matches & (np.abs(slopes[0] - slopes[1]) < _SYMMETRY_DEG)


def _direction(positions: FloatArray, start: int, end: int) -> FloatArray:
    return rotation.normalized(positions[:, end] - positions[:, start])
