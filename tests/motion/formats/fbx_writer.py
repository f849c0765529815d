"""Write small FBX 7.4 files, as text or binary, with the skeletons and takes that a test needs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from motion import kinematics
from motion.motion import Motion
from motion.skeleton import JOINT_NAMES, PARENTS

SECOND = 46186158000  # ticks of the format
Record = tuple[str, list[Any], list["Record"]]
"""Name, values and children of one record of a file."""


@dataclass(frozen=True)
class FbxJoint:
    """A node of a file.

    Attributes:
        name: its name.
        parent: index of its parent; -1 for the top.
        steps: (frames, 3) translations from the parent in the file's unit.
        angles: (frames, 3) rotations about X, Y and Z, degrees, in this order about fixed axes.
        kind: LimbNode, Null, Mesh, ...
        pre_rotation: (3,) angles that are applied before, degrees.
    """

    name: str
    parent: int
    steps: np.ndarray
    angles: np.ndarray
    kind: str = "LimbNode"
    pre_rotation: Sequence[float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class FbxScene:
    """What a file holds.

    Attributes:
        joints: the nodes; their motion is that of the first take.
        fps: rate of the keys.
        unit_cm: length of the unit, centimetres.
        axes: axis and sign of up, front and right (X is 0).
        takes: names of the takes; all but the first stand still.
        start_s: time of the first key.
        settings: more properties of the file, (name, type, value).
    """

    joints: Sequence[FbxJoint]
    fps: float = 20.0
    unit_cm: float = 1.0
    axes: Sequence[tuple[int, int]] = ((1, 1), (2, 1), (0, 1))
    takes: Sequence[str] = ("Take 001",)
    start_s: float = 0.0
    settings: Sequence[tuple[str, str, float]] = field(default=())


def skeleton(
    motion: Motion, names: Sequence[str] = JOINT_NAMES, unit_m: float = 0.01, top: int = -1, first: int = 0
) -> list[FbxJoint]:
    """Return the nodes of a rigid body.

    Args:
        motion: its motion.
        names: the names of its 22 joints.
        unit_m: the unit of the file, metres.
        top: index of the parent of the pelvis.
        first: index of the pelvis among all nodes.
    """
    positions = motion.positions.astype(float)
    offsets = kinematics.estimate_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    joints = []
    for joint, name in enumerate(names):
        steps = np.tile(offsets[joint] / unit_m, (len(motion), 1)) if joint else positions[:, 0] / unit_m
        joints.append(FbxJoint(name, first + PARENTS[joint] if joint else top, steps, euler(local[:, joint])))
    return joints


def euler(rotations: np.ndarray) -> np.ndarray:
    """Return angles (frames, 3), degrees, without jumps, of quaternions (frames, 4), w first."""
    angles = Rotation.from_quat(rotations[:, [1, 2, 3, 0]]).as_euler("xyz", degrees=True)
    return np.unwrap(angles, axis=0, period=360.0)


def still(name: str, parent: int = -1, frames: int = 2, kind: str = "Null") -> FbxJoint:
    """Return a node that does not move."""
    return FbxJoint(name, parent, np.zeros((frames, 3)), np.zeros((frames, 3)), kind)


def records(scene: FbxScene) -> list[Record]:
    """Return the records of a file."""
    objects: list[Record] = []
    links: list[Record] = []
    identity = iter(range(1000, 10_000_000))

    def link(below: int, above: int, channel: str | None = None) -> None:
        links.append(("C", ["OO" if channel is None else "OP", below, above, *([channel] if channel else [])], []))

    models = [next(identity) for _ in scene.joints]
    for joint, model in zip(scene.joints, models, strict=True):
        pre = [("PreRotation", "Vector3D", "Vector", "", *map(float, joint.pre_rotation)),
               ("RotationActive", "bool", "", "", 1)] if any(joint.pre_rotation) else []  # fmt: skip
        objects.append(("Model", [model, f"{joint.name}\0\1Model", joint.kind], [
            ("Version", [232], []),
            _properties([*pre, ("Lcl Translation", "Lcl Translation", "", "A", *map(float, joint.steps[0])),
                         ("Lcl Rotation", "Lcl Rotation", "", "A", *map(float, joint.angles[0]))]),
        ]))  # fmt: skip
        attribute = next(identity)
        if joint.kind in ("LimbNode", "Null"):
            flags = "Skeleton" if joint.kind == "LimbNode" else "Null"
            objects.append(
                ("NodeAttribute", [attribute, "\0\1NodeAttribute", joint.kind], [("TypeFlags", [flags], [])])
            )
            link(attribute, model)
        link(model, models[joint.parent] if joint.parent >= 0 else 0)
    for number, take in enumerate(scene.takes):
        _add_take(scene, take, number == 0, models, objects, link, identity)
    settings: list[tuple[Any, ...]] = []
    for name, (axis, sign) in zip(("Up", "Front", "Coord"), scene.axes, strict=True):
        settings += [(f"{name}Axis", "int", "Integer", "", axis), (f"{name}AxisSign", "int", "Integer", "", sign)]
    settings += [
        ("UnitScaleFactor", "double", "Number", "", float(scene.unit_cm)),
        ("TimeMode", "enum", "", "", 14),
        ("CustomFrameRate", "double", "Number", "", float(scene.fps)),
        *((name, kind, "", "", value) for name, kind, value in scene.settings),
    ]
    return [
        ("FBXHeaderExtension", [], [("FBXHeaderVersion", [1003], []), ("FBXVersion", [7400], [])]),
        ("GlobalSettings", [], [("Version", [1000], []), _properties(settings)]),
        ("Objects", [], objects),
        ("Connections", [], links),
    ]


def _add_take(
    scene: FbxScene, name: str, moves: bool, models: list[int], objects: list[Record], link, identity
) -> None:
    stack, layer = next(identity), next(identity)
    frames = len(scene.joints[0].steps)
    times = np.round((np.arange(frames) / scene.fps + scene.start_s) * SECOND).astype(np.int64)
    ends = [("LocalStart", "KTime", "Time", "", int(times[0])), ("LocalStop", "KTime", "Time", "", int(times[-1]))]
    objects.append(("AnimationStack", [stack, f"{name}\0\1AnimStack", ""], [_properties(ends)]))
    objects.append(("AnimationLayer", [layer, f"{name} layer\0\1AnimLayer", ""], []))
    link(layer, stack)
    for joint, model in zip(scene.joints, models, strict=True):
        for channel, values in (("Lcl Translation", joint.steps), ("Lcl Rotation", joint.angles)):
            values = values if moves else np.repeat(values[:1], frames, axis=0)
            if channel == "Lcl Translation" and not np.ptp(values, axis=0).any() and moves:
                continue
            node = next(identity)
            parts = [(f"d|{axis}", "Number", "", "A", float(values[0, i])) for i, axis in enumerate("XYZ")]
            objects.append(("AnimationCurveNode", [node, f"{channel[4]}\0\1AnimCurveNode", ""], [_properties(parts)]))
            link(node, layer)
            link(node, model, channel)
            for i, axis in enumerate("XYZ"):
                curve = next(identity)
                objects.append(("AnimationCurve", [curve, "\0\1AnimCurve", ""], [
                    ("Default", [float(values[0, i])], []), ("KeyVer", [4008], []), ("KeyTime", [times], []),
                    ("KeyValueFloat", [values[:, i].astype(np.float32)], []),
                    ("KeyAttrFlags", [np.array([4], np.int32)], []),
                    ("KeyAttrDataFloat", [np.zeros(4, np.float32)], []),
                    ("KeyAttrRefCount", [np.array([frames], np.int32)], []),
                ]))  # fmt: skip
                link(curve, node, f"d|{axis}")


def _properties(rows: Sequence[tuple[Any, ...]]) -> Record:
    return ("Properties70", [], [("P", list(row), []) for row in rows])


def text(scene: FbxScene) -> bytes:
    """Return the text of a file."""
    lines = ["; FBX 7.4.0 project file", ""]

    def add(record: Record, depth: int) -> None:
        name, values, children = record
        tab = "\t" * depth
        if len(values) == 1 and isinstance(values[0], np.ndarray):
            numbers = ",".join(repr(value) for value in values[0].tolist())
            lines.extend([f"{tab}{name}: *{len(values[0])} {{", f"{tab}\ta: {numbers}", f"{tab}}}"])
            return
        shown = ", ".join(_shown(value) for value in values)
        lines.append(f"{tab}{name}: {shown}" + (" {" if children or not values else ""))
        for child in children:
            add(child, depth + 1)
        if children or not values:
            lines.append(f"{tab}}}")

    for record in records(scene):
        add(record, 0)
    return "\n".join([*lines, ""]).encode()


def _shown(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    name, _, kind = value.partition("\0\1")
    return f'"{kind}::{name}"' if kind else f'"{value}"'


def binary(scene: FbxScene) -> bytes:
    """Return the bytes of a file."""
    out = bytearray(b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", 7400))

    def add(record: Record) -> None:
        name, values, children = record
        start = len(out)
        data = b"".join(map(_packed, values))
        out.extend(struct.pack("<IIIB", 0, len(values), len(data), len(name)) + name.encode() + data)
        for child in children:
            add(child)
        if children:
            out.extend(bytes(13))
        struct.pack_into("<I", out, start, len(out))

    for record in records(scene):
        add(record)
    return bytes(out + bytes(13)) + b"\xfa\xbc\xab\x09\xd0\xc8\xd4\x66\xb1\x76\xfb\x83\x1c\xf7\x26\x7e" + bytes(4)


def _packed(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        code = {"int64": b"l", "float32": b"f", "int32": b"i", "float64": b"d"}[value.dtype.name]
        data = zlib.compress(value.tobytes())
        return code + struct.pack("<III", len(value), 1, len(data)) + data
    if isinstance(value, str):
        return b"S" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, float):
        return b"D" + struct.pack("<d", value)
    return b"L" + struct.pack("<q", value)
