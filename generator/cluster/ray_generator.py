"""A generator whose samples are computed on a Ray cluster, to be served like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from motion.motion import Motion
from motion.protocols import Generator, SampleOptions


class ClusterSampler(Protocol):
    """What samples on a cluster; `generator.cluster.ray_sampler.RaySampler` does."""

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int,
        options: SampleOptions,
        *,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Sample the motions of a checked request from an index on, and yield them in order."""
        ...


class RayGenerator:
    """Samples on a cluster and does everything else here; satisfies `motion.protocols.Generator`.

    Samples are the same as those of the generator here, byte by byte, where the nodes compute on the same kind of
    device. Data sets are stored and models are trained here, in the store that the nodes see too.

    Args:
        generator: the generator here.
        sampler: what samples on the cluster, from the same store.

    Attributes:
        describe: that of the generator here.
        upload: that of the generator here.
        fit: that of the generator here.
        parallel_samples: how many requests a service should sample at the same time.
    """

    parallel_samples = 64

    def __init__(self, generator: Generator, sampler: ClusterSampler):
        self._generator = generator
        self._sampler = sampler
        self.describe = generator.describe
        self.upload = generator.upload
        self.fit = generator.fit

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Sample one motion per prompt on the cluster; see `motion.protocols.Generator.sample`.

        Raises:
            InvalidInput: if a prompt, a length or an option is invalid.
            NotFound: if there is no such checkpoint.
        """
        options = options or SampleOptions()
        # The default may change while the tasks wait; all of a request are of one checkpoint.
        named = replace(options, checkpoint=options.checkpoint or self.describe().default_checkpoint)
        # The generator here checks the request, and computes nothing before its first motion is asked for.
        self._generator.sample(prompts, lengths, seed, named, start_index)
        return self._sampler.sample(prompts, lengths, seed, named, start_index=start_index)
