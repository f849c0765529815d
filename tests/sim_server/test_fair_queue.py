"""The queue is fair among clients, in order within one, and bounded for each."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sim_server.fair_queue import ANYONE, FairQueue, Sender


def _popped(queue: FairQueue) -> list:
    items = []
    while (item := queue.pop()) is not None:
        items.append(item)
    return items


def test_items_of_one_client_come_in_the_order_of_their_urgency_and_then_of_their_arrival() -> None:
    queue: FairQueue[str] = FairQueue(10)
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", -1), ("e", 5)):
        queue.push(name, Sender("one", priority), 1.0)
    assert _popped(queue) == ["b", "e", "a", "c", "d"]


def test_one_motion_is_not_behind_five_hundred_of_another_client() -> None:
    queue: FairQueue[str] = FairQueue(1000)
    for _ in range(500):
        queue.push("many", Sender("many", 100), 5.0)
    assert [queue.pop() for _ in range(3)] == ["many"] * 3
    queue.push("one", Sender("one"), 5.0)
    assert "one" in [queue.pop(), queue.pop()]


@given(
    costs=st.lists(st.lists(st.floats(0.5, 8.0), min_size=20, max_size=20), min_size=2, max_size=4),
    taken=st.integers(1, 60),
)
def test_clients_that_all_wait_are_served_alike_whatever_their_items_cost(costs: list[list[float]], taken: int) -> None:
    queue: FairQueue[tuple[str, float]] = FairQueue(1000)
    for index in range(20):
        for client, own in enumerate(costs):
            queue.push((str(client), own[index]), Sender(str(client)), own[index])
    served, left = Counter[str](), Counter({str(client): 20 for client in range(len(costs))})
    for _ in range(taken):
        if min(left.values()) == 0:
            return
        client, cost = queue.pop() or ("", 0.0)
        served[client] += cost
        left[client] -= 1
        assert max(served.values()) - min(served[name] for name in left) <= 8.0 + 8.0


def test_a_client_gains_nothing_by_coming_one_at_a_time() -> None:
    queue: FairQueue[str] = FairQueue(100)
    for _ in range(20):
        queue.push("many", Sender("many"), 1.0)
    order = []
    for _ in range(10):
        queue.push("one", Sender("one"), 1.0)
        order += [queue.pop(), queue.pop()]
    assert all(set(pair) == {"many", "one"} for pair in zip(order[::2], order[1::2], strict=True))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=120))
def test_there_is_always_room_for_a_newcomer_until_the_queue_is_full(steps: list[tuple[str, bool]]) -> None:
    queue: FairQueue[str] = FairQueue(32)
    for client, leaves in steps:
        if leaves:
            queue.pop()
        elif queue.has_room(client):
            queue.push(client, Sender(client), 1.0)
        assert len(queue) <= 32 and (queue.has_room("newcomer") or len(queue) == 32)
    counts = Counter(queue)
    assert max(counts.values(), default=0) <= 28


def test_a_queue_of_two_can_be_filled_by_one_client() -> None:
    queue: FairQueue[int] = FairQueue(2)
    for number in range(2):
        assert queue.has_room("")
        queue.push(number, ANYONE, 1.0)
    assert not queue.has_room("")


@given(st.lists(st.integers(0, 30), max_size=30), st.lists(st.integers(0, 29), max_size=30))
def test_what_was_discarded_never_comes_and_the_rest_keeps_its_order(priorities: list[int], gone: list[int]) -> None:
    queue: FairQueue[int] = FairQueue(100)
    keys = [queue.push(index, Sender("", priority), 1.0) for index, priority in enumerate(priorities)]
    for index in gone:
        if index < len(keys):
            queue.discard(keys[index])
            queue.discard(keys[index])
    rest = _popped(queue)
    assert set(rest) == set(range(len(priorities))) - set(gone)
    assert all((-priorities[a], a) < (-priorities[b], b) for a, b in pairwise(rest))
    assert len(queue) == 0 and not queue._lines


def test_a_discarded_item_leaves_memory_at_once() -> None:
    class Item:
        pass

    queue: FairQueue[Item] = FairQueue(4)
    item = Item()
    left = weakref.ref(item)
    key = queue.push(item, ANYONE, 1.0)
    gc.disable()
    try:
        del item
        queue.discard(key)
        assert left() is None
    finally:
        gc.enable()
