"""The clients for event loops: the same results and the same errors as those for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import pytest
from corrector_calls import served, wait_until
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway, swaying_set
from swaying_generator import SwayingGenerator

from generator.service import services as generator_services
from loop_client import RemoteCorrector, RemoteGenerator
from motion.errors import InvalidInput, NotFound, Overloaded, ServiceUnavailable
from motion.protocols import CorrectionOptions, FitProgress
from motion.rpc.async_corrector_client import AsyncRemoteCorrector
from motion.rpc.async_generator_client import AsyncRemoteGenerator
from motion.rpc.client_security import ClientSecurity
from motion.rpc.denials import Unauthenticated
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import ServerSecurity
from motion.v1 import generator_pb2, generator_pb2_grpc

TOKEN = "alice-token-0123456789"
MOTIONS = [sway(16 + seed % 9, seed, name=str(seed), caption="" if seed % 2 else None) for seed in range(40)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(SmoothingCorrector()) as address:
        yield address


@pytest.fixture(scope="module")
def generator() -> Iterator[str]:
    with serving(generator_services(SwayingGenerator()), ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        yield address


def test_corrections_scores_and_descriptions_are_those_of_the_other_client(address: str) -> None:
    options, seen = CorrectionOptions(assist=75.0), []

    async def ask() -> tuple:
        async with AsyncRemoteCorrector(address) as client:
            corrections = await client.correct(MOTIONS, 3, options, lambda done, total: seen.append((done, total)))
            return await client.describe(), corrections, await client.score(MOTIONS[:2])

    description, corrections, scores = asyncio.run(ask())
    with RemoteCorrector(address) as client:
        assert description == client.describe()
        for mine, other in zip(corrections, client.correct(MOTIONS, 3, options), strict=True):
            assert mine.report == other.report
            assert mine.motion.positions.tobytes() == other.motion.positions.tobytes()
            assert (mine.motion.name, mine.motion.caption) == (other.motion.name, other.motion.caption)
        assert [score.to_json() for score in scores] == [score.to_json() for score in client.score(MOTIONS[:2])]
    assert seen == [(done, 40) for done in range(1, 41)]


@pytest.mark.parametrize("ordered", [False, True])
def test_corrections_come_as_they_are_done_or_in_order(ordered: bool) -> None:
    async def ask(address: str) -> list[int]:
        async with AsyncRemoteCorrector(address) as client:
            return [index async for index, _ in client.corrected(MOTIONS, ordered=ordered)]

    with served(SmoothingCorrector(delay=0.002, threads=4)) as address:
        indices = asyncio.run(ask(address))
        with RemoteCorrector(address) as client:
            others = [index for index, _ in client.corrected(MOTIONS, ordered=ordered)]
    for found in (indices, others):
        assert sorted(found) == list(range(40)) and (found == sorted(found) or not ordered)


def test_errors_are_those_of_the_other_client(address: str) -> None:
    async def ask() -> None:
        async with AsyncRemoteCorrector(address) as client:
            with pytest.raises(NotFound, match="no-such"):
                await client.correct(MOTIONS, options=CorrectionOptions(policy="no-such"))
            with pytest.raises(InvalidInput) as refused:
                await client.correct([MOTIONS[0], sway(2)])
            assert {violation.field.partition(".")[0] for violation in refused.value.violations} == {"motions[1]"}
        async with AsyncRemoteGenerator(address) as client:
            with pytest.raises(ServiceUnavailable, match=f"what answers is no generator at {address}"):
                await client.describe()

    asyncio.run(ask())


@pytest.mark.parametrize("is_async", [False, True])
def test_what_was_finished_before_an_error_comes_with_it(is_async: bool) -> None:
    motions = [*MOTIONS[:20], sway(16, name="defect")]

    def correct(address: str) -> None:
        if not is_async:
            with RemoteCorrector(address, in_flight=1) as client:
                client.correct(motions)

        async def ask() -> None:
            async with AsyncRemoteCorrector(address, in_flight=1) as client:
                await client.correct(motions)

        asyncio.run(ask())

    with served(SmoothingCorrector()) as address, pytest.raises(Exception, match="failed") as failed:
        correct(address)
    finished = failed.value.finished
    assert list(finished) == list(range(20))
    assert [finished[index].motion.name for index in finished] == [motion.name for motion in motions[:20]]


def test_a_full_server_is_waited_for_and_given_up_if_it_stays_full(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(address: str) -> int:
        async with AsyncRemoteCorrector(address) as client:
            return len(await client.correct(MOTIONS))

    corrector = SmoothingCorrector(delay=0.002, queue_size=3)
    with served(corrector) as address:
        assert asyncio.run(ask(address)) == 40 and corrector.most_waiting <= 3
    monkeypatch.setattr("motion.rpc.bulk_calls._OVERLOAD_TIMEOUT_S", 0.1)
    monkeypatch.setattr("motion.rpc.channel.MAX_ATTEMPTS", 2)
    with served(SmoothingCorrector(queue_size=0)) as address, pytest.raises(Overloaded):
        asyncio.run(ask(address))


def test_a_coroutine_that_is_cancelled_cancels_its_calls() -> None:
    corrector = SmoothingCorrector(delay=0.05, threads=1)

    async def ask(address: str) -> None:
        async with AsyncRemoteCorrector(address) as client:
            task = asyncio.create_task(client.correct(MOTIONS))
            while corrector.started < 2:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(wait_until, lambda: corrector._waiting == 0)

    with served(corrector) as address:
        asyncio.run(ask(address))
    assert corrector.started < 10


def test_tokens_are_sent_with_every_kind_of_call(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN} alice admin\n", "utf-8")
    settings = ServerSettings("127.0.0.1:0", drain_seconds=0.0, security=ServerSecurity(tokens=tokens))

    async def ask(address: str, security: ClientSecurity) -> int:
        async with AsyncRemoteGenerator(address, security=security) as client:
            assert (await client.describe()).name == "swaying"
            checkpoint = await client.fit(await client.upload(swaying_set()), "", 2)
            assert checkpoint in (await client.describe()).checkpoints
            return len([motion async for motion in client.sample(["sways"], [40])])

    with serving(generator_services(SwayingGenerator()), settings) as address:
        assert asyncio.run(ask(address, ClientSecurity(token=TOKEN))) == 1
        with pytest.raises(Unauthenticated):
            asyncio.run(ask(address, ClientSecurity()))


def test_samples_sets_and_checkpoints_are_those_of_the_other_client(generator: str) -> None:
    progress: list[FitProgress] = []

    async def ask() -> tuple:
        async with AsyncRemoteGenerator(generator) as client:
            dataset = await client.upload(swaying_set())
            checkpoint = await client.fit(dataset, "", 3, seed=5, progress=progress.append)
            motions = [motion async for motion in client.sample(["a", "b", "c"], [40, 41, 42], 7, start_index=1)]
            return dataset, checkpoint, [motion.positions.tobytes() for motion in motions]

    found = asyncio.run(ask())
    with RemoteGenerator(generator) as client:
        dataset = client.upload(swaying_set())
        checkpoint = client.fit(dataset, "", 3, seed=5)
        samples = client.sample(["a", "b", "c"], [40, 41, 42], 7, start_index=1)
        assert found == (dataset, checkpoint, [motion.positions.tobytes() for motion in samples])
    assert all(each.steps == 3 for each in progress)


class _Breaking(generator_pb2_grpc.GeneratorServiceServicer):
    """Answers one step of a fit for each call, and then goes away."""

    async def Fit(self, request: generator_pb2.FitRequest, context: grpc.aio.ServicerContext):
        self.step = getattr(self, "step", 0) + 1
        yield generator_pb2.FitResponse(step=self.step, steps=3, checkpoint="c" if self.step == 3 else "")
        if self.step < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "killed")


def test_a_stream_that_breaks_is_resumed_as_long_as_there_is_progress() -> None:
    servicer = _Breaking()

    async def ask(address: str) -> str:
        async with AsyncRemoteGenerator(address) as client:
            return await client.fit("set", "", 3)

    def add(server: grpc.aio.Server) -> None:
        generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)

    with serving({"motion.v1.GeneratorService": add}) as address:
        assert asyncio.run(ask(address)) == "c"
    assert servicer.step == 3
