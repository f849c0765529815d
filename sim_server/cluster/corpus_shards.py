"""The motions of many files as shards of a chosen size, read one file at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput, NotFound
from motion.formats.files import read_file
from motion.formats.members import keep_valid
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.motion import Motion
from motion.motion_set import MotionSet
from sim_server.control_rate import check_correctable

_Member = tuple[Motion, tuple[str, ...], dict[str, Any]]


class CorpusReader:
    """Reads the inputs of a corpus in their order, and leaves out what cannot be used.

    Args:
        inputs: motions, packed sets or folders.
        options: what the user says about them.

    Attributes:
        notes: sentences about what was guessed, put right or left out so far.
        unreadable: number of inputs and members that were left out so far.
    """

    def __init__(self, inputs: Sequence[Path], options: ReadOptions = DEFAULT_OPTIONS):
        self._inputs = inputs
        self._options = options
        self.notes: list[str] = []
        self.unreadable = 0

    def shards(self, size: int) -> Iterator[MotionSet]:
        """Yield the motions in sets of at most `size`; a name that is there already begins a new set.

        Args:
            size: motions in a set, at most.

        Raises:
            InvalidInput: `size` is below 1, or no input can be used.
        """
        if size < 1:
            raise InvalidInput.of("--shard-size", f"is {size}; must be at least 1")
        yield from _cut(self._members(), size)

    def _members(self) -> Iterator[_Member]:
        errors: list[InvalidInput | NotFound] = []
        for path in self._inputs:
            try:
                source = keep_valid(read_file(path, options=self._options), check_correctable)
            except (InvalidInput, NotFound) as error:
                errors.append(error)
                self.notes.append(f"left out: {error}")
                self.unreadable += 1
                continue
            self.notes += source.named_notes()
            self.unreadable += source.unreadable
            motions = source.motions
            for motion, captions, metadata in zip(motions, motions.captions, motions.metadata, strict=True):
                yield motion, captions, {"source": str(path), **metadata}
        if len(errors) == len(self._inputs):
            raise errors[0] if errors else InvalidInput.of("IN", "names no file; must be at least one")


def _cut(members: Iterable[_Member], size: int) -> Iterator[MotionSet]:
    shard: dict[str | None, _Member] = {}
    for member in members:
        if len(shard) == size or member[0].name in shard:
            yield _set_of(shard.values())
            shard = {}
        shard[member[0].name] = member
    if shard:
        yield _set_of(shard.values())


def _set_of(members: Iterable[_Member]) -> MotionSet:
    motions, captions, metadata = zip(*members, strict=True)
    return MotionSet(motions, captions, metadata)
