"""Training over the network: one run at a time, a bounded queue, watchers, clients that go away and come back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from generator_calls import a_set, served, wait_until
from swaying_generator import SwayingGenerator

from generator.service import GeneratorServicer
from motion.protocols import FitProgress
from motion.rpc.generator_client import RemoteGenerator
from motion.v1 import generator_pb2, generator_pb2_grpc

RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def _stub_of(channel: grpc.Channel) -> generator_pb2_grpc.GeneratorServiceStub:
    return generator_pb2_grpc.GeneratorServiceStub(channel)


def _code_of(call: Callable[[], object]) -> grpc.StatusCode:
    try:
        call()
    except grpc.RpcError as error:
        return error.code()  # pyright: ignore[reportAttributeAccessIssue]
    return grpc.StatusCode.OK


def test_a_fit_stops_when_its_client_goes_and_continues_when_it_is_requested_again() -> None:
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, RemoteGenerator(address) as client:
        dataset = client.upload(a_set())

        def interrupt(line: FitProgress) -> None:
            if line.step == 5:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.fit(dataset, "", 80, progress=interrupt)
        wait_until(lambda: generator.fitting == 0)
        stopped_at = generator.steps_done
        assert 5 <= stopped_at < 60
        lines: list[FitProgress] = []
        client.fit(dataset, "", 80, progress=lines.append)
        assert [line.step for line in lines] == list(range(stopped_at + 1, 81))
        assert generator.steps_done == 80
        client.fit(dataset, "", 80)
        assert generator.steps_done == 80


def test_one_fit_runs_at_a_time_beside_sampling() -> None:
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, RemoteGenerator(address) as client:
        dataset = client.upload(a_set())
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda seed=seed: found.append(client.fit(dataset, "", 5, seed))) for seed in (1, 2)
        ]
        for thread in threads:
            thread.start()
        assert len(list(client.sample(["sways"], [40]))) == 1
        for thread in threads:
            thread.join()
    assert len(set(found)) == 2 and generator.most_fitting == 1


def test_a_waiting_fit_whose_client_goes_never_starts() -> None:
    generator = SwayingGenerator(step_seconds=0.05)
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        dataset = generator.upload(a_set())
        first = stub.Fit(generator_pb2.FitRequest(dataset_id=dataset, steps=8))
        next(first)
        second = stub.Fit(generator_pb2.FitRequest(dataset_id=dataset, steps=8, seed=1))
        time.sleep(0.1)
        second.cancel()
        assert list(first)[-1].checkpoint
        time.sleep(0.1)
    assert generator.steps_done == 8


def test_equal_fits_are_one_run_with_several_watchers() -> None:
    generator = SwayingGenerator(step_seconds=0.03)
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        request = generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=12)
        first = _stub_of(channel).Fit(request)
        next(first)
        second = _stub_of(channel).Fit(request)
        assert next(second).step > 1
        first.cancel()  # the run goes on for the other
        lines = list(second)
    assert lines[-1].checkpoint and lines[-2].step == 12
    assert generator.steps_done == 12 and generator.most_fitting == 1


def test_a_run_stops_when_the_last_of_its_watchers_goes() -> None:
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        request = generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=500)
        watching = [_stub_of(channel).Fit(request) for _ in range(2)]
        for call in watching:
            next(call)
        for call in watching:
            call.cancel()
        wait_until(lambda: generator.fitting == 0)
        assert generator.steps_done < 200
        # A new watcher waits for that run to stop, and continues from where it did.
        request.steps = 500
        again = _stub_of(channel).Fit(request)
        assert next(again).step == generator.steps_done
        again.cancel()
        wait_until(lambda: generator.fitting == 0)


def test_every_watcher_of_a_refused_run_gets_the_refusal() -> None:
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, ThreadPoolExecutor(3) as pool, grpc.insecure_channel(address) as channel:
        blocking = _stub_of(channel).Fit(generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=20))
        next(blocking)
        request = generator_pb2.FitRequest(dataset_id="0" * 32, steps=1)
        codes = list(pool.map(lambda _: _code_of(lambda: list(_stub_of(channel).Fit(request))), range(3)))
        assert codes == [grpc.StatusCode.NOT_FOUND] * 3 and list(blocking)[-1].checkpoint


def test_fits_beyond_the_queue_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.training_queue.MAX_WAITING_RUNS", 2)
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        dataset = generator.upload(a_set())
        requests = [generator_pb2.FitRequest(dataset_id=dataset, steps=15, seed=seed) for seed in range(4)]
        runs = [_stub_of(channel).Fit(requests[0])]
        next(runs[0])
        runs += [_stub_of(channel).Fit(request) for request in requests[1:3]]
        wait_until(lambda: _code_of(lambda: list(_stub_of(channel).Fit(requests[3]))) == RESOURCE_EXHAUSTED)
        assert [list(run)[-1].step for run in runs] == [15, 15, 15]
        assert list(_stub_of(channel).Fit(requests[3]))[-1].checkpoint


def test_steps_that_a_client_does_not_read_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.training_queue.MAX_UNREAD_STEPS", 10)
    generator = SwayingGenerator(step_seconds=1e-5)
    request = generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=2000)

    async def run() -> list[generator_pb2.FitResponse]:
        stream = GeneratorServicer(generator).Fit(request, None)  # pyright: ignore[reportArgumentType]
        read = [await anext(stream)]
        while generator.fitting:
            await asyncio.sleep(0.01)
        return read + [response async for response in stream]

    lines = asyncio.run(run())
    assert len(lines) < 100 and lines[-1].checkpoint and lines[-1].step == 2000


def test_a_watcher_that_does_not_read_keeps_no_steps_while_another_one_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("generator.training_queue.MAX_UNREAD_STEPS", 10)
    generator = SwayingGenerator(step_seconds=1e-4)
    request = generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=1000)

    async def run() -> tuple[int, int]:
        servicer = GeneratorServicer(generator)
        slow, fast = [servicer.Fit(request, None) for _ in range(2)]  # pyright: ignore[reportArgumentType]
        await anext(slow)
        read = [response async for response in fast]
        return len(read), len([response async for response in slow])

    read, left = asyncio.run(run())
    assert read > 100 and left <= 12
