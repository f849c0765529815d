"""Parse the text of Biovision hierarchy files and compute the positions of their joints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput

_AXES = "XYZ"


@dataclass(frozen=True)
class BvhNode:
    """One joint of a file.

    Attributes:
        name: name of the joint.
        parent: index of the parent; -1 for the root.
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
        nodes: the joints, parents before children.
        frame_time: time from frame to frame, seconds.
        values: (frames, channels of all nodes), angles in degrees.
    """

    nodes: tuple[BvhNode, ...]
    frame_time: float
    values: FloatArray

    def positions(self) -> FloatArray:
        """Compute the positions of all nodes, (frames, nodes, 3), by forward kinematics.

        The position channels of a node replace its offset, as in the tools that write them. Its rotations are applied
        in the order of their channels.
        """
        frames = len(self.values)
        positions = np.zeros((frames, len(self.nodes), 3))
        rotations = np.zeros((frames, len(self.nodes), 4))
        column = 0
        for index, node in enumerate(self.nodes):
            step = np.broadcast_to(node.offset, (frames, 3)).copy()
            local = np.broadcast_to([1.0, 0, 0, 0], (frames, 4))
            for channel in node.channels:
                axis = _AXES.index(channel[0])
                if channel.endswith("position"):
                    step[:, axis] = self.values[:, column]
                else:
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
        return positions


def parse_bvh(text: str) -> BvhDocument:
    """Parse the text of a `.bvh` file.

    Args:
        text: the text.

    Raises:
        InvalidInput: the text does not follow the format or is truncated; the field names the part.
    """
    head, found, tail = text.partition("MOTION")
    if not head.lstrip().startswith("HIERARCHY"):
        raise InvalidInput.of("HIERARCHY", "is missing; a .bvh file starts with this word")
    if not found:
        raise InvalidInput.of("MOTION", "is missing; the file is truncated")
    nodes = _parse_hierarchy(iter(head.split()[1:]))
    channels = sum(len(node.channels) for node in nodes)
    words = tail.split()
    if words[:1] != ["Frames:"] or words[2:4] != ["Frame", "Time:"] or len(words) < 5:
        raise InvalidInput.of("MOTION", f"starts with {' '.join(words[:5])!r}; must be Frames: N, Frame Time: SECONDS")
    frames, frame_time = _number("Frames", words[1]), _number("Frame Time", words[4])
    if frames < 1 or frames != int(frames):
        raise InvalidInput.of("Frames", f"is {words[1]}; must be a whole number above 0")
    if not frame_time > 1 / sys.float_info.max:
        raise InvalidInput.of("Frame Time", f"is {words[4]}; must be seconds above 0")
    try:
        values = np.array(words[5:], dtype=np.float64)
    except ValueError as error:
        raise InvalidInput.of("MOTION", f"holds something that is not a number ({error})") from error
    if len(values) != int(frames) * channels:
        need = f"{int(frames)} frames of {channels} channels need {int(frames) * channels}"
        raise InvalidInput.of("MOTION", f"holds {len(values)} numbers; {need}: the file is truncated or damaged")
    return BvhDocument(tuple(nodes), frame_time, values.reshape(int(frames), channels))


def _parse_hierarchy(words: Iterator[str]) -> list[BvhNode]:
    nodes: list[BvhNode] = []
    open_nodes: list[int] = []  # indices into `nodes`; -1 for an end site
    try:
        for word in words:
            if word in ("ROOT", "JOINT"):
                parent = open_nodes[-1] if open_nodes else -1
                nodes.append(BvhNode(next(words), parent, np.zeros(3), ()))
                _expect(words, "{")
                open_nodes.append(len(nodes) - 1)
            elif word == "End":
                _expect(words, "Site")
                _expect(words, "{")
                open_nodes.append(-1)
            elif word == "OFFSET":
                offset = np.array([_number("OFFSET", next(words)) for _ in range(3)])
                if open_nodes and open_nodes[-1] >= 0:
                    node = nodes[open_nodes[-1]]
                    nodes[open_nodes[-1]] = replace(node, offset=offset)
            elif word == "CHANNELS":
                count = int(_number("CHANNELS", next(words)))
                channels = tuple(next(words) for _ in range(count))
                node = nodes[open_nodes[-1]]
                _check_channels(node.name, channels)
                nodes[open_nodes[-1]] = replace(node, channels=channels)
            elif word == "}":
                open_nodes.pop()
            else:
                raise InvalidInput.of("HIERARCHY", f"has {word!r}; must have a joint, its offset or its channels here")
    except (StopIteration, RuntimeError, IndexError) as error:
        raise InvalidInput.of("HIERARCHY", "is truncated, or its braces do not match") from error
    if open_nodes or not nodes:
        raise InvalidInput.of("HIERARCHY", "is truncated, or its braces do not match")
    return nodes


def _check_channels(name: str, channels: tuple[str, ...]) -> None:
    for channel in channels:
        if channel[0] not in _AXES or channel[1:] not in ("position", "rotation"):
            raise InvalidInput.of(f"CHANNELS of {name}", f"have {channel!r}; must be like Xposition or Zrotation")


def _expect(words: Iterator[str], wanted: str) -> None:
    word = next(words)
    if word != wanted:
        raise InvalidInput.of("HIERARCHY", f"has {word!r}; must have {wanted!r} here")


def _number(field: str, word: str) -> float:
    try:
        number = float(word)
    except ValueError as error:
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a number") from error
    if not np.isfinite(number):
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a finite number")
    return number
