"""The surface of a body over the floor: heights of all points that can touch it, feet apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ANKLES, TOES
from sim_server.body.contact_points import (
    CONTACT_POINT_PART,
    contact_points,
    lowest_points,
)
from sim_server.body.dynamics import centre_of_mass
from sim_server.body.humanoid import NUM_SOLE_POINTS, SOLE_M, build_model
from sim_server.preparation.arm_posture import level_arms

BODY_POINT_PART = CONTACT_POINT_PART[NUM_SOLE_POINTS:]
"""(41,) the part of the body that each point belongs to, in everyday words."""

_KNEE_M = 0.03  # see `BodySurface.heights`
_ALLOWANCE_M = np.array([_KNEE_M * ("knee" in part or "shin" in part) for part in BODY_POINT_PART])
_NOT_FEET = [joint for joint in range(22) if joint not in (*ANKLES, *TOES)]
_FAR_M = 100.0  # higher than any body
_DEEPEST_M = 0.3  # more than any point of a tall body lies under its joint


@dataclass(frozen=True, eq=False)
class BodySurface:
    """The points of one body that can touch the floor, without its soles.

    Attributes:
        offsets: (22, 3) rest pose of the skeleton [m].
    """

    offsets: FloatArray

    @cached_property
    def _model(self) -> mujoco.MjModel:
        return build_model(self.offsets)

    @cached_property
    def _points(self) -> FloatArray:
        return contact_points(self._model, self.offsets)[NUM_SOLE_POINTS:]

    def heights(self, positions: FloatArray, rotations: FloatArray) -> FloatArray:
        """Compute the heights of the points.

        Heights are those of the motion, as in `sole_heights`: the floor is at 0, and `SOLE_M` under it in positions.
        Knees and shins may be deeper in the floor than the rest by `_KNEE_M`: they are thinner than the capsules that
        stand for them, and a motion that kneels has them that deep.

        Args:
            positions: (frames, 22, 3) joint positions [m].
            rotations: (frames, 22, 4) rotations of the joints in the world.

        Returns:
            (frames, 41) [m].
        """
        return lowest_points(self._points, positions, rotations)[..., 1] + SOLE_M + _ALLOWANCE_M

    def heights_above_arms(self, positions: FloatArray, rotations: FloatArray) -> FloatArray:
        """Compute heights as in `heights`, of a body that holds its arms as high as `level_arms` would at most.

        An arm that merely lies in the floor says nothing of where the floor is; one that the body leans on does.
        """
        arms = level_arms(positions - (0, _FAR_M, 0), rotations, self.offsets)
        return self.heights(arms.positions, arms.rotations) + _FAR_M

    def centre(self, positions: FloatArray, rotations: FloatArray) -> FloatArray:
        """Return the centre of mass (frames, 3) [m]; the arguments are those of `heights`."""
        return centre_of_mass(self._model, positions, rotations)


def may_touch(positions: FloatArray, floor: FloatArray) -> BoolArray:
    """Return a (frames,) mask of the frames in which something else than a foot may be at the floor.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        floor: (frames,) its height [m].
    """
    return positions[:, _NOT_FEET, 1].min(1) < floor + _DEEPEST_M
