"""Read motions in Acclaim's two files, as CMU's motion capture database has them: a skeleton and its rotations.

`01_01.amc` is moved by the skeleton in `01_01.asf`, `01.asf`, or the only `.asf` file beside it. The form states no
frame rate; CMU's files have 120 frames/s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.npz import require_file
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.formats.rigs.asf_skeleton import AsfSkeleton, angles_to_rotations, parse_asf
from motion.formats.rigs.bvh_document import MAX_FRAMES
from motion.formats.rigs.bvh_reading import guess_unit, is_human_leg
from motion.formats.rigs.bvh_text import decode_bvh
from motion.formats.skeletons.posed_skeleton import PosedSkeleton
from motion.formats.skeletons.skeleton_match import SkeletonMatch, read_names
from motion.motion import Motion
from motion.skeleton import JOINT_NAMES, NUM_JOINTS

AMC_SUFFIXES = frozenset({".amc", ".asf"})
DEFAULT_AMC_FPS = 120.0


@dataclass(frozen=True, eq=False)
class AmcReading:
    """What a pair of files holds.

    Attributes:
        motion: the motion.
        match: how the skeleton was understood.
        names: the names of its joints.
        unit_m: length of a unit, metres.
        notes: one sentence for each thing that was guessed.
        facts: rate, unit, axis that points up and skeleton, and how each is known.
    """

    motion: Motion
    match: SkeletonMatch
    names: tuple[str, ...]
    unit_m: float
    notes: tuple[str, ...]
    facts: Mapping[str, str]

    @property
    def joints(self) -> dict[str, str | None]:
        """For each of our joints its name in the file, None where the file has none."""
        return {joint: self.match.found.get(joint) for joint in JOINT_NAMES}


def read_amc(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> AmcReading:
    """Read the motion of an `.amc` file on the skeleton beside it; axes are as in the file.

    Args:
        path: the `.amc` file.
        options: what the user says of it: rate, unit and names of joints.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: it is an `.asf` file, has no skeleton beside it, or one of the two is damaged or not understood.
    """
    require_file(path)
    if path.suffix.lower() == ".asf":
        raise InvalidInput.of(str(path), "is a skeleton without a motion; read the .amc file that belongs to it")
    skeleton_path = _skeleton_of(path)
    try:
        skeleton = parse_asf(_text(skeleton_path))
    except InvalidInput as error:
        raise error.within(str(skeleton_path)) from error
    overrides = read_names(options.names) if options.names is not None else None
    try:
        channels, notes = _parse_amc(_text(path), skeleton)
        body = _posed(skeleton, channels)
        match, joints = body.read(overrides)
        unit_m = options.unit_m
        if unit_m is None:
            unit_m = skeleton.unit_m if is_human_leg(joints, skeleton.unit_m) else guess_unit(joints)
    except InvalidInput as error:
        raise error.within(str(path)) from error
    notes.append(f"has its skeleton in {skeleton_path.name}")
    fps = options.input_fps
    if fps is None:
        fps = DEFAULT_AMC_FPS
        notes.append(f"states no frame rate; read at {fps:g} fps, that of CMU's files (--input-fps says another)")
    unit_known = "given by --unit" if options.unit_m else "stated" if unit_m == skeleton.unit_m else "from the legs"
    facts = {
        "rate": f"{fps:g} fps ({'given by --input-fps' if options.input_fps else 'assumed'})",
        "unit": f"units of {1000 * unit_m:.3g} mm ({unit_known})",
        "up": "Y (assumed)",
        "skeleton": f"{len(match.found)} of {NUM_JOINTS} joints found among {len(body.names)} ({match.family})",
    }
    motion = Motion((joints * unit_m).astype(np.float32), fps=fps, name=path.stem)
    return AmcReading(motion, match, body.names, unit_m, (*match.notes, *notes), facts)


def _skeleton_of(path: Path) -> Path:
    """Return the `.asf` file that belongs to an `.amc` file."""
    beside = sorted(file for file in path.parent.iterdir() if file.suffix.lower() == ".asf" and file.is_file())
    for stem in (path.stem, path.stem.rsplit("_", 1)[0]):
        for file in beside:
            if file.stem.casefold() == stem.casefold():
                return file
    if len(beside) == 1:
        return beside[0]
    wanted = f"must be {path.stem}.asf or {path.stem.rsplit('_', 1)[0]}.asf beside it"
    found = f"there are {', '.join(file.name for file in beside[:4])}" if beside else "there is none"
    raise InvalidInput.of(str(path), f"needs its skeleton, an .asf file, and {found}; {wanted}")


def _text(path: Path) -> str:
    try:
        return decode_bvh(path.read_bytes())[0]
    except OSError as error:
        raise InvalidInput.of(str(path), f"cannot be read as text ({error})") from error


def _parse_amc(text: str, skeleton: AsfSkeleton) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the channels (frames, channels) of each bone, and what was mended."""
    widths = {bone.name: len(bone.channels) for bone in skeleton.bones if bone.channels}
    rows: list[dict[str, list[str]]] = []
    degrees = skeleton.degrees
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(":"):
            degrees = {":degrees": True, ":radians": False}.get(words[0].lower(), degrees)
        elif len(words) == 1 and words[0].isdigit():
            rows.append({})
            if len(rows) > MAX_FRAMES:
                raise InvalidInput.of("frames", f"are more than {MAX_FRAMES}, the most that are read")
        elif not rows or words[0] in rows[-1]:
            raise InvalidInput.of(f"line {number}", f"has {words[0]!r:.40}; must be the number of a frame")
        elif words[0] in widths:
            rows[-1][words[0]] = words[1:]
    notes = []
    last = rows[-1] if rows else {}
    if len(rows) > 1 and any(len(last.get(name, ())) != len(words) for name, words in rows[0].items()):
        rows.pop()
        notes.append(f"the last frame is cut short and was left out; {len(rows)} frames were read")
    if not rows or "root" not in rows[0]:
        raise InvalidInput.of("frames", "are missing; must be a number on a line, then a line for each bone")
    still = [name for name in widths if name not in rows[0]]
    if still:
        notes.append(f"has no rotations of {', '.join(still[:6])}{', ...' if len(still) > 6 else ''}, which rest")
    channels = {}
    for name in widths.keys() - set(still):
        channels[name] = _channels(name, [row.get(name, []) for row in rows], widths[name])
    return _in_radians(skeleton, channels, degrees), notes


