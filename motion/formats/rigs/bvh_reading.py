"""Read the motions of `.bvh` files: one for each body, whatever its skeleton, with what was guessed told in notes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.npz import require_file
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.formats.rigs.bvh_document import BvhDocument, parse_bvh
from motion.formats.rigs.bvh_text import decode_bvh
from motion.formats.rigs.rig import BvhOrigin
from motion.formats.skeletons.limb_proportions import uneven_limbs
from motion.formats.skeletons.posed_skeleton import PosedSkeleton
from motion.formats.skeletons.skeleton_match import SkeletonMatch, read_names
from motion.motion import Motion
from motion.plausibility import stature
from motion.skeleton import JOINT, NUM_JOINTS
from motion.toe_placement import toes_at_ankles

# The unit of a file is found from the length of the legs, hip to ankle, which is 0.85 m on an adult.
_UNITS_M = (("m", 1.0), ("cm", 0.01), ("mm", 0.001), ("inch", 0.0254), ("CMU", 0.0254 / 0.45))
_LEG_RANGE_M = (0.45, 1.3)
_ADULT_LEG_RANGE_M = (0.65, 1.1)
_ADULTS_M = (1.35, 2.2)
_SLOWEST_FPS = 4  # files with fewer frames a second have a rate that nobody meant
_FEWEST_JOINTS = 9  # a body has more joints than a prop, a camera or a marker


@dataclass(frozen=True, eq=False)
class BvhReading:
    """The content of a `.bvh` file.

    Attributes:
        motions: the motions, one for each body.
        origins: the rig that each motion came on.
        matches: how the skeleton of each was understood; its indices count the body's joints and then its end sites.
        notes: one sentence for each thing that was guessed or mended.
    """

    motions: tuple[Motion, ...]
    origins: tuple[BvhOrigin, ...]
    matches: tuple[SkeletonMatch, ...]
    notes: tuple[str, ...]


def read_bvh_file(
    path: str | os.PathLike[str], options: ReadOptions = DEFAULT_OPTIONS, unit_m: float | None = None
) -> BvhReading:
    """Read a `.bvh` file at its own frame rate; axes are as in the file.

    Args:
        path: the file.
        options: what the user says of its unit and of the names of its joints.
        unit_m: length of one unit of the file, metres; None for that of `options`, or to find it from the legs.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is damaged or truncated, its skeleton is not understood, or the legs have no human length
            in any known unit and the user does not say which it is.
    """
    file = Path(path)
    require_file(file)
    overrides = read_names(options.names) if options.names is not None else None
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput.of(str(file), f"cannot be read as text ({error})") from error
    try:
        text, encoding = decode_bvh(content)
        document = parse_bvh(text, options.input_fps)
        reading = _read_document(document, encoding, file.stem, unit_m or options.unit_m, overrides)
    except InvalidInput as error:
        raise error.within(str(file)) from error
    if options.input_fps is None and 1 / document.frame_time < _SLOWEST_FPS:
        seconds = document.frame_time * len(document.values)
        note = f"states {document.frame_time:g} s from frame to frame, and thus {seconds:g} s for the whole motion"
        reading = replace(reading, notes=(*reading.notes, f"{note}; --input-fps says another rate"))
    return reading


def _read_document(
    document: BvhDocument, encoding: str, name: str, unit_m: float | None, overrides: Mapping[str, str] | None
) -> BvhReading:
    positions, rotations = document.forward()
    bodies, others = _bodies(document)
    motions, origins, matches = [], [], []
    notes = list(document.notes)
    if others:
        notes.append(
            f"{', '.join(others)} {'is no body and was' if len(others) == 1 else 'are no bodies and were'} left out"
        )
    for number, (nodes, ends) in enumerate(bodies, 1):
        root = document.nodes[nodes[0]].name
        try:
            match, joints = _read_body(document, positions, rotations, nodes, ends, overrides)
        except InvalidInput as error:
            if len(bodies) == 1 or (number == len(bodies) and not motions):
                raise
            notes.append(f"{root} is no body that is understood and was left out: {error}")
            continue
        doubts = uneven_limbs(joints)
        if unit_m is None:
            unit_m = guess_unit(joints)
            doubts += _unusual_size(stature(joints) * unit_m)
        told = (*match.notes, *doubts)
        notes += [f"{root}: {note}" if len(bodies) > 1 else note for note in told]
        own = name if len(bodies) == 1 else f"{name}_{number}"
        motion = Motion((joints * unit_m).astype(np.float32), fps=_rate(document.frame_time), name=own)
        apart = set(range(NUM_JOINTS)) - set(toes_at_ankles(joints))
        at = tuple(
            nodes[blend[0][0]]
            if joint in apart and len(blend) == 1 and blend[0][1] == 1 and blend[0][0] < len(nodes)
            else -1
            for joint, blend in enumerate(match.blends)
        )
        motions.append(motion)
        origins.append(BvhOrigin(document, at, motion, encoding=encoding))
        matches.append(match)
    if len(motions) > 1:
        notes.append(f"the file holds {len(motions)} bodies, which were read as {len(motions)} motions")
    return BvhReading(tuple(motions), tuple(origins), tuple(matches), tuple(notes))


def _bodies(document: BvhDocument) -> tuple[list[tuple[list[int], list[int]]], list[str]]:
    """Return nodes and end sites below each root, and the names of roots with too few joints beside others."""
    root_of: list[int] = []
    for index, node in enumerate(document.nodes):
        root_of.append(index if node.parent < 0 else root_of[node.parent])
    bodies = [
        (
            [index for index, above in enumerate(root_of) if above == root],
            [index for index, (parent, _) in enumerate(document.end_sites) if root_of[parent] == root],
        )
        for root in dict.fromkeys(root_of)
    ]
    large = [body for body in bodies if len(body[0]) >= _FEWEST_JOINTS]
    if not large:
        return bodies[:1], []
    return large, [document.nodes[body[0][0]].name for body in bodies if body not in large]


def _read_body(
    document: BvhDocument,
    positions: FloatArray,
    rotations: FloatArray,
    nodes: list[int],
    ends: list[int],
    overrides: Mapping[str, str] | None,
) -> tuple[SkeletonMatch, FloatArray]:
    """Return how a body's skeleton was understood, and its joints (frames, 22, 3) in the unit of the file."""
    at = {node: index for index, node in enumerate(nodes)}
    body = PosedSkeleton(
        tuple(document.nodes[node].name or f"joint {index}" for index, node in enumerate(nodes)),
        tuple(at.get(document.nodes[node].parent, -1) for node in nodes),
        np.array([document.nodes[node].offset for node in nodes]),
        tuple((at[parent], offset) for parent, offset in (document.end_sites[end] for end in ends)),
        positions[:, nodes],
        rotations[:, nodes],
    )
    return body.read(overrides)


