"""`RemoteCorrector` against servers that are slow, full, or not sim servers at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from corrector_calls import served, wait_until
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector, RemoteGenerator
from motion.errors import InvalidInput, Overloaded, PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.rpc.async_corrector_client import AsyncRemoteCorrector
from sim_server.fair_queue import Sender


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(SmoothingCorrector()) as address:
        yield address


def test_a_timeout_raises_one_sentence_in_the_client() -> None:
    with served(SmoothingCorrector(delay=1.0)) as address, RemoteCorrector(address, timeout=0.1) as client:
        with pytest.raises(ServiceUnavailable, match=f"sim server at {address} did not answer"):
            client.correct([sway()])


def test_the_client_gets_all_motions_corrected_by_a_server_with_a_short_queue() -> None:
    corrector = SmoothingCorrector(delay=0.005, threads=2, queue_size=3)
    motions = [sway(16, seed, name=str(seed)) for seed in range(40)]
    with served(corrector) as address, RemoteCorrector(address) as client:
        assert [c.motion.name for c in client.correct(motions)] == [motion.name for motion in motions]
    assert corrector.most_waiting <= 3


def test_the_client_gives_up_on_a_server_that_stays_overloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motion.rpc.bulk_calls._OVERLOAD_TIMEOUT_S", 0.3)
    with served(SmoothingCorrector(queue_size=0)) as address, RemoteCorrector(address) as client:
        with pytest.raises(Overloaded, match=f"sim server at {address}"):
            client.correct([sway()])


def test_an_interrupt_of_the_client_cancels_the_remaining_motions() -> None:
    corrector = SmoothingCorrector(delay=0.05, threads=1)
    with served(corrector) as address, RemoteCorrector(address) as client:

        def interrupt(done: float, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.correct([sway(16, seed) for seed in range(30)], progress=interrupt)
        wait_until(lambda: corrector._waiting == 0)
    assert corrector.started < 10


def test_clients_of_one_server_get_their_own_motions_back(address: str) -> None:
    results: dict[int, list[str | None]] = {}

    def work(number: int) -> None:
        with RemoteCorrector(address) as client:
            motions = [sway(16, seed, name=f"{number}-{seed}") for seed in range(10)]
            results[number] = [correction.motion.name for correction in client.correct(motions)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [f"{number}-{seed}" for seed in range(10)] for number in range(3)}


def test_a_bar_is_shown_on_request_where_there_is_a_terminal(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with RemoteCorrector(address) as client:
        assert len(client.correct([sway(), sway(25)], progress=True)) == 2
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert len(client.score([sway()], progress=True)) == 1
    assert "motions [" in capsys.readouterr().err


def test_an_error_has_what_was_finished_before_it(address: str) -> None:
    motions = [sway(16, seed, name=str(seed)) for seed in range(9)]
    with RemoteCorrector(address, in_flight=1) as client:
        with pytest.raises(InvalidInput) as refused:
            client.correct([*motions, sway(3)])
        with pytest.raises(PlumbError) as failed:
            client.correct([*motions, sway(16, name="defect")])
    assert not getattr(refused.value, "finished", {})
    finished = failed.value.finished  # pyright: ignore[reportAttributeAccessIssue]
    assert {index: correction.motion.name for index, correction in finished.items()} == {
        index: str(index) for index in range(9)
    }


class _Listening(SmoothingCorrector):
    """Notes who sent each motion."""

    def __init__(self) -> None:
        super().__init__()
        self.senders: list[Sender] = []

    def submit_for(self, sender: Sender, motion: Motion, seed: int, options: CorrectionOptions) -> Future[Correction]:
        self.senders.append(sender)
        return self.submit(motion, seed, options)


def test_the_priority_of_a_client_goes_with_every_motion() -> None:
    corrector = _Listening()

    async def ask(address: str) -> None:
        async with AsyncRemoteCorrector(address, priority=-7) as client:
            await client.correct([sway()])

    with served(corrector) as address:
        with RemoteCorrector(address, priority=5) as client:
            client.correct([sway(), sway()])
        with RemoteCorrector(address) as client:
            client.correct([sway()])
        asyncio.run(ask(address))
        for opened in (RemoteCorrector, AsyncRemoteCorrector):
            with pytest.raises(InvalidInput, match="priority: is 101; must be from -100 to 100"):
                opened(address, priority=101)
    assert [sender.priority for sender in corrector.senders] == [5, 5, 0, -7]
    assert len({sender.client for sender in corrector.senders}) == 1


def test_a_seed_of_more_than_64_bits_is_refused_before_it_is_sent(address: str) -> None:
    with RemoteCorrector(address) as client, pytest.raises(InvalidInput, match="seed"):
        client.correct([sway()], seed=2**63)


def test_the_error_says_that_another_service_is_at_the_address() -> None:
    with served(SmoothingCorrector()) as address, RemoteGenerator(address) as client:
        with pytest.raises(ServiceUnavailable, match=f"what answers is no generator at {address}"):
            client.describe()


@pytest.mark.parametrize(
    "address", ["", "localhost", "localhost:", ":50051", "host:port", "host:70000", "a b:1", "::1:5"]
)
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        RemoteCorrector(address)
