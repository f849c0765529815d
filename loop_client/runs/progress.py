"""The progress of a run, on standard error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tqdm import tqdm


class Progress:
    """A bar over the stages of a run that names the current stage; where it is no terminal, one line for each stage.

    Stages may run side by side in several threads; the bar names the one that was heard of last.

    Args:
        stages: the number of all stages.
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
        self._lock = threading.Lock()

    @contextmanager
    def stage(
        self, title: str, record_seconds: Callable[[float], None] | None = None
    ) -> Iterator[Callable[[int, int], None]]:
        """Show a stage while the block runs it.

        Args:
            title: what is being done.
            record_seconds: called at the end with the seconds that the stage took.

        Yields:
            A function to call with what is done of the stage, and all that there is to do.
        """
        started = time.perf_counter()
        self._bar.set_description_str(title)
        yield partial(self._count, title)
        seconds = time.perf_counter() - started
        if record_seconds:
            record_seconds(seconds)
        done = self.skip()
        if self._plain:
            print(f"{done / self._stages:4.0%} {title}: {seconds:.1f} s", file=sys.stderr, flush=True)

    def skip(self) -> int:
        """Count a stage as done, and return how many are."""
        with self._lock:
            self._done += 1
            self._bar.update(1)
            return self._done

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._bar.set_description_str("")
        self._bar.close()

    def _count(self, title: str, done: int, of: int) -> None:
        self._bar.set_description_str(f"{title} {done}/{of}", refresh=False)
        self._bar.update(0)
