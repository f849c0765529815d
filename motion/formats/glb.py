"""Write binary glTF files (`.glb`), which Blender, Unreal, Unity and three.js open.

A file holds the skeleton of 22 joints, an animation for each motion with rotations and the path of the pelvis, and the
shapes of the simulated body as a skin, each vertex of which follows one joint. Y is up, lengths are metres. If bones
change their length, or differ from those of the first motion, so that the body misses a pose by more than a tenth of a
millimetre, all joints get a translation over time as well. The specification is "glTF 2.0", Khronos Group,
ISO/IEC 12113:2022.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.scenes.body_shapes import body_shapes, triangulate
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.skeleton import CHILDREN, JOINT_NAMES, NUM_JOINTS, PARENTS

RIGID_TOLERANCE_M = 1e-4
_MAGIC, _VERSION = 0x46546C67, 2
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_COMPONENT = {"float32": 5126, "uint16": 5123, "uint8": 5121}
_TYPE = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_ARRAY_BUFFER, _INDEX_BUFFER = 34962, 34963
_MESH_NODE = NUM_JOINTS
_LIMB_COLOUR = [0.55, 0.62, 0.72, 1.0]


def write_glb(path: str | os.PathLike[str], *motions: Motion) -> None:
    """Write motions as `.glb`, atomically; equal motions give equal bytes.

    Args:
        path: the file.
        motions: the motions; one or more.

    Raises:
        InvalidInput: the path cannot be written, or a motion has values that are not finite.
    """
    data = format_glb(*motions)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def format_glb(*motions: Motion) -> bytes:
    """Return the bytes of a `.glb` file for motions.

    Args:
        motions: the motions; one or more. The skeleton and the skin are those of the first one's body.

    Raises:
        InvalidInput: a motion has values that are not finite.
    """
    for motion in motions:
        if not np.isfinite(motion.positions).all():
            raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.estimate_offsets(motions[0].positions.astype(np.float64))
    rest = np.zeros((NUM_JOINTS, 3))
    for joint in range(1, NUM_JOINTS):
        rest[joint] = rest[PARENTS[joint]] + offsets[joint]
    rest[:, 1] -= rest[:, 1].min()  # the body at rest stands on the floor
    data = _Buffer()
    nodes = _skeleton_nodes(offsets, rest)
    names = [motion.name or f"motion {number}" for number, motion in enumerate(motions)]
    document = {
        "asset": {"version": "2.0", "generator": "plumb-motion"},
        "scene": 0,
        "scenes": [{"nodes": [0, _MESH_NODE]}],
        "nodes": [*nodes, {"name": "body", "mesh": 0, "skin": 0}],
        "materials": [
            {
                "name": "body",
                "pbrMetallicRoughness": {
                    "baseColorFactor": _LIMB_COLOUR,
                    "metallicFactor": 0.0,
                    "roughnessFactor": 0.7,
                },
            }
        ],
        "meshes": [{"name": "body", "primitives": [_primitive(data, offsets, rest)]}],
        "skins": [{"name": "body", "skeleton": 0, "joints": list(range(NUM_JOINTS)), **_inverse_binds(data, rest)}],
        "animations": [_animation(data, motion, offsets, name) for motion, name in zip(motions, names, strict=True)],
        "accessors": data.accessors,
        "bufferViews": data.views,
        "buffers": [{"byteLength": len(data.data)}],
    }
    return _container(document, bytes(data.data))


class _Buffer:
    """The binary part of a file and the accessors into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, array: np.ndarray, bounds: bool = False, target: int | None = None) -> int:
        """Append an array (n,) or (n, components) and return the index of its accessor.

        Args:
            array: float32, uint16 or uint8.
            bounds: state the least and greatest values.
            target: what the array is for, if it belongs to a mesh.
        """
        array = np.ascontiguousarray(array)
        columns = array.reshape(len(array), -1)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _COMPONENT[array.dtype.name],
            "count": len(array),
            "type": _TYPE[columns.shape[1]],
        }
        if bounds:
            accessor |= {"min": columns.min(0).tolist(), "max": columns.max(0).tolist()}
        self.data += array.astype(array.dtype.newbyteorder("<")).tobytes()
        self.data += bytes(-len(self.data) % 4)
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _skeleton_nodes(offsets: FloatArray, rest: FloatArray) -> list[dict[str, Any]]:
    nodes = []
    for joint, name in enumerate(JOINT_NAMES):
        translation = offsets[joint] if joint else rest[0]
        node: dict[str, Any] = {"name": name, "translation": [float(value) for value in translation]}
        if CHILDREN[joint]:
            node["children"] = list(CHILDREN[joint])
        nodes.append(node)
    return nodes


