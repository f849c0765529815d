"""The body that performs the synthesised motions: its bones, its masses, and how its limbs bend.

Its frame is that of `motion.kinematics`: Y up, the body facing +Z, left at +X. Its floor is y = 0 at the ball of the
foot (joints 10, 11), as in HumanML3D; the sole lies `SOLE_M` lower.
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
"""The x axis's sign on the left and on the right side."""

_PLANTED_FOOT = (0.0, -0.055, 0.112)  # ankle to ball of a flat foot, an adult's in round numbers
_HEEL_BEHIND_M = 0.055

# Share of the body's mass at each joint: segment masses and centres after de Leva, "Adjustments to Zatsiorsky-
# Seluyanov's segment inertia parameters", Journal of Biomechanics 29, 1996, each split between the joints at its ends.
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
        offsets: (22, 3) rest offsets, metres, row j from j's parent to j; see `motion.kinematics`.
    """

    offsets: np.ndarray

    @classmethod
    def of_size(cls, scale: float = 1.0) -> Body:
        """The mean adult, `scale` times as tall."""
        offsets = REST_OFFSETS.copy()
        offsets[[10, 11]] = _PLANTED_FOOT
        return cls(offsets * scale)

    @property
    def thigh(self) -> float:
        return float(np.linalg.norm(self.offsets[4]))

    @property
    def shin(self) -> float:
        return float(np.linalg.norm(self.offsets[7]))

    @property
    def leg(self) -> float:
        """Hip to ankle of a straight leg, metres."""
        return self.thigh + self.shin

    @property
    def foot(self) -> np.ndarray:
        """From the ankle to the ball of a flat foot (3,)."""
        return self.offsets[10]

    @property
    def heel(self) -> np.ndarray:
        """From the ankle to the lowest point of the heel of a flat foot (3,)."""
        return np.array([0.0, self.foot[1] - SOLE_M, -_HEEL_BEHIND_M * self.leg / 0.84])

    def standing_height(self, stretch: float = 0.985) -> float:
        """Height of the pelvis over the floor, metres, with legs stretched to this share of their length."""
        return float(stretch * self.leg - self.offsets[1][1] - self.foot[1])


def centre_of_mass(positions: np.ndarray) -> np.ndarray:
    """Centre of mass (..., 3) of joints (..., 22, 3)."""
    return MASS_SHARE @ positions


def bent_limb(start: np.ndarray, end: np.ndarray, upper: float, lower: float, pole: np.ndarray) -> np.ndarray:
    """The middle joint (n, 3) of a limb of two bones from `start` to `end` (n, 3), bent towards `pole` (n, 3).

    `end` must be within reach; `within_reach` sees to it.
    """
    reach = end - start
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    direction = reach / np.maximum(distance, 1e-9)
    along = (distance**2 + upper**2 - lower**2) / (2 * np.maximum(distance, 1e-9))
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    bend = rotation.normalized(pole - direction * (pole * direction).sum(-1, keepdims=True))
    return start + along * direction + across * bend


def within_reach(start: np.ndarray, end: np.ndarray, upper: float, lower: float) -> np.ndarray:
    """`end` (n, 3), moved towards or away from `start` as far as two bones need that lead from one to the other."""
    reach = end - start
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    allowed = np.clip(distance, abs(upper - lower) + 0.02, upper + lower - 1e-5)
    return start + reach * (allowed / np.maximum(distance, 1e-9))


def knee_pole(hip: np.ndarray, ankle: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Where the knee points (n, 3): forward under a hanging leg, turning with the leg as it swings up."""
    down = np.broadcast_to((0.0, -1.0, 0.0), hip.shape)
    return rotation.rotate(rotation.between(down, ankle - hip), forward)
