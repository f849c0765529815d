"""The body of the synthesised motions: bones, masses, and inverse kinematics of its limbs.

The frame is that of `motion.kinematics`: Y up, the body faces +Z, its left is at +X. The floor, y = 0, is at the ball
of the foot (joints 10, 11), as in HumanML3D; the sole is `SOLE_M` lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.kinematics import REST_OFFSETS
from motion.skeleton import JOINT

SOLE_M = 0.02
SIDES = ("left", "right")
OUTWARD = (1.0, -1.0)
"""Sign of the outward direction along the x axis, for the left and the right side."""

_PLANTED_FOOT = (0.0, -0.055, 0.112)  # ankle to ball of an adult's flat foot, rounded, m
_HEEL_BEHIND_M = 0.055

# Share of the body's mass at each joint. Masses and centres of the segments are those of de Leva, "Adjustments to
# Zatsiorsky-Seluyanov's segment inertia parameters", Journal of Biomechanics 29, 1996; the mass of each segment is
# divided between the joints at its ends.
_MASS = {
    "pelvis": 0.115, "hip": 0.083, "knee": 0.077, "ankle": 0.030, "foot": 0.006, "spine1": 0.085, "spine2": 0.085,
    "spine3": 0.130, "neck": 0.020, "head": 0.067, "collar": 0.012, "shoulder": 0.022, "elbow": 0.022, "wrist": 0.013,
}  # fmt: skip
MASS_SHARE = np.array([next(share for word, share in _MASS.items() if word in name) for name in JOINT])
MASS_SHARE /= MASS_SHARE.sum()


@dataclass(frozen=True, eq=False)
class Body:
    """A body of one size.

    Attributes:
        offsets: (22, 3) rest offsets in metres; row j goes from the parent of joint j to j. See `motion.kinematics`.
    """

    offsets: np.ndarray

    @classmethod
    def of_size(cls, scale: float = 1.0) -> Body:
        """Return the mean adult, scaled by `scale`."""
        offsets = REST_OFFSETS.copy()
        offsets[[10, 11]] = _PLANTED_FOOT
        return cls(offsets * scale)

    @property
    def thigh(self) -> float:
        """Length of the thigh, m."""
        return float(np.linalg.norm(self.offsets[4]))

    @property
    def shin(self) -> float:
        """Length of the shin, m."""
        return float(np.linalg.norm(self.offsets[7]))

    @property
    def leg(self) -> float:
        """Distance from hip to ankle of a straight leg, m."""
        return self.thigh + self.shin

    @property
    def foot(self) -> np.ndarray:
        """Vector (3,) from the ankle to the ball of a flat foot, m."""
        return self.offsets[10]

    @property
    def heel(self) -> np.ndarray:
        """Vector (3,) from the ankle to the lowest point of the heel of a flat foot, m."""
        return np.array([0.0, self.foot[1] - SOLE_M, -_HEEL_BEHIND_M * self.leg / 0.84])

    def standing_height(self, stretch: float = 0.985) -> float:
        """Return the height of the pelvis, m, when the legs are stretched to the share `stretch` of their length."""
        return float(stretch * self.leg - self.offsets[1][1] - self.foot[1])


def centre_of_mass(positions: np.ndarray) -> np.ndarray:
    """Compute the centre of mass (..., 3) of joints (..., 22, 3)."""
    return MASS_SHARE @ positions


def solve_two_bones(start: np.ndarray, end: np.ndarray, upper: float, lower: float, pole: np.ndarray) -> np.ndarray:
    """Compute the middle joint of limbs of two bones.

    Args:
        start: (n, 3) position of the first joint.
        end: (n, 3) position of the last joint, within reach; see `clip_to_reach`.
        upper: length of the first bone, m.
        lower: length of the second bone, m.
        pole: (n, 3) direction in which the middle joint bends.

    Returns:
        Position of the middle joint (n, 3).
    """
    reach = end - start
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    direction = reach / np.maximum(distance, 1e-9)
    along = (distance**2 + upper**2 - lower**2) / (2 * np.maximum(distance, 1e-9))
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    bend = rotation.normalized(pole - direction * (pole * direction).sum(-1, keepdims=True))
    return start + along * direction + across * bend


def clip_to_reach(start: np.ndarray, end: np.ndarray, upper: float, lower: float) -> np.ndarray:
    """Move `end` (n, 3) along the line from `start` (n, 3) until two bones of these lengths can connect them."""
    reach = end - start
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    allowed = np.clip(distance, abs(upper - lower) + 0.02, upper + lower - 1e-5)
    return start + reach * (allowed / np.maximum(distance, 1e-9))


def knee_pole(hip: np.ndarray, ankle: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Compute the directions (n, 3) in which knees bend: `forward` (n, 3), rotated with the leg out of the vertical."""
    down = np.broadcast_to((0.0, -1.0, 0.0), hip.shape)
    return rotation.rotate(rotation.between(down, ankle - hip), forward)
