"""The results of many calls, which come in any order: put in order, counted, and kept where an error ends them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from typing import TypeVar

from motion.errors import PlumbError
from motion.protocols import ProgressCallback

_Result = TypeVar("_Result")


class ResultOrder:
    """Holds results back until all before them were there."""

    def __init__(self) -> None:
        self._held: dict[int, object] = {}
        self._next = 0

    def ready(self, index: int, result: _Result) -> Iterator[tuple[int, _Result]]:
        """Take a result, and yield those whose turn has come."""
        self._held[index] = result
        while self._next in self._held:
            self._next += 1
            yield self._next - 1, self._held.pop(self._next - 1)  # pyright: ignore[reportReturnType]


def in_order(results: Generator[tuple[int, _Result], None, None]) -> Generator[tuple[int, _Result], None, None]:
    """Yield results in the order of their indices."""
    order = ResultOrder()
    with closing(results):
        for index, result in results:
            yield from order.ready(index, result)


async def in_order_async(
    results: AsyncGenerator[tuple[int, _Result], None],
) -> AsyncGenerator[tuple[int, _Result], None]:
    """Yield results in the order of their indices."""
    order = ResultOrder()
    async with aclosing(results):
        async for index, result in results:
            for pair in order.ready(index, result):
                yield pair


def collect(
    results: Generator[tuple[int, _Result], None, None], count: int, progress: ProgressCallback | bool | None
) -> list[_Result]:
    """Return all results in the order of their indices.

    Args:
        results: pairs of an index and a result, in any order.
        count: number of results.
        progress: called with the numbers of results (done, all); True shows a bar on stderr.

    Raises:
        PlumbError: what ended the results; its attribute `finished` has those that had come, by index.
    """
    found: dict[int, _Result] = {}
    with closing(results), _shown(progress) as show, keeping(found):
        for index, result in results:
            found[index] = result
            if show:
                show(len(found), count)
    return [found[index] for index in range(count)]


async def collect_async(
    results: AsyncGenerator[tuple[int, _Result], None], count: int, progress: ProgressCallback | bool | None
) -> list[_Result]:
    """Return all results in the order of their indices; see `collect`."""
    found: dict[int, _Result] = {}
    async with aclosing(results):
        with _shown(progress) as show, keeping(found):
            async for index, result in results:
                found[index] = result
                if show:
                    show(len(found), count)
    return [found[index] for index in range(count)]


@contextmanager
def keeping(found: dict[int, _Result]) -> Iterator[None]:
    """Give what was found to a `PlumbError` that ends the block, as its attribute `finished`."""
    try:
        yield
    except PlumbError as error:
        error.finished = dict(found)
        raise


@contextmanager
def _shown(progress: ProgressCallback | bool | None) -> Iterator[ProgressCallback | None]:
    if progress is True:
        from motion.shell.command import progress_bar

        with progress_bar("motions") as bar:
            yield bar
    else:
        yield progress or None
