"""Turn a scene of nodes into the motions of its bodies, in metres with Y up, by what its file states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion.array_types import FloatArray
from motion.formats.motion_file import Layout, MotionFile, set_of_one
from motion.formats.read_options import UNIT_M, ReadOptions
from motion.formats.scenes.node_scene import NodeScene, SceneBody, find_bodies
from motion.formats.skeletons.skeleton_match import read_names
from motion.formats.units import UNIT_NAMES, name_of_unit, unit_by_size
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.orientation import Axis
from motion.plausibility import STATURE_RANGE_M, stature
from motion.skeleton import NUM_JOINTS

_NAMED_AT_MOST = 12


@dataclass(frozen=True, eq=False)
class SceneFacts:
    """What a file states of its scene.

    Attributes:
        fps: rate of the frames.
        unit_m: length of its unit, metres.
        up: the axis that points up; None if it states none.
        to_y_up: (3, 3) matrix from its axes to X to the right, Y up and Z to the front.
        takes: the names of its animations, that of the scene first.
        states_rate: whether the rate is the file's own, and not that of its keys.
    """

    fps: float
    unit_m: float
    up: Axis | None
    to_y_up: FloatArray
    takes: tuple[str, ...]
    states_rate: bool = True


def motions_of_scene(
    path: Path, layout: Layout, scene: NodeScene, stated: SceneFacts, options: ReadOptions
) -> MotionFile:
    """Read the motions of all bodies in a scene.

    Args:
        path: the file, for names.
        layout: its layout.
        scene: the scene.
        stated: what the file states.
        options: what the user says instead: the unit, the axis that points up, which is then left to
            `motion.formats.unsaid`, and the names of joints.

    Raises:
        InvalidInput: there is no body.
    """
    overrides = read_names(options.names) if options.names is not None else None
    bodies, others = find_bodies(scene, overrides)
    notes = _notes(bodies, others, stated.takes)
    unit_m, unit_known = options.unit_m, "given by --unit"
    if unit_m is None:
        unit_m, unit_known, told = _unit(bodies[0].joints, stated.unit_m)
        notes += told
    motions = []
    for number, body in enumerate(bodies, 1):
        joints = body.joints * unit_m
        if options.up is None:
            joints = joints @ stated.to_y_up.T
        name = path.stem if len(bodies) == 1 else f"{path.stem}_{number}"
        motions.append(Motion(joints.astype(np.float32), fps=options.input_fps or stated.fps, name=name))
    up = (stated.up or "y").upper()
    facts = {
        "rate": f"{stated.fps:g} fps ({'stated' if stated.states_rate else 'that of its keys'})",
        "unit": f"{name_of_unit(unit_m)} ({unit_known})",
        "up": f"{up} ({'stated' if stated.up else 'assumed'})",
        "skeleton": "; ".join(map(_skeleton, bodies)),
    }
    if stated.states_rate:
        notes.insert(0, f"states {name_of_unit(stated.unit_m)}, {up} up, {stated.fps:g} fps")
    if len(motions) == 1:
        return MotionFile(path, layout, set_of_one(motions[0]), notes=tuple(notes), facts=facts, joints=bodies[0].names)
    notes.append(f"the file holds {len(motions)} bodies, which were read as {len(motions)} motions")
    motion_set = MotionSet(tuple(motions), ((),) * len(motions))
    return MotionFile(path, "packed", motion_set, notes=tuple(notes), facts=facts, joints=bodies[0].names)


def _notes(bodies: Sequence[SceneBody], others: Sequence[str], takes: Sequence[str]) -> list[str]:
    notes = []
    if len(takes) > 1:
        notes.append(f"holds {len(takes)} takes; {takes[0]!r} was read, and left out: {_some(takes[1:])}")
    if others:
        are = "is no body and was" if len(others) == 1 else "are no bodies and were"
        notes.append(f"{_some(others)} {are} left out")
    for body in bodies:
        notes += [f"{body.top}: {note}" if len(bodies) > 1 else note for note in body.match.notes]
    return notes


def _unit(joints: FloatArray, stated_m: float) -> tuple[float, str, list[str]]:
    """Return the unit in which a body has a human size, how it is known, and a note if it is not the stated one."""
    tall = stature(joints)
    if STATURE_RANGE_M[0] <= tall * stated_m <= STATURE_RANGE_M[1]:
        return stated_m, "stated", []
    unit = unit_by_size(tall)
    if unit is None:
        return stated_m, "stated", []
    found = f"states {name_of_unit(stated_m)}, in which the body is {tall * stated_m:.3g} m tall"
    return UNIT_M[unit], "from the size of the body", [f"{found}; read as {UNIT_NAMES[unit]} (--unit says another)"]


def _skeleton(body: SceneBody) -> str:
    found = len(body.match.found)
    return f"{found} of {NUM_JOINTS} joints found among {body.count} below {body.top!r} ({body.match.family})"


def _some(names: Sequence[str]) -> str:
    """Return the first few of names, and how many there are if they are more."""
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(map(repr, names[:_NAMED_AT_MOST])) + (f" and {more} more" if more > 0 else "")
