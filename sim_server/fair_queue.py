"""A bounded queue that is fair among clients.

Clients are served by start-time fair queueing (Goyal, Vin and Cheng, "Start-time fair queuing", SIGCOMM 1996): each
item has a cost, and the client that was served least so far comes next. A client with one motion is therefore not
behind another one's five hundred. Among the items of one client the more urgent ones come first, then the older ones,
so that urgency never costs another client anything.

How much of the queue one client may fill follows from how much is still free (Choudhury and Hahne, "Dynamic queue
length thresholds for shared-memory packet switches", 1998): one client alone has most of the queue, many of them share
it, and there is always some room for the next one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

_SHARE_OF_FREE = 7  # a client may fill so many times what is free: alone 7/8 of the queue

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Sender:
    """Who waits for a motion, and how urgently.

    Attributes:
        client: name of the client; motions of one name share what the client is due.
        priority: order among the client's own motions; higher ones come first.
    """

    client: str = ""
    priority: int = 0


ANYONE = Sender()
"""The sender of motions that nobody tells apart."""


@dataclass
class _Line:
    """What waits for one client.

    Attributes:
        served: the virtual time at which the client has had all that it was given so far.
        keys: heap of (-priority, key); those that left the queue are still in it.
        length: entries that are still in the queue.
    """

    served: float
    keys: list[tuple[int, int]] = field(default_factory=list)
    length: int = 0


class FairQueue(Generic[_Item]):
    """A queue of items of several clients; it must be guarded by its owner's lock.

    Args:
        size: most items that `has_room` lets in.
    """

    def __init__(self, size: int):
        self._size = size
        self._keys = count()
        self._items: dict[int, tuple[_Item, Sender, float]] = {}
        self._lines: dict[str, _Line] = {}
        self._now = 0.0  # virtual time: when the last item to leave was due

    def __len__(self) -> int:
        """Return the number of items that wait."""
        return len(self._items)

    def __iter__(self) -> Iterator[_Item]:
        """Iterate over the items that wait, in the order of their arrival."""
        return iter([item for item, _, _ in self._items.values()])

    def has_room(self, client: str) -> bool:
        """Whether another item of a client fits in."""
        free = self._size - len(self)
        line = self._lines.get(client)
        return free > 0 and (line.length if line else 0) < _SHARE_OF_FREE * free

    def push(self, item: _Item, sender: Sender, cost: float) -> int:
        """Append an item, even if there is no room.

        Args:
            item: what waits.
            sender: whose it is.
            cost: what the client is charged for it, in any unit that is the same for all; above 0.

        Returns:
            A key for `discard`.
        """
        key = next(self._keys)
        line = self._lines.setdefault(sender.client, _Line(self._now))
        self._items[key] = item, sender, cost
        heapq.heappush(line.keys, (-sender.priority, key))
        line.length += 1
        return key

    def pop(self) -> _Item | None:
        """Take out the item whose turn it is; None if none waits."""
        waiting = [line for line in self._lines.values() if line.length]
        if not waiting:
            return None
        # A client that had nothing waiting has no claim to the time in which it was away.
        line = min(waiting, key=lambda each: max(each.served, self._now))
        while line.keys[0][1] not in self._items:
            heapq.heappop(line.keys)
        _, key = heapq.heappop(line.keys)
        item, _, cost = self._items.pop(key)
        line.length -= 1
        self._now = max(line.served, self._now)
        line.served = self._now + cost
        self._forget_idle_clients()
        return item

    def discard(self, key: int) -> None:
        """Remove an item if it still waits; nothing of it stays in memory."""
        if (entry := self._items.pop(key, None)) is not None:
            line = self._lines[entry[1].client]
            line.length -= 1
            if len(line.keys) > 2 * line.length:
                line.keys = [each for each in line.keys if each[1] in self._items]
                heapq.heapify(line.keys)
            self._forget_idle_clients()

    def _forget_idle_clients(self) -> None:
        """Forget the clients that have nothing waiting and are due as much as one that never came."""
        if not self._items:
            self._lines.clear()
        for name in [name for name, line in self._lines.items() if not line.length and line.served <= self._now]:
            del self._lines[name]
