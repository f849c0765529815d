"""Write `.usda` files, the text form of USD, which Omniverse, Unreal, Blender, Houdini and Maya open.

A file holds a skeleton of the 22 joints and its animation in the schema UsdSkel, with a joint's transform for every
frame at the motion's rate; Y is up and lengths are metres. Every joint's translation is written for every frame, so
that bones which change their length are kept. The text is written by hand: the library that writes it is a hundred
times as large as what is needed. The schema is that of "UsdSkel", OpenUSD, https://openusd.org.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.skeleton import JOINT_NAMES, NUM_JOINTS, PARENTS


def write_usda(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write a motion as `.usda`, atomically; equal motions give equal bytes.

    Args:
        path: the file.
        motion: the motion.

    Raises:
        InvalidInput: the path cannot be written, or the motion has values that are not finite.
    """
    text = format_usda(motion)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def format_usda(motion: Motion) -> str:
    """Return the text of a `.usda` file for a motion.

    Args:
        motion: the motion.

    Raises:
        InvalidInput: the motion has values that are not finite.
    """
    positions = motion.positions.astype(np.float64)
    if not np.isfinite(positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
    offsets = kinematics.estimate_offsets(positions)
    rotations = kinematics.global_rotations(positions, offsets)
    local = rotation.continuous(rotation.normalized(kinematics.local_rotations(rotations)))
    steps = positions.copy()
    steps[:, 1:] = rotation.rotate(
        rotation.conjugate(rotations[:, PARENTS[1:]]), positions[:, 1:] - positions[:, PARENTS[1:]]
    )
    rest = np.zeros((NUM_JOINTS, 3))
    for joint in range(1, NUM_JOINTS):
        rest[joint] = rest[PARENTS[joint]] + offsets[joint]
    offsets = offsets.copy()
    offsets[0, 1] = -rest[:, 1].min()  # the body at rest stands on the floor
    rest[:, 1] += offsets[0, 1]
    name = _name(motion.name or "motion")
    joints = _texts(_paths())
    lines = [
        "#usda 1.0",
        "(",
        f'    defaultPrim = "{name}"',
        "    metersPerUnit = 1",
        '    upAxis = "Y"',
        "    startTimeCode = 0",
        f"    endTimeCode = {len(motion) - 1}",
        f"    timeCodesPerSecond = {motion.fps:.9g}",
        f"    framesPerSecond = {motion.fps:.9g}",
        *([f"    doc = {_quoted(motion.caption)}"] if motion.caption else []),
        ")",
        "",
        f'def SkelRoot "{name}" (',
        '    prepend apiSchemas = ["SkelBindingAPI"]',
        ")",
        "{",
        f"    rel skel:skeleton = </{name}/skeleton>",
        f"    rel skel:animationSource = </{name}/animation>",
        "",
        '    def Skeleton "skeleton"',
        "    {",
        f"        uniform token[] joints = {joints}",
        f"        uniform token[] jointNames = {_texts(JOINT_NAMES)}",
        f"        uniform matrix4d[] bindTransforms = {_matrices(rest)}",
        f"        uniform matrix4d[] restTransforms = {_matrices(offsets)}",
        "    }",
        "",
        '    def SkelAnimation "animation"',
        "    {",
        f"        uniform token[] joints = {joints}",
        *_samples("float3[] translations", steps),
        *_samples("quatf[] rotations", local),
        f"        half3[] scales = [{', '.join(['(1, 1, 1)'] * NUM_JOINTS)}]",
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _paths() -> list[str]:
    """Return the joints as paths from the root, by which UsdSkel knows the tree."""
    paths: list[str] = []
    for joint, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        paths.append(joint if parent < 0 else f"{paths[parent]}/{joint}")
    return paths


def _samples(attribute: str, values: FloatArray) -> Iterable[str]:
    """Yield the lines of an attribute over time from values (frames, 22, components)."""
    yield f"        {attribute}.timeSamples = {{"
    for frame, rows in enumerate(values.astype(np.float32) + np.float32(0)):  # adding 0 makes -0 positive
        yield f"            {frame}: [{', '.join(map(_tuple, rows))}],"
    yield "        }"


def _matrices(places: FloatArray) -> str:
    """Return translations (22, 3) as matrices, of which USD writes the translation in the last row."""
    rows = [f"((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), {_tuple([*place, 1.0])})" for place in places]
    return f"[{', '.join(rows)}]"


def _tuple(numbers: Iterable[float]) -> str:
    return f"({', '.join(f'{number:.9g}' for number in numbers)})"


def _texts(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _quoted(text: str) -> str:
    plain = re.sub(r"[\x00-\x1f]", " ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(text: str) -> str:
    """Return a name that USD allows: letters, digits and underscores, no digit first."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return f"_{plain}" if plain[:1].isdigit() else plain or "motion"