def _channels(name: str, rows: list[list[str]], width: int) -> FloatArray:
    uneven = next((index for index, row in enumerate(rows) if len(row) != width), None)
    if uneven is not None:
        found = f"has {len(rows[uneven])} numbers in frame {uneven + 1}"
        raise InvalidInput.of(name, f"{found}; must have {width}, as its skeleton says")
    try:
        values = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise InvalidInput.of(name, f"holds something that is not a number ({error})") from error
    return values


def _in_radians(skeleton: AsfSkeleton, channels: Mapping[str, FloatArray], degrees: bool) -> dict[str, FloatArray]:
    found = {}
    for bone in skeleton.bones:
        if bone.name in channels:
            angles = np.array([channel.startswith("r") for channel in bone.channels])
            values = channels[bone.name]
            found[bone.name] = np.where(angles, np.radians(values), values) if degrees else values
    return found


def _posed(skeleton: AsfSkeleton, channels: Mapping[str, FloatArray]) -> PosedSkeleton:
    """Compute the poses of the joints: of each bone its start, and an end site where none follows."""
    frames, count = len(channels["root"]), len(skeleton.bones)
    positions, rotations = np.zeros((frames, count, 3)), np.zeros((frames, count, 4))
    offsets = np.zeros((count, 3))
    for index, (bone, parent) in enumerate(zip(skeleton.bones, skeleton.parents, strict=True)):
        turned = [place for place, channel in enumerate(bone.channels) if channel.startswith("r")]
        order = "".join(bone.channels[place][1] for place in turned)
        values = channels.get(bone.name, np.zeros((frames, len(bone.channels))))
        local = angles_to_rotations(values[:, turned], order)
        local = rotation.multiply(rotation.multiply(bone.axes, local), rotation.conjugate(bone.axes))
        if parent < 0:
            rotations[:, index] = local
            positions[:, index] = skeleton.start
            for place, channel in enumerate(bone.channels):
                if channel.startswith("t"):
                    positions[:, index, "xyz".index(channel[1])] += values[:, place]
        else:
            offsets[index] = skeleton.bones[parent].vector
            above = rotations[:, parent]
            positions[:, index] = positions[:, parent] + rotation.rotate(above, offsets[index])
            rotations[:, index] = rotation.multiply(above, local)
    leaves = sorted(set(range(1, count)) - set(skeleton.parents))
    ends = tuple((index, skeleton.bones[index].vector) for index in leaves)
    names = tuple(bone.name for bone in skeleton.bones)
    return PosedSkeleton(names, skeleton.parents, offsets, ends, positions, rotations)
