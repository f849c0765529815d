"""What corrects the shards of a corpus: any corrector, or something with many of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector, CorrectorInfo
from motion.report import Correction

_AHEAD = 3  # so that the slots of the corrector stay full between two shards


class ShardExecutor(Protocol):
    """Corrects shards, several at a time."""

    @property
    def window(self) -> int:
        """Shards that are worth handing over before the first one is done."""
        ...

    def describe(self) -> CorrectorInfo:
        """Return what corrects."""
        ...

    def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
        """Hand over the motions of a shard, and return a future of their corrections in the same order."""
        ...


class CorrectorExecutor:
    """Corrects shards by a corrector, which may be in this process or a service.

    Args:
        corrector: the corrector.
    """

    window = _AHEAD

    def __init__(self, corrector: Corrector):
        self._corrector = corrector
        self._threads = ThreadPoolExecutor(_AHEAD, thread_name_prefix="shard")

    def describe(self) -> CorrectorInfo:
        """Return the description of the corrector."""
        return self._corrector.describe()

    def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
        """Hand over the motions of a shard; see `ShardExecutor.submit`."""
        return self._threads.submit(self._corrector.correct, motions, seed, options)

    def __enter__(self) -> CorrectorExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