def guess_unit(positions: FloatArray) -> float:
    """Find the unit of positions from the length of the legs.

    Args:
        positions: (frames, 22, 3) joint positions in an unknown unit.

    Returns:
        The length of one unit, metres.

    Raises:
        InvalidInput: the legs have no human length in any known unit.
    """
    leg = _leg(positions)
    for low, high in (_ADULT_LEG_RANGE_M, _LEG_RANGE_M):
        for _, unit in _UNITS_M:
            if low <= leg * unit <= high:
                return unit
    units = ", ".join(name for name, _ in _UNITS_M)
    raise InvalidInput.of(
        "OFFSET", f"the legs are {leg:.4g} long, which is no human length in any of {units}; --unit says which it is"
    )


def _unusual_size(tall_m: float) -> tuple[str, ...]:
    """Return a sentence if the unit that was found makes no adult of a body."""
    if not np.isfinite(tall_m) or _ADULTS_M[0] <= tall_m <= _ADULTS_M[1]:
        return ()
    return (f"no unit makes the body as tall as an adult; as it is read it is {tall_m:.2f} m tall",)


def is_human_leg(positions: FloatArray, unit_m: float) -> bool:
    """Return whether the legs of joints (frames, 22, 3) have a human length in a unit of `unit_m` metres."""
    return _LEG_RANGE_M[0] <= _leg(positions) * unit_m <= _LEG_RANGE_M[1]


def _leg(positions: FloatArray) -> float:
    legs = [("left_hip", "left_knee", "left_ankle"), ("right_hip", "right_knee", "right_ankle")]
    lengths = [
        np.linalg.norm(positions[:, JOINT[a]] - positions[:, JOINT[b]], axis=-1)
        + np.linalg.norm(positions[:, JOINT[b]] - positions[:, JOINT[c]], axis=-1)
        for a, b, c in legs
    ]
    return float(np.median(lengths))


def _rate(frame_time: float) -> float:
    """Return frames per second, rounded to a whole number if it is within 0.05 %, as files round their frame time."""
    fps = 1 / frame_time
    return float(round(fps)) if abs(fps - round(fps)) < 5e-4 * fps else fps
