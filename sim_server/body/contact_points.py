"""The points of the body that can touch the floor: soles, and the ends and corners of everything else.

A point is the centre of a small sphere that is fixed to a segment. Soles and hands have points without a radius, at
the corners of their boxes; a capsule has one at each end, and the head is a sphere itself.
"""

from __future__ import annotations

from itertools import product

import mujoco
import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import JOINT_NAMES
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_SOLE_POINTS,
    SOLE_M,
    SOLE_POINT_JOINT,
    SOLE_POINT_SIDE,
    default_model,
    sole_points,
)

# Neck and collars cannot reach the floor before head and shoulders do, and soles have their own points.
_WITHOUT = ("neck", "collar", "ankle", "foot")
_JOINTS = [joint for joint, name in enumerate(JOINT_NAMES) if not any(word in name for word in _WITHOUT)]


def _segment_points(model: mujoco.MjModel, joint: int) -> FloatArray:
    """Return the points (n, 4) of one segment, in the frame of its joint: centre and radius [m]."""
    geom = int(model.body_geomadr[BODY_OF_JOINT[joint]])
    size = model.geom_size[geom]
    match model.geom_type[geom]:
        case mujoco.mjtGeom.mjGEOM_SPHERE:
            local, radius = np.zeros((1, 3)), size[0]
        case mujoco.mjtGeom.mjGEOM_CAPSULE:
            local, radius = np.array([[0, 0, size[1]], [0, 0, -size[1]]]), size[0]
        case _:
            local, radius = size * list(product((-1, 1), repeat=3)), 0.0
    centres = model.geom_pos[geom] + rotation.rotate(model.geom_quat[geom], local)
    return np.column_stack([centres, np.full(len(centres), radius)])


def contact_points(model: mujoco.MjModel, offsets: FloatArray) -> FloatArray:
    """Return the points of a body that can touch the floor, each in the frame of its joint in `CONTACT_POINT_JOINT`.

    Args:
        model: the body.
        offsets: (22, 3) its rest offsets [m].

    Returns:
        (53, 4) centre and radius [m]; the first twelve are the points of the soles, in the order of
        `humanoid.sole_points`.
    """
    soles = np.column_stack([sole_points(offsets), np.zeros(NUM_SOLE_POINTS)])
    return np.concatenate([soles, *(_segment_points(model, joint) for joint in _JOINTS)])


CONTACT_POINT_JOINT = np.concatenate(
    [SOLE_POINT_JOINT, *(np.full(len(_segment_points(default_model(), joint)), joint) for joint in _JOINTS)]
)
"""(53,) the joint whose segment each point is fixed to."""
NUM_CONTACT_POINTS = len(CONTACT_POINT_JOINT)
NUM_BODY_POINTS = NUM_CONTACT_POINTS - NUM_SOLE_POINTS
"""Points that do not belong to a sole."""


def lowest_points(points: FloatArray, positions: FloatArray, rotations: FloatArray) -> FloatArray:
    """Return the lowest point of the sphere around each contact point, which is where it touches the floor first.

    Args:
        points: (..., n, 4) points as `contact_points` returns them, or the last n of them.
        positions: (..., 22, 3) joints of the body [m].
        rotations: (..., 22, 4) rotations of the joints in the world.

    Returns:
        (..., n, 3) [m], in the world frame.
    """
    joints = CONTACT_POINT_JOINT[NUM_CONTACT_POINTS - points.shape[-2] :]
    lowest = positions[..., joints, :] + rotation.rotate(rotations[..., joints, :], points[..., :3])
    lowest[..., 1] -= points[..., 3]
    return lowest


def sole_heights(positions: FloatArray, rotations: FloatArray, offsets: FloatArray) -> FloatArray:
    """Compute the height of the lowest point of each sole over the floor.

    Heights are those of the motion, where the toe joint of a planted foot is at height 0 and so is its sole.

    Args:
        positions: (frames, 22, 3) joint positions [m], floor at 0.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].

    Returns:
        Heights (frames, 2), left and right [m].
    """
    points = rotation.rotate(rotations[:, SOLE_POINT_JOINT], sole_points(offsets))[..., 1]
    points += positions[:, SOLE_POINT_JOINT, 1] + SOLE_M
    return np.stack([points[:, SOLE_POINT_SIDE == side].min(1) for side in (0, 1)], -1)


def _part(joint: int, end: int) -> str:
    """Return the everyday word for a point: the end of a segment (0 is the upper one) at a joint."""
    side, _, kind = JOINT_NAMES[joint].rpartition("_")
    match kind:
        case "pelvis":
            return "seat"
        case "spine1" | "spine2" | "spine3":
            return "back"
        case "hip":
            return f"{side} knee" if end else f"{side} thigh"
        case "knee":
            return f"{side} shin" if end else f"{side} knee"
        case "ankle" | "foot":
            return f"{side} foot"
        case "shoulder":
            return f"{side} upper arm"
        case "elbow":
            return f"{side} forearm"
        case "wrist":
            return f"{side} hand"
    return kind


CONTACT_POINT_PART = tuple(
    _part(joint, index - int(np.argmax(CONTACT_POINT_JOINT == joint)))
    for index, joint in enumerate(CONTACT_POINT_JOINT.tolist())
)
"""The part of the body that each point belongs to, in everyday words: "left foot", "right knee", "seat", "back"."""
