"""Samples of any number of prompts in a folder of packed sets, which a run that was ended goes on with.

A sample depends on its own prompt, length and index alone, so it has the same bytes whenever it is computed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from motion import __version__
from motion.formats.packed import write_packed
from motion.formats.shard_folder import ShardFolder
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import ProgressCallback, SampleOptions

_MANIFEST = "samples.json"


class Sampler(Protocol):
    """What samples: a generator, or a Ray cluster."""

    def sample(
        self, prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions, *, start_index: int
    ) -> Iterator[Motion]:
        """Yield the samples from an index on; see `motion.protocols.Generator.sample`."""
        ...


@dataclass(frozen=True)
class SampleShards:
    """Many samples of one request, to be written in shards.

    Attributes:
        prompts: descriptions of the motions.
        frames: frames of each motion.
        seed: seed of all of them.
        options: how to sample; the checkpoint is named.
        size: motions in a shard, at most.
    """

    prompts: Sequence[str]
    frames: int
    seed: int
    options: SampleOptions
    size: int

    def write(self, folder: Path, sampler: Sampler, progress: ProgressCallback) -> int:
        """Sample what is not there yet, and return the number of motions that were sampled.

        Args:
            folder: where the shards are written; what an earlier run of the same samples has left is kept.
            sampler: what samples.
            progress: called with (done, all) after each motion.

        Raises:
            InvalidInput: the folder holds something else, or samples that were made in another way; or the sampler
                refuses the request.
        """
        shards = ShardFolder(folder, _MANIFEST, self._way())
        start = 0
        while start < len(self.prompts) and shards.is_done(start // self.size):
            start += self.size
        start = min(start, len(self.prompts))
        progress(start, len(self.prompts))
        if start == len(self.prompts):
            return 0
        lengths = [self.frames] * len(self.prompts)
        samples = sampler.sample(self.prompts, lengths, self.seed, self.options, start_index=start)
        for first in range(start, len(self.prompts), self.size):
            mine = range(first, min(first + self.size, len(self.prompts)))
            motions: list[Motion] = []
            for index, motion in zip(mine, islice(samples, len(mine)), strict=True):
                motions.append(replace(motion, name=f"sample_{index:06d}"))
                progress(index + 1, len(self.prompts))
            captions = tuple((self.prompts[index],) for index in mine)
            write_packed(shards.shard_path(first // self.size), MotionSet(tuple(motions), captions))
        return len(self.prompts) - start

    def _way(self) -> dict[str, object]:
        prompts = hashlib.sha256(json.dumps(list(self.prompts)).encode()).hexdigest()
        return {
            "checkpoint": self.options.checkpoint,
            "guidance": self.options.guidance,
            "steps": self.options.steps,
            "seed": self.seed,
            "frames": self.frames,
            "prompts": prompts,
            "shard_size": self.size,
            "version": __version__,
            "format": 1,
        }
