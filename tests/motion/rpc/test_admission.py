"""What a server has under way is counted exactly, whatever the order of calls, refusals and cancellations."""

from __future__ import annotations

import asyncio
import random

import pytest

from motion.errors import Overloaded
from motion.rpc.admission import Admission, ByteBudget
from motion.rpc.server_settings import Limits, Quotas
from motion.rpc.tokens import Client

ALICE, BOB = (Client(name, frozenset({"correct"})) for name in ("alice", "bob"))


def test_calls_and_bytes_beyond_the_limits_are_refused_until_others_end() -> None:
    admission = Admission(Limits(calls=2, pending_bytes=100))
    with admission.call(ALICE):
        with admission.call(BOB):
            with pytest.raises(Overloaded, match="2 calls"), admission.call(ALICE):
                pass
            with admission.message(60), pytest.raises(Overloaded, match="MiB of requests"), admission.message(50):
                pass
        with admission.call(ALICE), admission.message(100):
            pass
    # A single request is never refused for its size: that is what the limit of a message is for.
    with admission.message(1000):
        pass


def test_one_client_at_its_limit_does_not_stop_another_and_leaves_no_trace() -> None:
    admission = Admission(Limits(client=Quotas(calls=1)))
    with admission.call(ALICE):
        with pytest.raises(Overloaded, match="alice"), admission.call(ALICE):
            pass
        with admission.call(BOB):
            pass
        assert list(admission._usages) == ["alice"]
    assert not admission._usages


def test_quotas_of_a_client_replace_the_defaults_at_its_next_call() -> None:
    admission = Admission(Limits(client=Quotas(calls=1)))
    favoured = Client("alice", ALICE.rights, Quotas(calls=2))
    with admission.call(ALICE), admission.call(favoured), pytest.raises(Overloaded), admission.call(favoured):
        pass


def test_bytes_are_handed_out_in_turn_and_never_beyond_the_budget() -> None:
    async def run() -> None:
        budget, held, peak, order = ByteBudget(100), 0, 0, []
        rng = random.Random(0)

        async def use(number: int, size: int) -> None:
            nonlocal held, peak
            await budget.acquire(size)
            order.append(number)
            held += size
            peak = max(peak, held)
            try:
                await asyncio.sleep(rng.random() * 0.002)
            finally:
                held -= size
                budget.release(size)

        tasks = [asyncio.create_task(use(number, rng.randint(1, 100))) for number in range(60)]
        await asyncio.sleep(0.003)
        cancelled = {number for number in range(60) if number % 7 == 3 and tasks[number].cancel()}
        await asyncio.gather(*tasks, return_exceptions=True)
        assert held == 0 and budget._left == 100
        assert peak <= 100 and order == sorted(order) and set(range(60)) - cancelled <= set(order)

    asyncio.run(run())


def test_a_waiter_that_is_cancelled_leaves_its_bytes_to_the_others() -> None:
    async def run() -> None:
        budget = ByteBudget(10)
        await budget.acquire(10)
        first, second = (asyncio.create_task(budget.acquire(6)) for _ in range(2))
        await asyncio.sleep(0)
        budget.release(10)  # hands the bytes to the first, which is cancelled before it runs again
        first.cancel()
        await asyncio.wait_for(second, 1)
        budget.release(6)
        await asyncio.wait_for(budget.acquire(10), 1)
        assert first.cancelled() and budget._left == 0

    asyncio.run(run())


def test_a_request_larger_than_the_budget_is_taken_alone() -> None:
    async def run() -> None:
        budget = ByteBudget(10)
        await asyncio.wait_for(budget.acquire(50), 1)
        waiting = asyncio.create_task(budget.acquire(1))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        budget.release(50)
        await asyncio.wait_for(waiting, 1)

    asyncio.run(run())
