"""Samples of several requests in common batches.

Which samples share a batch depends on chance: on who asks at the same time. So whoever computes a batch has to see to
it that a row's result does not depend on the others; `generator.loaded_model` does.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_BATCHES_AHEAD = 4
"""Batches' worth of its samples that a request has in the queue, so that those of one shape find each other."""


@dataclass(frozen=True, eq=False)
class Ticket(Generic[_Item, _Result]):
    """A sample that waits for its batch.

    Attributes:
        shape: what samples of one batch have in common.
        item: what to sample.
        result: what came out.
    """

    shape: Hashable
    item: _Item
    result: Future[_Result] = field(default_factory=Future)


class Lanes:
    """Limits how many batches a device computes at the same time.

    Args:
        count: most batches.
    """

    def __init__(self, count: int):
        self._free = count
        self._changed = threading.Condition()

    def acquire(self, unless: Callable[[], bool]) -> bool:
        """Wait for a lane, or for a condition to come true.

        Args:
            unless: asked whenever a lane becomes free.

        Returns:
            Whether a lane was taken; it was not if the condition is true.
        """
        with self._changed:
            self._changed.wait_for(lambda: unless() or self._free > 0)
            if unless():
                return False
            self._free -= 1
            return True

    def release(self) -> None:
        """Give a lane back."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()


class SharedBatches(Generic[_Item, _Result]):
    """Computes samples in batches that whoever waits for one computes for all; there is no thread of its own.

    Args:
        compute: computes at most `rows` items of one shape and returns their results in order.
        rows: most items of a batch.
        lanes: limits the batches that are computed at the same time; batches of several models may share it.
    """

    def __init__(self, compute: Callable[[Sequence[_Item]], Sequence[_Result]], rows: int, lanes: Lanes):
        self._compute = compute
        self._rows = rows
        self._lanes = lanes
        self._lock = threading.Lock()
        self._waiting: list[Ticket[_Item, _Result]] = []

    def stream(self, items: Iterable[tuple[Hashable, _Item]]) -> Iterator[_Result]:
        """Yield the results of a request in order; each is computed when it is asked for, or before, with others.

        Args:
            items: what to compute, each after what it has in common with the others of its batch.
        """
        left, ahead = iter(items), _BATCHES_AHEAD * self._rows
        tickets: deque[Ticket[_Item, _Result]] = deque()
        try:
            while True:
                # Filled up only when half is used, so that the samples of one shape come in groups.
                if len(tickets) <= ahead // 2:
                    tickets.extend(self.submit(*each) for each in islice(left, ahead - len(tickets)))
                if not tickets:
                    return
                yield self.wait(tickets.popleft())
        finally:
            self.withdraw(tickets)

    def submit(self, shape: Hashable, item: _Item) -> Ticket[_Item, _Result]:
        """Put a sample into the queue."""
        ticket = Ticket[_Item, _Result](shape, item)
        with self._lock:
            self._waiting.append(ticket)
        return ticket

    def withdraw(self, tickets: Iterable[Ticket[_Item, _Result]]) -> None:
        """Take samples out of the queue that nobody wants any more."""
        gone = set(map(id, tickets))
        with self._lock:
            self._waiting = [ticket for ticket in self._waiting if id(ticket) not in gone]

    def wait(self, ticket: Ticket[_Item, _Result]) -> _Result:
        """Return the result of a sample, computing its batch unless another caller does so already.

        Raises:
            Exception: whatever the computation of its batch raised.
        """
        # With a lane in hand the batch is as full as it can be; without one, another caller's batch had this sample.
        if self._lanes.acquire(unless=ticket.result.done):
            try:
                self._run(self._take_batch(ticket))
            finally:
                self._lanes.release()
        return ticket.result.result()

    def _take_batch(self, ticket: Ticket[_Item, _Result]) -> list[Ticket[_Item, _Result]]:
        """Take the batch of a ticket out of the queue, with the oldest others of its shape; none if it was taken."""
        with self._lock:
            if not any(other is ticket for other in self._waiting):
                return []
            others = [other for other in self._waiting if other.shape == ticket.shape and other is not ticket]
            batch = [ticket, *others[: self._rows - 1]]
            taken = set(map(id, batch))
            self._waiting = [other for other in self._waiting if id(other) not in taken]
            return batch

    def _run(self, batch: list[Ticket[_Item, _Result]]) -> None:
        """Compute a batch, and hand its results or its error to those who wait."""
        try:
            results = self._compute([ticket.item for ticket in batch]) if batch else ()
        except Exception as error:
            for ticket in batch:
                ticket.result.set_exception(error)
        except BaseException:  # this caller is interrupted; the others of the batch have to compute theirs
            with self._lock:
                self._waiting = batch[1:] + self._waiting
            raise
        else:
            for ticket, result in zip(batch, results, strict=True):
                ticket.result.set_result(result)
