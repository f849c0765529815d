"""Parse Acclaim skeleton files (`.asf`), which describe the bones that a motion file (`.amc`) moves.

A bone has a direction and a length in the rest pose, and axes in which its rotations are given: it rotates from its
start, so that the joint of a bone is where the bone before it ends. Lander, "Working with Motion Capture File Formats",
Game Developer, January 1998.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput

_INCH_M = 0.0254
_AXES = "xyz"
_ROTATIONS, _TRANSLATIONS = ("rx", "ry", "rz"), ("tx", "ty", "tz")


@dataclass(frozen=True)
class AsfBone:
    """One bone.

    Attributes:
        name: name of the bone.
        vector: (3,) from its start to its end in the rest pose; zeros for the root.
        axes: quaternion of the axes of its rotations.
        channels: what a motion file gives for it, in order: `rx`, `ry`, `rz`, and for the root `tx`, `ty`, `tz`.
    """

    name: str
    vector: FloatArray
    axes: FloatArray
    channels: tuple[str, ...]


@dataclass(frozen=True)
class AsfSkeleton:
    """A skeleton.

    Attributes:
        bones: the bones, parents before children; the first is the root.
        parents: index of the bone before each; -1 for the root.
        unit_m: length of a unit as the file states it, metres.
        start: (3,) position that the root's translation is added to.
        degrees: whether angles are in degrees; they are in radians otherwise.
    """

    bones: tuple[AsfBone, ...]
    parents: tuple[int, ...]
    unit_m: float
    start: FloatArray
    degrees: bool = True


@dataclass
class _Sections:
    """The lines of each section, split into words, and those of each bone."""

    units: dict[str, list[str]] = field(default_factory=dict)
    root: dict[str, list[str]] = field(default_factory=dict)
    bones: list[dict[str, list[str]]] = field(default_factory=list)
    hierarchy: list[list[str]] = field(default_factory=list)


def parse_asf(text: str) -> AsfSkeleton:
    """Parse the text of an `.asf` file.

    Args:
        text: the text, with `\\n` at the ends of its lines.

    Raises:
        InvalidInput: the text does not follow the format; the field names the part.
    """
    sections = _split(text)
    if not sections.bones or not sections.hierarchy:
        missing = "bonedata" if not sections.bones else "hierarchy"
        raise InvalidInput.of(f":{missing}", "is missing or empty; must be an .asf file, which has a skeleton")
    degrees = sections.units.get("angle", ["deg"])[:1] != ["rad"]
    units = sections.units.get("length", ["1"])
    per_inch = _numbers(":units length", units, 1)[0]
    if not per_inch > 0:
        raise InvalidInput.of(":units length", f"is {per_inch:g}; must be above 0")
    bones = {"root": _root(sections.root, degrees)}
    for each in sections.bones:
        bone = _bone(each, degrees)
        bones[bone.name] = bone
    names, parents = _ordered(bones, sections.hierarchy)
    start = _numbers(":root position", sections.root.get("position", ["0"] * 3), 3)
    return AsfSkeleton(tuple(bones[name] for name in names), tuple(parents), _INCH_M / per_inch, start, degrees)


def angles_to_rotations(angles: FloatArray, order: str) -> FloatArray:
    """Return the quaternions (..., 4) of rotations about one axis after another.

    Args:
        angles: (..., n) radians.
        order: the n axes, the first of which is rotated about first.
    """
    result = np.broadcast_to([1.0, 0, 0, 0], (*angles.shape[:-1], 4))
    for index, axis in enumerate(order.lower()):
        vector = np.zeros((*angles.shape[:-1], 3))
        vector[..., _AXES.index(axis)] = angles[..., index]
        result = rotation.multiply(rotation.exp(vector), result)
    return result


def _split(text: str) -> _Sections:
    found = _Sections()
    section = ""
    bone: dict[str, list[str]] | None = None
    for line in text.split("\n"):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0].startswith(":"):
            section = words[0][1:].lower()
            continue
        key = words[0].lower()
        if section == "units":
            found.units[key] = words[1:]
        elif section == "root":
            found.root[key] = words[1:]
        elif section == "hierarchy" and key not in ("begin", "end"):
            found.hierarchy.append(words)
        elif section == "bonedata" and key == "begin":
            bone = {}
        elif section == "bonedata" and key == "end" and bone is not None:
            found.bones.append(bone)
            bone = None
        elif section == "bonedata" and bone is not None:
            bone.setdefault(key, words[1:])
    return found


def _root(fields: dict[str, list[str]], degrees: bool) -> AsfBone:
    order = tuple(word.lower() for word in fields.get("order", ["tx", "ty", "tz", "rx", "ry", "rz"]))
    known = (*_ROTATIONS, *_TRANSLATIONS)
    if not set(order) <= set(known) or len(set(order)) < len(order):
        raise InvalidInput.of(":root order", f"is {' '.join(order)!r:.60}; must be some of {' '.join(known)}")
    axes = fields.get("axis", ["XYZ"])[-1]
    angles = _numbers(":root orientation", fields.get("orientation", ["0"] * 3), 3)
    return AsfBone("root", np.zeros(3), _axes(":root axis", angles, axes, degrees), order)


def _bone(fields: dict[str, list[str]], degrees: bool) -> AsfBone:
    name = " ".join(fields.get("name", []))
    if not name:
        raise InvalidInput.of(":bonedata", "has a bone without a name")
    direction = _numbers(f"{name} direction", fields.get("direction", []), 3)
    length = _numbers(f"{name} length", fields.get("length", []), 1)[0]
    axis = fields.get("axis", ["0", "0", "0", "XYZ"])
    channels = tuple(word.lower() for word in fields.get("dof", []))
    if not set(channels) <= set(_ROTATIONS) or len(set(channels)) < len(channels):
        raise InvalidInput.of(f"{name} dof", f"is {' '.join(channels)!r:.60}; must be some of rx ry rz")
    angles = _numbers(f"{name} axis", axis[:3], 3)
    order = axis[3] if len(axis) > 3 else "XYZ"
    size = max(float(np.linalg.norm(direction)), 1e-12)
    return AsfBone(name, length * direction / size, _axes(f"{name} axis", angles, order, degrees), channels)


def _axes(where: str, angles: FloatArray, order: str, degrees: bool) -> FloatArray:
    if sorted(order.lower()) != list(_AXES):
        raise InvalidInput.of(where, f"ends in {order!r:.20}; must be an order of axes such as XYZ")
    return angles_to_rotations(np.radians(angles) if degrees else angles, order)


def _ordered(bones: dict[str, AsfBone], hierarchy: list[list[str]]) -> tuple[list[str], list[int]]:
    """Return the names of all bones below the root, parents before children, and the index of each one's parent."""
    children: dict[str, list[str]] = {}
    for parent, *below in hierarchy:
        children.setdefault(parent, []).extend(below)
    names, parents = ["root"], [-1]
    for parent, name in enumerate(names):  # grows while it is walked
        for child in children.get(name, []):
            if child not in bones:
                raise InvalidInput.of(":hierarchy", f"has {child!r:.40}, which is no bone in :bonedata")
            if child in names:
                raise InvalidInput.of(":hierarchy", f"has {child!r:.40} twice; must be a tree")
            names.append(child)
            parents.append(parent)
    return names, parents


def _numbers(where: str, words: list[str], count: int) -> FloatArray:
    try:
        numbers = np.array([float(word) for word in words[:count]])
    except ValueError as error:
        raise InvalidInput.of(where, f"is {' '.join(words)!r:.60}; must be {count} numbers") from error
    if len(numbers) < count or not np.isfinite(numbers).all():
        raise InvalidInput.of(where, f"is {' '.join(words)!r:.60}; must be {count} finite numbers")
    return numbers