def _primitive(data: _Buffer, offsets: FloatArray, rest: FloatArray) -> dict[str, Any]:
    vertices, normals, triangles, joints = [], [], [], []
    count = 0
    for joint, shape in enumerate(body_shapes(offsets)):
        points, directions, faces = triangulate(shape)
        vertices.append(points + rest[joint])
        normals.append(directions)
        triangles.append(faces + count)
        joints += [(joint, 0, 0, 0)] * len(points)
        count += len(points)
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    attributes = {
        "POSITION": data.add(np.concatenate(vertices).astype(np.float32), bounds=True, target=_ARRAY_BUFFER),
        "NORMAL": data.add(np.concatenate(normals).astype(np.float32), target=_ARRAY_BUFFER),
        "JOINTS_0": data.add(np.array(joints, np.uint8), target=_ARRAY_BUFFER),
        "WEIGHTS_0": data.add(weights, target=_ARRAY_BUFFER),
    }
    indices = data.add(np.concatenate(triangles).reshape(-1).astype(np.uint16), target=_INDEX_BUFFER)
    return {"attributes": attributes, "indices": indices, "material": 0}


def _inverse_binds(data: _Buffer, rest: FloatArray) -> dict[str, int]:
    matrices = np.tile(np.eye(4, dtype=np.float32), (NUM_JOINTS, 1, 1))
    matrices[:, 3, :3] = -rest  # glTF stores columns one after the other
    return {"inverseBindMatrices": data.add(matrices.reshape(NUM_JOINTS, 16))}


def _animation(data: _Buffer, motion: Motion, skeleton: FloatArray, name: str) -> dict[str, Any]:
    """Add the animation of a motion on a skeleton with these offsets (22, 3)."""
    positions = motion.positions.astype(np.float64)
    rotations = kinematics.global_rotations(positions, kinematics.estimate_offsets(positions))
    local = rotation.continuous(rotation.normalized(kinematics.local_rotations(rotations)))
    rebuilt = kinematics.forward_positions(rotations, positions[:, 0], skeleton)
    rigid = bool(np.linalg.norm(rebuilt - positions, axis=-1).max() <= RIGID_TOLERANCE_M)
    translations = positions.copy()
    translations[:, 1:] = rotation.rotate(
        rotation.conjugate(rotations[:, PARENTS[1:]]), positions[:, 1:] - positions[:, PARENTS[1:]]
    )
    times = data.add((np.arange(len(motion)) / motion.fps).astype(np.float32), bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def animate(joint: int, path: str, values: FloatArray) -> None:
        samplers.append({"input": times, "interpolation": "LINEAR", "output": data.add(values.astype(np.float32))})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": joint, "path": path}})

    for joint in range(NUM_JOINTS):
        if joint == 0 or not rigid:
            animate(joint, "translation", translations[:, joint])
        animate(joint, "rotation", local[:, joint][:, [1, 2, 3, 0]])
    return {"name": name, "samplers": samplers, "channels": channels}


def _container(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    parts = [struct.pack("<III", _MAGIC, _VERSION, length), struct.pack("<II", len(text), _JSON_CHUNK), text]
    return b"".join([*parts, struct.pack("<II", len(binary), _BINARY_CHUNK), binary])
