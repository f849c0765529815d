"""What a run is doing, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


class Progress:
    """A bar over a run's stages, whose text says what is under way; where it is no terminal, a line a stage.

    Args:
        stages: how many there are in all.
        quiet: show nothing.
    """

    def __init__(self, stages: int, quiet: bool = False):
        self._plain = not quiet and not sys.stderr.isatty()
        self._bar = tqdm(
            total=stages,
            file=sys.stderr,
            disable=quiet or self._plain,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}% |{bar:24}| {elapsed} {desc}",
        )
        self._stages = stages
        self._done = 0
        self._what = ""

    @contextmanager
    def stage(self, what: str, timing: Callable[[float], None] | None = None) -> Iterator[Callable[[int, int], None]]:
        """Around one stage; yields a function to be told (done, all) within it. `timing` is told its seconds."""
        started = time.perf_counter()
        self._what = what
        self._bar.set_description_str(what)
        yield self._count
        seconds = time.perf_counter() - started
        if timing:
            timing(seconds)
        self.skip()
        if self._plain:
            print(f"{self._done / self._stages:4.0%} {what}: {seconds:.1f} s", file=sys.stderr, flush=True)

    def skip(self) -> None:
        """One stage is done, now or before."""
        self._done += 1
        self._bar.update(1)

    def _count(self, done: int, of: int) -> None:
        self._bar.set_description_str(f"{self._what} {done}/{of}", refresh=False)
        self._bar.update(0)

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._bar.set_description_str("")
        self._bar.close()
