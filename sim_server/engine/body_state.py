"""The state of simulated bodies."""

from __future__ import annotations

from dataclasses import dataclass

from motion import rotation
from motion.array_types import FloatArray, IntArray
from motion.skeleton import PARENTS
from sim_server.body.humanoid import BODY_OF_JOINT, SERVO_JOINTS

CHILD_BODY = BODY_OF_JOINT[SERVO_JOINTS]
"""(21,) the MuJoCo body that each servo turns, and"""
PARENT_BODY = BODY_OF_JOINT[[PARENTS[joint] for joint in SERVO_JOINTS]]
"""(21,) the one that it is turned against."""


@dataclass(frozen=True)
class BodyState:
    """The positions and velocities of n bodies, as MuJoCo has them.

    Attributes:
        xpos: (n, 23, 3) positions in the world frame [m]; row 0 of each body is the world, row 1 the root.
        xquat: (n, 23, 4) rotations in the world frame.
        qvel: (n, 69) velocities [m/s, rad/s]; angular velocities are in the frame of their own body.
    """

    xpos: FloatArray
    xquat: FloatArray
    qvel: FloatArray

    def local_rotations(self) -> FloatArray:
        """Return the rotation of each joint but the root relative to its parent (n, 21, 4), depth-first."""
        return rotation.multiply(rotation.conjugate(self.xquat[:, PARENT_BODY]), self.xquat[:, CHILD_BODY])

    def select(self, bodies: IntArray) -> BodyState:
        """Return the states of some of the bodies."""
        return BodyState(self.xpos[bodies], self.xquat[bodies], self.qvel[bodies])
