"""Sets of motions with captions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.validation import reorder_joints


def _reordered(motions: Iterable[Motion]) -> Iterator[Motion]:
    for index, motion in enumerate(motions):
        try:
            yield reorder_joints(motion)
        except InvalidInput as error:
            raise error.within(f"motions[{index}]") from error


@dataclass(frozen=True, eq=False)
class MotionSet:
    """An ordered set of motions with their captions and metadata.

    Attributes:
        motions: the motions, each with a unique `name`, which is its id. The constructor puts their joints in the
            order of `motion.skeleton.JOINT_NAMES`.
        captions: the captions of each motion; a motion may have none.
        metadata: the other fields of each motion's line in a packed set.

    Raises:
        InvalidInput: the tuples have different lengths, two motions have the same name, or joint names are unknown.
    """

    motions: tuple[Motion, ...]
    captions: tuple[tuple[str, ...], ...]
    metadata: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "motions", tuple(_reordered(self.motions)))
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
            repeated = sorted({str(name) for name, count in Counter(names).items() if count > 1})
            raise InvalidInput.of("ids", f"{repeated[:3]} occur more than once; must be unique in a set")

    def __len__(self) -> int:
        """Return the number of motions."""
        return len(self.motions)

    def __iter__(self) -> Iterator[Motion]:
        """Iterate over the motions."""
        return iter(self.motions)

    @property
    def ids(self) -> list[str]:
        """The names of the motions."""
        return [motion.name or "" for motion in self.motions]

    def select(self, indices: Sequence[int]) -> MotionSet:
        """Return the set of the motions at `indices`, in that order."""
        return MotionSet(
            tuple(self.motions[i] for i in indices),
            tuple(self.captions[i] for i in indices),
            tuple(self.metadata[i] for i in indices),
        )

    def with_motions(self, motions: Sequence[Motion]) -> MotionSet:
        """Return a set with other motions and the captions and metadata of this one."""
        return MotionSet(tuple(motions), self.captions, self.metadata)

    def content_id(self) -> str:
        """Compute a hexadecimal digest of positions, rates, names and captions; equal sets have equal ids."""
        digest = hashlib.sha256()
        for motion, texts in zip(self.motions, self.captions, strict=True):
            header = [motion.name or "", repr(motion.fps), str(len(motion)), *texts]
            for part in header:
                raw = part.encode()
                digest.update(len(raw).to_bytes(8, "little") + raw)
            digest.update(np.ascontiguousarray(motion.positions, "<f4").tobytes())
        return digest.hexdigest()[:32]
