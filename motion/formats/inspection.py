"""Tell what a file was recognized as, what was guessed about it, and what it lacks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.formats.motion_file import MotionFile, Origin
from motion.formats.rigs.rig import BvhOrigin
from motion.formats.unsaid import ChangedOrigin
from motion.plausibility import stature
from motion.skeleton import JOINT_NAMES, NUM_JOINTS
from motion.validation import check_motion

_FORMS = {
    "bvh": "one motion in a .bvh file",
    "npy": "one motion in an .npy array",
    "npz": "one motion in an .npz file of arrays",
    "smpl": "one motion as SMPL poses",
    "fbx": "one motion in an .fbx file",
    "glb": "one motion in a .glb file",
    "amc": "one motion in an .amc file, on the skeleton of an .asf file",
    "packed": "a set of motions in one file",
    "humanml3d": "a set of motions in a HumanML3D folder",
    "folder": "a set of motions in a plain folder",
}
_LISTED_AT_MOST = 20


@dataclass(frozen=True)
class Inspection:
    """What is known of a file.

    Attributes:
        path: the file.
        form: what was recognized.
        skeleton: which joints it has.
        joints: our joints with the name that each has in the file, or None where the file has no such joint; empty
            where the joints have no names of their own.
        facts: rate, unit, axis that points up and sides, and how each of them is known.
        motions: id, frames, seconds and body height of each motion.
        notes: what was guessed or put right.
        refused: reasons by the ids of the motions that are invalid.
    """

    path: Path
    form: str
    skeleton: str
    joints: dict[str, str | None]
    facts: dict[str, str]
    motions: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    refused: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the inspection as a JSON document."""
        return {
            "path": str(self.path),
            "form": self.form,
            "skeleton": self.skeleton,
            "joints": self.joints,
            **self.facts,
            "motions": list(self.motions),
            "notes": list(self.notes),
            "refused": self.refused,
        }

    def to_text(self) -> str:
        """Return the inspection as lines of text."""
        lines = [str(self.path), *_rows([("form", self.form), ("skeleton", self.skeleton), *self.facts.items()])]
        for motion in self.motions[:_LISTED_AT_MOST]:
            tall = f", a body {motion['stature_m']:.2f} m tall" if motion["stature_m"] else ""
            lines.append(f"  {motion['id']}: {motion['frames']} frames, {motion['seconds']:.4g} s{tall}")
        if len(self.motions) > _LISTED_AT_MOST:
            lines.append(f"  and {len(self.motions) - _LISTED_AT_MOST} more motions")
        missing = [joint for joint, name in self.joints.items() if name is None]
        told = {
            "guessed": list(self.notes),
            "missing": [", ".join(missing)] if missing else [],
            "refused": [f"{name}: {reason}" for name, reason in self.refused.items()],
        }
        for title, sentences in told.items():
            lines += [title, *(f"  {sentence}" for sentence in sentences or ["nothing"])]
        return "\n".join(lines)


def inspect_file(file: MotionFile) -> Inspection:
    """Describe a file that was read.

    Args:
        file: the file as `motion.formats.files.read_file` returned it.
    """
    rig = next((origin for origin in map(_read_origin, file.origins) if isinstance(origin, BvhOrigin)), None)
    refused: dict[str, str] = {}
    motions: list[dict[str, Any]] = []
    for motion in file.motions:
        sound = motion.positions[np.isfinite(motion.positions).all(axis=(1, 2))]
        motions.append({
            "id": motion.name or "",
            "frames": len(motion),
            "fps": motion.fps,
            "seconds": len(motion) / motion.fps,
            "stature_m": round(stature(sound), 3) if len(sound) else None,
        })  # fmt: skip
        try:
            check_motion(motion, min_frames=1, max_frames=sys.maxsize)
        except InvalidInput as error:
            refused[motion.name or ""] = str(error)
    joints = _joints(rig) if rig is not None else dict(file.joints)
    facts = dict(file.facts)
    skeleton = facts.pop("skeleton", None) or _skeleton(rig, joints)
    content = ", as HumanML3D features" if file.content == "features" else ""
    count = "" if file.single else f" ({len(file.motions)})"
    return Inspection(
        file.path,
        f"{_FORMS.get(file.layout, file.layout)}{content}{count}",
        skeleton,
        joints,
        facts,
        tuple(motions),
        file.notes,
        refused,
    )


def _read_origin(origin: Origin | None) -> Origin | None:
    """Return the origin as it was read, of a motion that was turned or reflected since."""
    while isinstance(origin, ChangedOrigin):
        origin = origin.origin
    return origin


def _joints(rig: BvhOrigin) -> dict[str, str | None]:
    """Return the name in the file of each of our joints."""
    nodes = rig.document.nodes
    return {
        joint: nodes[index].name if index >= 0 else None for joint, index in zip(JOINT_NAMES, rig.joints, strict=True)
    }


def _skeleton(rig: BvhOrigin | None, joints: dict[str, str | None]) -> str:
    if rig is None:
        return f"the {NUM_JOINTS} joints of HumanML3D"
    found = sum(name is not None for name in joints.values())
    return f"{found} of {NUM_JOINTS} joints found by name among {len(rig.document.nodes)}"


def _rows(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in pairs)
    return [f"  {name:<{width}}  {value}" for name, value in pairs]
