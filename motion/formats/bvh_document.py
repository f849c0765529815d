"""The Biovision hierarchy format itself: its text, and where its joints are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from motion import rotation
from motion.errors import InvalidInput

_AXES = "XYZ"


@dataclass(frozen=True)
class BvhNode:
    """One joint of the file: `offset` (3,) from its parent, and its channels in order, such as `Zrotation`."""

    name: str
    parent: int
    offset: np.ndarray
    channels: tuple[str, ...]


@dataclass(frozen=True)
class BvhDocument:
    """What a file says, in its own units: `values` is (frames, sum of channels), angles in degrees."""

    nodes: tuple[BvhNode, ...]
    frame_time: float
    values: np.ndarray

    def positions(self) -> np.ndarray:
        """Positions of all nodes by forward kinematics, (frames, nodes, 3).

        A node's position channels stand for its offset, as in the tools that write them; its rotations are applied
        in the order of their channels.
        """
        frames = len(self.values)
        positions = np.zeros((frames, len(self.nodes), 3))
        turns = np.zeros((frames, len(self.nodes), 4))
        column = 0
        for index, node in enumerate(self.nodes):
            step = np.broadcast_to(node.offset, (frames, 3)).copy()
            turn = np.broadcast_to([1.0, 0, 0, 0], (frames, 4))
            for channel in node.channels:
                axis = _AXES.index(channel[0])
                if channel.endswith("position"):
                    step[:, axis] = self.values[:, column]
                else:
                    vector = np.zeros((frames, 3))
                    vector[:, axis] = np.radians(self.values[:, column])
                    turn = rotation.multiply(turn, rotation.exp(vector))
                column += 1
            if node.parent < 0:
                positions[:, index], turns[:, index] = step, turn
            else:
                parent = turns[:, node.parent]
                positions[:, index] = positions[:, node.parent] + rotation.rotate(parent, step)
                turns[:, index] = rotation.multiply(parent, turn)
        return positions


def parse_bvh(text: str) -> BvhDocument:
    """Parse the text of a `.bvh` file.

    Raises:
        InvalidInput: it does not follow the format, or is cut short; the field says in which part.
    """
    head, found, tail = text.partition("MOTION")
    if not head.lstrip().startswith("HIERARCHY"):
        raise InvalidInput.of("HIERARCHY", "is missing; a .bvh file starts with this word")
    if not found:
        raise InvalidInput.of("MOTION", "is missing; the file is cut short")
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
        raise InvalidInput.of("MOTION", f"holds something that is no number ({error})") from error
    if len(values) != int(frames) * channels:
        need = f"{int(frames)} frames of {channels} channels need {int(frames) * channels}"
        raise InvalidInput.of("MOTION", f"holds {len(values)} numbers; {need}: the file is cut short or damaged")
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
                raise InvalidInput.of("HIERARCHY", f"has {word!r} where a joint, its offset or its channels must be")
    except (StopIteration, RuntimeError, IndexError) as error:
        raise InvalidInput.of("HIERARCHY", "is cut short, or its braces do not match") from error
    if open_nodes or not nodes:
        raise InvalidInput.of("HIERARCHY", "is cut short, or its braces do not match")
    return nodes


def _check_channels(name: str, channels: tuple[str, ...]) -> None:
    for channel in channels:
        if channel[0] not in _AXES or channel[1:] not in ("position", "rotation"):
            raise InvalidInput.of(f"CHANNELS of {name}", f"have {channel!r}; must be like Xposition or Zrotation")


def _expect(words: Iterator[str], wanted: str) -> None:
    word = next(words)
    if word != wanted:
        raise InvalidInput.of("HIERARCHY", f"has {word!r} where {wanted!r} must be")


def _number(field: str, word: str) -> float:
    try:
        number = float(word)
    except ValueError as error:
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a number") from error
    if not np.isfinite(number):
        raise InvalidInput.of(field, f"is {word!r:.40}; must be a finite number")
    return number
