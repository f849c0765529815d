"""The shapes of the simulated body: a capsule, a box or a sphere at every joint, as surfaces of triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from motion.array_types import FloatArray
from motion.skeleton import CHILDREN, JOINT_NAMES

_SOLE_M = 0.02
_SEGMENTS = 12  # of a capsule around its axis
_RINGS = 3  # of a capsule's end, from its equator to its pole


@dataclass(frozen=True, eq=False)
class Shape:
    """The shape around the bone of one joint, in the joint's frame.

    Attributes:
        kind: a capsule between two points, or a box along the axes.
        first: (3,) one end of a capsule, the centre of a box, metres.
        second: (3,) the other end of a capsule, half the size of a box, metres.
        radius: radius of a capsule, metres; a sphere is a capsule whose ends are one point.
    """

    kind: Literal["capsule", "box"]
    first: FloatArray
    second: FloatArray
    radius: float = 0.0


def body_shapes(offsets: FloatArray) -> list[Shape]:
    """Return the shape at each of the 22 joints of a body.

    Args:
        offsets: (22, 3) rest offsets of the joints, metres.
    """
    return [_shape(offsets, joint) for joint in range(len(JOINT_NAMES))]


def _shape(offsets: FloatArray, joint: int) -> Shape:
    scale = float((np.linalg.norm(offsets[4]) + np.linalg.norm(offsets[7])) / 0.78)
    across, up = np.array([scale, 0, 0]), np.array([0, scale, 0])
    bone = offsets[CHILDREN[joint][0]] if CHILDREN[joint] else np.zeros(3)
    match JOINT_NAMES[joint].split("_")[-1]:
        case "pelvis":
            inward = np.array([0.8, 0.24, 0.8])
            return Shape("capsule", offsets[1] * inward, offsets[2] * inward, 0.10 * scale)
        case "hip":
            return Shape("capsule", 0.1 * bone, 0.85 * bone, 0.065 * scale)
        case "knee":
            return Shape("capsule", 0.1 * bone, 0.88 * bone, 0.048 * scale)
        case "ankle":
            bottom, top, heel = bone[1] - _SOLE_M, -0.005, -0.055 * scale
            centre = np.array([bone[0] / 2, (bottom + top) / 2, (heel + bone[2]) / 2])
            half = np.array([0.045 * scale, max((top - bottom) / 2, 0.01), max((bone[2] - heel) / 2, 0.01)])
            return Shape("box", centre, half)
        case "foot":
            return Shape("box", np.array([0, 0, 0.035 * scale]), np.array([0.045 * scale, _SOLE_M, 0.035 * scale]))
        case "spine1" | "spine2":
            return Shape("capsule", 0.06 * across, -0.06 * across, 0.085 * scale)
        case "spine3":
            return Shape("capsule", 0.08 * across + 0.08 * up, -0.08 * across + 0.08 * up, 0.10 * scale)
        case "neck":
            return Shape("capsule", 0.2 * bone, 0.9 * bone, 0.045 * scale)
        case "head":
            centre = 0.09 * up + np.array([0, 0, 0.01])
            return Shape("capsule", centre, centre, 0.10 * scale)
        case "collar":
            return Shape("capsule", 0.2 * bone, 0.9 * bone, 0.05 * scale)
        case "shoulder":
            return Shape("capsule", 0.1 * bone, 0.9 * bone, 0.042 * scale)
        case "elbow":
            return Shape("capsule", 0.1 * bone, 0.9 * bone, 0.034 * scale)
        case "wrist":
            side = 1 if offsets[joint][0] > 0 else -1
            return Shape("box", side * 0.06 * across, np.array([0.06, 0.015, 0.04]) * (scale, 1, scale))
    raise AssertionError(JOINT_NAMES[joint])


def triangulate(shape: Shape) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """Return vertices (n, 3), metres, their normals (n, 3), and triangles (k, 3) that face outwards."""
    return _box(shape) if shape.kind == "box" else _capsule(shape)


def _box(shape: Shape) -> tuple[FloatArray, FloatArray, np.ndarray]:
    vertices, normals, triangles = [], [], []
    for axis in range(3):
        for side in (-1.0, 1.0):
            normal, along, other = np.zeros(3), np.zeros(3), np.zeros(3)
            normal[axis], along[(axis + 1) % 3], other[(axis + 2) % 3] = side, side, 1.0
            start = len(vertices)
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                vertices.append(shape.first + shape.second * (normal + a * along + b * other))
                normals.append(normal)
            triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    return np.array(vertices), np.array(normals), np.array(triangles)


def _capsule(shape: Shape) -> tuple[FloatArray, FloatArray, np.ndarray]:
    axis = shape.second - shape.first
    length = np.linalg.norm(axis)
    axis = axis / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
    side = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    around = 2 * np.pi * np.arange(_SEGMENTS) / _SEGMENTS
    circle = np.cos(around)[:, None] * side + np.sin(around)[:, None] * other
    # Rings from the pole beyond `first` to the pole beyond `second`; the two poles are rings without a radius.
    heights = [-np.pi / 2 + np.pi / 2 * ring / _RINGS for ring in range(_RINGS + 1)]
    heights += [np.pi / 2 * ring / _RINGS for ring in range(_RINGS + 1)]
    normals = np.concatenate([np.cos(angle) * circle + np.sin(angle) * axis for angle in heights])
    ends = np.repeat([shape.first, shape.second], (_RINGS + 1) * _SEGMENTS, axis=0)
    triangles = []
    sphere_equator = _RINGS if length <= 1e-6 else -1  # where the two rings in the middle of a sphere are the same
    for ring in range(len(heights) - 1):
        if ring == sphere_equator:
            continue
        for segment in range(_SEGMENTS):
            a, b = ring * _SEGMENTS + segment, ring * _SEGMENTS + (segment + 1) % _SEGMENTS
            c, d = a + _SEGMENTS, b + _SEGMENTS
            if ring > 0:
                triangles.append((a, b, d))
            if ring < len(heights) - 2:
                triangles.append((a, d, c))
    return ends + shape.radius * normals, normals, np.array(triangles)
