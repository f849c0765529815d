"""The layout of a reference row: everything that a control step follows, packed into one row of numbers.

A batch of motions is fed by copying one row for each of them. No other module knows where in a row a field lies.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from motion.array_types import FloatArray, IntArray
from motion.skeleton import ANKLES, JOINT, NUM_JOINTS, TOES
from sim_server.body.contact_points import NUM_BODY_POINTS
from sim_server.body.humanoid import NUM_SERVOS, SUBSTEPS

LOOKAHEAD_FRAMES = (3, 8)
"""How many frames after the step the two lookahead poses lie."""
LOOKAHEAD_JOINTS = (0, *ANKLES, *TOES, JOINT["head"], JOINT["left_wrist"], JOINT["right_wrist"])
"""The joints of a lookahead pose: pelvis, ankles, toes, head and wrists."""

_SHAPES: dict[str, tuple[int, ...]] = {
    "servo_targets": (SUBSTEPS, NUM_SERVOS, 4),
    "damping_torque": (SUBSTEPS, NUM_SERVOS, 3),
    "root_position": (SUBSTEPS, 3),
    "root_rotation": (SUBSTEPS, 4),
    "root_velocity": (SUBSTEPS, 3),
    "root_angular_velocity": (SUBSTEPS, 3),
    "wrench": (SUBSTEPS, 6),
    "centre_of_mass": (SUBSTEPS, 3),
    "inertia": (SUBSTEPS, 3, 3),
    "joint_torque": (SUBSTEPS, NUM_SERVOS, 3),
    "foot_contact": (2,),
    "body_contact": (NUM_BODY_POINTS,),
    "target_joints": (NUM_JOINTS, 3),
    "lookahead_joints": (len(LOOKAHEAD_FRAMES), len(LOOKAHEAD_JOINTS), 3),
    "lookahead_contact": (len(LOOKAHEAD_FRAMES), 2),
}
_EDGES: list[int] = np.cumsum([0, *(math.prod(shape) for shape in _SHAPES.values())]).tolist()
_SLICES = [slice(start, stop) for start, stop in pairwise(_EDGES)]
ROW_WIDTH = _EDGES[-1]
"""Numbers in a row."""


class SubstepReference(NamedTuple):
    """What the controllers of n bodies follow in one substep; in the world frame unless stated otherwise.

    Attributes:
        root_position: (n, 3) [m].
        root_rotation: (n, 4) quaternion.
        root_velocity: (n, 3) [m/s].
        root_angular_velocity: (n, 3) [rad/s], in the frame of the root.
        wrench: (n, 6) force [N] and moment about the root [N m] that the world must exert on the body.
        centre_of_mass: (n, 3) from the root [m].
        inertia: (n, 3, 3) of the whole body about its root [kg m²].
        joint_torque: (n, 21, 3) of the inverse dynamics [N m], in the child's frame, depth-first.
        foot_contact: (n, 2) as in `ReferenceStep`.
        body_contact: (n, 41) as in `ReferenceStep`.
    """

    root_position: FloatArray
    root_rotation: FloatArray
    root_velocity: FloatArray
    root_angular_velocity: FloatArray
    wrench: FloatArray
    centre_of_mass: FloatArray
    inertia: FloatArray
    joint_torque: FloatArray
    foot_contact: FloatArray
    body_contact: FloatArray


class ReferenceStep(NamedTuple):
    """What n bodies follow in one control step, each field (n, ...); fields (n, 3, ...) are of its three substeps.

    Attributes:
        servo_targets: (n, 3, 21, 4) orientation of each servo's joint relative to its parent at the end of each
            substep, in MuJoCo's depth-first order.
        damping_torque: (n, 3, 21, 3) servo damping times the reference's angular velocity [N m], in the child's frame.
        root_position: (n, 3, 3) this field and the next seven are those of `SubstepReference`.
        root_rotation: (n, 3, 4).
        root_velocity: (n, 3, 3).
        root_angular_velocity: (n, 3, 3).
        wrench: (n, 3, 6).
        centre_of_mass: (n, 3, 3).
        inertia: (n, 3, 3, 3).
        joint_torque: (n, 3, 21, 3).
        foot_contact: (n, 2) 1 where the left or right foot may carry load: it is down when the step begins or ends.
        body_contact: (n, 41) 1 where another contact point may carry load, in the order of `contact_points`.
        target_joints: (n, 22, 3) the reference's joints at the end of the step [m].
        lookahead_joints: (n, 2, 8, 3) its `LOOKAHEAD_JOINTS` at each of the `LOOKAHEAD_FRAMES` [m].
        lookahead_contact: (n, 2, 2) `foot_contact` of each of the `LOOKAHEAD_FRAMES`.
    """

    servo_targets: FloatArray
    damping_torque: FloatArray
    root_position: FloatArray
    root_rotation: FloatArray
    root_velocity: FloatArray
    root_angular_velocity: FloatArray
    wrench: FloatArray
    centre_of_mass: FloatArray
    inertia: FloatArray
    joint_torque: FloatArray
    foot_contact: FloatArray
    body_contact: FloatArray
    target_joints: FloatArray
    lookahead_joints: FloatArray
    lookahead_contact: FloatArray

    def select(self, bodies: IntArray) -> ReferenceStep:
        """Return the steps of some of the bodies, as copies."""
        return ReferenceStep(*(field[bodies] for field in self))

    def substep(self, index: int) -> SubstepReference:
        """Return what the controllers follow in one of the substeps, as views."""
        fields = {name: getattr(self, name)[:, index] for name in _CONTROL_FIELDS}
        return SubstepReference(**fields, foot_contact=self.foot_contact, body_contact=self.body_contact)

    def substeps(self) -> list[SubstepReference]:
        """Return what the controllers follow in each of the substeps, as arrays that are contiguous in memory."""
        fields = [np.ascontiguousarray(getattr(self, name).swapaxes(0, 1)) for name in _CONTROL_FIELDS]
        contact = np.ascontiguousarray(self.foot_contact), np.ascontiguousarray(self.body_contact)
        return [SubstepReference._make((*values, *contact)) for values in zip(*fields, strict=True)]


_CONTROL_FIELDS = SubstepReference._fields[:-2]
assert tuple(_SHAPES) == ReferenceStep._fields


def view_steps(rows: FloatArray) -> ReferenceStep:
    """Return views of rows (..., ROW_WIDTH) by field; writing to a view changes the rows."""
    fields = zip(_SLICES, _SHAPES.values(), strict=True)
    return ReferenceStep(*(rows[..., columns].reshape(*rows.shape[:-1], *shape) for columns, shape in fields))


def pack_steps(steps: ReferenceStep) -> FloatArray:
    """Return fields (n, ...) as rows (n, ROW_WIDTH), in the layout that `view_steps` reads."""
    count = len(steps.root_position)
    return np.concatenate([np.reshape(field, (count, -1)) for field in steps], axis=1)
