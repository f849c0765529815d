"""Parse the text of Biovision hierarchy files and compute the positions of their joints.

The format has no standard beyond its examples. Keywords and channels are read in any case, names of joints may have
spaces and may hold keywords, colons need no space after them, and the number of rows may differ from the header's.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.rigs.bvh_text import with_decimal_points

MAX_FRAMES = 1_000_000
"""Most frames that a header may state: 2.3 hours at 120 Hz."""
MAX_NODES = 5000
"""Most joints of a file; those of several people with all their fingers and twist bones are some hundreds."""
_AXES = "XYZ"
_REST = r"(?:\s+(?!(?:ROOT|JOINT|END|END_?SITE|OFFSET|CHANNELS|MOTION)\b)[^\s{}]+)*"
_WORD = re.compile(
    r"(?P<joint>(?:ROOT|JOINT)\b)[ \t]*\n?(?P<name>[^\n{]*)|(?P<end>END[ \t_]*SITE\b)[^\n{]*|(?P<open>\{)|(?P<close>\})"
    rf"|OFFSET\b(?P<offset>{_REST})|CHANNELS\b(?P<channels>{_REST})|(?P<motion>MOTION\b)|(?P<other>[^\s{{}}]+)",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"([XYZ])_?(pos|trans|rot|scal)[a-z]*", re.IGNORECASE)
_KINDS = {"pos": "position", "trans": "position", "rot": "rotation", "scal": "scale"}
_MOTION_HEAD = re.compile(
    r"\s*:?\s*Frames?\s*:?\s*(?P<frames>[^\s:]+)\s+Frame\s*Time\s*:?\s*(?P<time>[^\s:]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class BvhNode:
    """One joint of a file.

    Attributes:
        name: name of the joint.
        parent: index of the parent; -1 for a root.
        offset: (3,) vector from the parent.
        channels: names of the channels in order, such as `Zrotation`.
    """

    name: str
    parent: int
    offset: FloatArray
    channels: tuple[str, ...]


@dataclass(frozen=True)
class BvhDocument:
    """The content of a file in its own units.

    Attributes:
        nodes: the joints, parents before children; a file may have several roots.
        frame_time: time from frame to frame, seconds.
        values: (frames, channels of all nodes), angles in degrees.
        end_sites: parent and offset (3,) of each end site.
        hierarchy: the text above the line MOTION.
        notes: one sentence for each departure from the format that was read nevertheless.
    """

    nodes: tuple[BvhNode, ...]
    frame_time: float
    values: FloatArray
    end_sites: tuple[tuple[int, FloatArray], ...] = ()
    hierarchy: str = ""
    notes: tuple[str, ...] = field(default=())

    def positions(self) -> FloatArray:
        """Compute the positions of all nodes, (frames, nodes, 3), by forward kinematics.

        The position channels of a node replace its offset, as in the tools that write them. Its rotations are applied
        in the order of their channels.
        """
        return self.forward()[0]

    def forward(self) -> tuple[FloatArray, FloatArray]:
        """Compute positions as `positions` does, and world rotations (frames, nodes, 4)."""
        frames = len(self.values)
        positions = np.zeros((frames, len(self.nodes), 3))
        rotations = np.zeros((frames, len(self.nodes), 4))
        added = self.positions_are_added()
        column = 0
        for index, node in enumerate(self.nodes):
            step = np.broadcast_to(node.offset, (frames, 3)).copy()
            local = np.broadcast_to([1.0, 0, 0, 0], (frames, 4))
            for channel in node.channels:
                axis = _AXES.index(channel[0])
                if channel.endswith("position"):
                    if not (added and node.parent >= 0):
                        step[:, axis] = self.values[:, column]
                elif channel.endswith("rotation"):
                    vector = np.zeros((frames, 3))
                    vector[:, axis] = np.radians(self.values[:, column])
                    local = rotation.multiply(local, rotation.exp(vector))
                column += 1
            if node.parent < 0:
                positions[:, index], rotations[:, index] = step, local
            else:
                parent = rotations[:, node.parent]
                positions[:, index] = positions[:, node.parent] + rotation.rotate(parent, step)
                rotations[:, index] = rotation.multiply(parent, local)
        return positions, rotations

    def positions_are_added(self) -> bool:
        """Return whether the position channels below the roots are all zero where offsets are not.

        Some tools write what is to be added to the offset. Taken as they stand, all joints would lie in one point.
        """
        column, seen, apart = 0, False, False
        for node in self.nodes:
            for channel in node.channels:
                if node.parent >= 0 and channel.endswith("position"):
                    if self.values[:, column].any():
                        return False
                    seen = True
                    apart |= bool(node.offset.any())
                column += 1
        return seen and apart


_LONGEST_PREFACE = 10_000  # characters before the word HIERARCHY


def parse_bvh(text: str, fps: float | None = None) -> BvhDocument:
    """Parse the text of a `.bvh` file.

    Args:
        text: the text, with `\\n` at the ends of its lines.
        fps: the rate that the user says, for a file whose frame time is none.

    Raises:
        InvalidInput: the text does not follow the format or is truncated; the field names the part.
    """
    start = re.search(r"^\s*HIERARCHY\b", text[:_LONGEST_PREFACE], re.IGNORECASE | re.MULTILINE)  # comments may precede
    if not start:
        raise InvalidInput.of("HIERARCHY", "is missing; a .bvh file starts with this word")
    try:
        nodes, end_sites, motion = _parse_hierarchy(text, start.end())
    except InvalidInput as error:
        if not re.search(r"^[ \t]*MOTION\b", text, re.IGNORECASE | re.MULTILINE):
            raise InvalidInput.of("MOTION", "is missing; the file is truncated") from error
        raise
    if len(nodes) > MAX_NODES:
        raise InvalidInput.of("HIERARCHY", f"has {len(nodes)} joints; must be at most {MAX_NODES}")
    channels = sum(len(node.channels) for node in nodes)
    head = _MOTION_HEAD.match(text, motion)
    if not head:
        words = " ".join(text[motion : motion + 200].split()[:5])
        raise InvalidInput.of("MOTION", f"starts with {words!r}; must be Frames: N, Frame Time: SECONDS")
    frames, frame_time = _number("Frames", head["frames"]), _number("Frame Time", head["time"])
    if frames < 1 or frames != int(frames):
        raise InvalidInput.of("Frames", f"is {head['frames']}; must be a whole number above 0")
    if frames > MAX_FRAMES:
        raise InvalidInput.of("Frames", f"is {head['frames']}; must be at most {MAX_FRAMES}")
    if not frame_time > 1 / sys.float_info.max:
        if fps is None:
            raise InvalidInput.of("Frame Time", f"is {head['time']}; must be seconds above 0, or --input-fps")
        frame_time = 1 / fps
    values, notes = _parse_rows(text[head.end() :], int(frames), channels)
    hierarchy = text[: motion - len("MOTION")]
    return BvhDocument(tuple(nodes), frame_time, values, tuple(end_sites), hierarchy, notes)


def _parse_rows(text: str, frames: int, channels: int) -> tuple[FloatArray, tuple[str, ...]]:
    text = with_decimal_points(text)
    values = _numbers(text.split())
    if len(values) == frames * channels:
        return values.reshape(frames, channels), ()
    # Rows are told apart by their lines, so that one that lacks numbers does not shift all that follow.
    rows = [line.split() for line in text.split("\n") if line.strip()]
    if len(rows) > frames and channels and all(len(row) == channels for row in rows[:frames]):
        beyond = [len(row) for row in rows[frames:]]
        if set(beyond) != {channels}:
            note = (
                f"behind the {frames} frames that the header states are {len(beyond)} rows more, not all of them whole"
            )
            words = [word for row in rows[:frames] for word in row]
            return _numbers(words).reshape(frames, channels), (f"{note}; they were left out",)
    incomplete = len(rows) > 1 and len(rows[-1]) < channels
    complete = rows[:-1] if incomplete else rows
    uneven = next((index for index, row in enumerate(complete) if len(row) != channels), None)
    if uneven is not None or not channels or not complete or 2 * len(complete) <= frames:
        need = f"{frames} frames of {channels} channels need {frames * channels}"
        found = f"holds {len(values)} numbers; {need}"
        if uneven is not None and len(complete) >= frames // 2:
            found += f", and row {uneven + 1} has {len(complete[uneven])}"
        raise InvalidInput.of("MOTION", f"{found}: the file is truncated or damaged")
    cut = ", the last of them cut short, which was left out" if incomplete else ""
    note = f"the header states {frames} frames and there are {len(rows)} rows{cut}; {len(complete)} frames were read"
    return _numbers([word for row in complete for word in row]).reshape(len(complete), channels), (note,)


def _numbers(words: list[str]) -> FloatArray:
    try:
        return np.array(words, dtype=np.float64)
    except ValueError as error:
        raise InvalidInput.of("MOTION", f"holds something that is not a number ({error})") from error


def _parse_hierarchy(text: str, start: int) -> tuple[list[BvhNode], list[tuple[int, FloatArray]], int]:
    """Return the nodes, the end sites, and where the text behind the word MOTION starts."""
    nodes: list[BvhNode] = []
    end_sites: list[tuple[int, FloatArray]] = []
    open_nodes: list[int] = []  # indices into `nodes`; -1 for an end site
    pending: int | None = None  # what the next brace opens
    for word in _WORD.finditer(text, start):
        if pending is not None and not word["open"]:
            raise InvalidInput.of("HIERARCHY", f"has {word[0].strip()!r:.60}; must have '{{' here")
        if word["joint"]:
            parent = open_nodes[-1] if open_nodes else -1
            pending = len(nodes)
            nodes.append(BvhNode(word["name"].strip(), parent, np.zeros(3), ()))
        elif word["end"]:
            if not open_nodes:
                raise _unbalanced()
            end_sites.append((open_nodes[-1], np.zeros(3)))
            pending = -1
        elif word["open"]:
            if pending is None:
                raise InvalidInput.of("HIERARCHY", "has '{'; must have a joint, its offset or its channels here")
            open_nodes.append(pending)
            pending = None
        elif word["motion"]:
            if open_nodes or not nodes:
                raise _unbalanced()
            return nodes, end_sites, word.end()
        elif word["other"]:
            raise InvalidInput.of(
                "HIERARCHY", f"has {word['other']!r:.60}; must have a joint, its offset or its channels here"
            )
        elif not open_nodes:
            raise _unbalanced()
        elif word["close"]:
            open_nodes.pop()
        elif word["offset"] is not None:
            offset = _offset(word["offset"])
            if open_nodes[-1] >= 0:
                nodes[open_nodes[-1]] = replace(nodes[open_nodes[-1]], offset=offset)
            else:
                end_sites[-1] = (end_sites[-1][0], offset)
        elif open_nodes[-1] >= 0:
            node = nodes[open_nodes[-1]]
            nodes[open_nodes[-1]] = replace(node, channels=_channels(node.name, word["channels"].split()))
    raise InvalidInput.of("MOTION", "is missing; the file is truncated")


def _unbalanced() -> InvalidInput:
    return InvalidInput.of("HIERARCHY", "is truncated, or its braces do not match")


def _offset(text: str) -> FloatArray:
    words = with_decimal_points(text).split()
    numbers = [_number("OFFSET", word) for word in words]
    if len(numbers) != 3:
        raise InvalidInput.of("OFFSET", f"is {' '.join(words)!r:.60}; must be three numbers")
    return np.array(numbers)


def _channels(name: str, words: list[str]) -> tuple[str, ...]:
    count = _number("CHANNELS", words[0] if words else "")
    channels = []
    for word in words[1:]:
        found = _CHANNEL.fullmatch(word)
        if not found and len(channels) == count:
            raise InvalidInput.of("HIERARCHY", f"has {word!r:.60}; must have a joint, its offset or its channels here")
        if not found:
            raise InvalidInput.of(f"CHANNELS of {name}", f"have {word!r}; must be like Xposition or Zrotation")
        channels.append(found[1].upper() + _KINDS[found[2].lower()])
    if count != len(channels):
        raise InvalidInput.of(f"CHANNELS of {name}", f"are {len(channels)} for {words[0]}; must be as many as stated")
    return tuple(channels)


def _number(field: str, word: str) -> float:
    try:
        number = float(word.replace(",", "."))
    except ValueError as error:
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a number") from error
    if not np.isfinite(number):
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a finite number")
    return number
