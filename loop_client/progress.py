"""What a run is doing, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


class Progress:
    """A bar over a run's stages, whose text says what is under way.

    Args:
        stages: how many there are in all.
        quiet: show nothing.
    """

    def __init__(self, stages: int, quiet: bool = False):
        self._bar = tqdm(
            total=stages,
            file=sys.stderr,
            disable=quiet,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}% |{bar:24}| {elapsed} {desc}",
        )
        self._what = ""

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if not self._bar.disable:
            self._bar.write(text, file=sys.stderr)

    @contextmanager
    def stage(self, what: str, timing: Callable[[float], None] | None = None) -> Iterator[Callable[[int, int], None]]:
        """Around one stage; yields a function to be told (done, all) within it. `timing` is told its seconds."""
        started = time.perf_counter()
        self._what = what
        self._bar.set_description_str(what)
        yield self._count
        if timing:
            timing(time.perf_counter() - started)
        self._bar.update(1)

    def skip(self) -> None:
        """One stage was done before."""
        self._bar.update(1)

    def _count(self, done: int, of: int) -> None:
        self._bar.set_description_str(f"{self._what} {done}/{of}", refresh=False)
        self._bar.update(0)

    def close(self) -> None:
        self._bar.set_description_str("")
        self._bar.close()
