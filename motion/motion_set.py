"""Sets of motions with captions: what generators are trained on and correctors are run over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.validation import in_order


def _in_order(motions: Iterable[Motion]) -> Iterator[Motion]:
    for index, motion in enumerate(motions):
        try:
            yield in_order(motion)
        except InvalidInput as error:
            raise error.within(f"motions[{index}]") from error


@dataclass(frozen=True, eq=False)
class MotionSet:
    """Motions in order, each with its captions and whatever else is known about it.

    Attributes:
        motions: each with a `name` that is unique in the set (its id), and with its joints in our order, whatever
            order they came in.
        captions: for each motion, its captions; may be empty.
        metadata: for each motion, the other fields of its JSONL line; empty when there are none.

    Raises:
        InvalidInput: the lists have different lengths, two motions have one name, or joint names are not ours.
    """

    motions: tuple[Motion, ...]
    captions: tuple[tuple[str, ...], ...]
    metadata: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "motions", tuple(_in_order(self.motions)))
        object.__setattr__(self, "captions", tuple(tuple(texts) for texts in self.captions))
        object.__setattr__(self, "metadata", tuple(self.metadata) or tuple({} for _ in self.motions))
        if len(self.captions) != len(self.motions) or len(self.metadata) != len(self.motions):
            raise InvalidInput.of(
                "captions",
                f"{len(self.motions)} motions, but {len(self.captions)} lists of captions and {len(self.metadata)} "
                "of metadata; must be one of each for every motion",
            )
        names = [motion.name for motion in self.motions]
        if len(set(names)) != len(names):
            twice = sorted({str(name) for name in names if names.count(name) > 1})
            raise InvalidInput.of("ids", f"{twice[:3]} stand more than once; must be unique in a set")

    def __len__(self) -> int:
        return len(self.motions)

    def __iter__(self) -> Iterator[Motion]:
        return iter(self.motions)

    @property
    def ids(self) -> list[str]:
        return [motion.name or "" for motion in self.motions]

    def select(self, indices: Sequence[int]) -> MotionSet:
        """The motions at `indices`, in that order."""
        return MotionSet(
            tuple(self.motions[i] for i in indices),
            tuple(self.captions[i] for i in indices),
            tuple(self.metadata[i] for i in indices),
        )

    def with_motions(self, motions: Sequence[Motion]) -> MotionSet:
        """The same captions and metadata with other motions."""
        return MotionSet(tuple(motions), self.captions, self.metadata)

    def content_id(self) -> str:
        """A hexadecimal digest of positions, rates, names and captions; equal sets have equal ids."""
        digest = hashlib.sha256()
        for motion, texts in zip(self.motions, self.captions, strict=True):
            header = [motion.name or "", repr(motion.fps), str(len(motion)), *texts]
            for part in header:
                raw = part.encode()
                digest.update(len(raw).to_bytes(8, "little") + raw)
            digest.update(np.ascontiguousarray(motion.positions, "<f4").tobytes())
        return digest.hexdigest()[:32]
