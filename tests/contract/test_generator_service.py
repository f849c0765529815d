"""The generator's service on the wire: back-pressure, cut-off fits and uploads, servers that go away."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from standing_body import sway
from swaying_generator import SwayingGenerator

from generator.service import services
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress
from motion.rpc import wire
from motion.rpc.generator_client import SERVICE, RemoteGenerator
from motion.rpc.server import ServerSettings, serving
from motion.v1 import generator_pb2, generator_pb2_grpc


@contextmanager
def served(generator: SwayingGenerator) -> Iterator[str]:
    with serving(services(generator), ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        yield address


def a_set() -> MotionSet:
    motions = tuple(sway(40, seed, name=f"m{seed}") for seed in range(3))
    return MotionSet(motions, ((),) * 3)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def test_health_is_on_under_the_service_name() -> None:
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_samples_that_nobody_takes_are_not_made() -> None:
    generator = SwayingGenerator()
    with served(generator) as address, RemoteGenerator(address) as client:
        samples = client.sample(["sways"] * 4000, [196] * 4000)
        taken = list(itertools.islice(samples, 3))
        time.sleep(0.3)
        assert len(taken) == 3 and generator.sampled < 500
        samples.close()  # pyright: ignore[reportAttributeAccessIssue]
        wait_until(lambda: generator.closed_samples == 1)


def test_a_fit_that_is_given_up_stops_and_is_taken_up_again() -> None:
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


def test_one_fit_runs_at_a_time_and_the_other_waits() -> None:
    generator = SwayingGenerator(step_seconds=0.02)
    with served(generator) as address, RemoteGenerator(address) as client:
        dataset = client.upload(a_set())
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda seed=seed: found.append(client.fit(dataset, "", 5, seed))) for seed in (1, 2)
        ]
        for thread in threads:
            thread.start()
        assert len(list(client.sample(["sways"], [40]))) == 1  # beside the fits
        for thread in threads:
            thread.join()
    assert len(set(found)) == 2 and generator.most_fitting == 1


def test_a_fit_that_waits_and_is_given_up_never_begins() -> None:
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


def test_a_bad_motion_of_an_upload_is_named() -> None:
    generator = SwayingGenerator()
    good = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=2)
    bad = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="b")), total=2)
    bad.motion.positions.data = b"1234"
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.UploadDataset(iter([good, bad]))
        assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "motions[1].positions.data" in failed.value.details()
        with pytest.raises(grpc.RpcError) as failed:
            stub.UploadDataset(iter([good, good]))
        assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_joints_of_an_upload_are_put_in_order() -> None:
    generator = SwayingGenerator()
    order = np.random.default_rng(0).permutation(22)
    motion = sway(40, name="a")
    names = tuple(motion.joint_names[joint] for joint in order)
    other = replace(motion, positions=motion.positions[:, order], joint_names=names)
    tailed = replace(motion, joint_names=("tail", *names[1:]))
    said = r"motions\[0\].joint_names: has the unknown joint 'tail'"
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)

        def upload(sent: Motion) -> str:
            request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sent), total=1)
            return stub.UploadDataset(iter([request])).dataset_id

        assert upload(other) == upload(motion)
        with pytest.raises(grpc.RpcError, match=said):
            upload(tailed)
    with pytest.raises(InvalidInput, match=said):
        MotionSet((tailed,), ((),))


def test_an_upload_that_is_broken_off_leaves_nothing() -> None:
    generator = SwayingGenerator()
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        hold = threading.Event()

        def requests() -> Iterator[generator_pb2.UploadDatasetRequest]:
            yield generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=2)
            hold.wait(5)

        call = stub.UploadDataset.future(requests())
        time.sleep(0.1)
        call.cancel()
        hold.set()
        assert call.code() == grpc.StatusCode.CANCELLED
        time.sleep(0.1)
    assert not generator._sets


def test_a_part_of_a_set_is_no_set() -> None:
    request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=2)
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            generator_pb2_grpc.GeneratorServiceStub(channel).UploadDataset(iter([request]))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "total: is 2" in failed.value.details()


def test_what_cannot_be_sent_is_refused_before_it_is() -> None:
    with served(SwayingGenerator()) as address, RemoteGenerator(address) as client:
        with pytest.raises(InvalidInput, match="name"):
            client.upload(MotionSet((sway(40, name="\ud800"),), ((),)))
        with pytest.raises(InvalidInput, match="lengths"):
            list(client.sample(["sways"], [2**40]))


def test_a_stream_is_taken_up_where_it_broke() -> None:
    first = serving(services(SwayingGenerator()), ServerSettings("127.0.0.1:0", drain_seconds=0.0, grace_seconds=0.0))
    address = first.__enter__()
    with RemoteGenerator(address) as client:
        whole = list(client.sample(["sways"] * 300, [196] * 300))
        samples = client.sample(["sways"] * 300, [196] * 300)
        begun = list(itertools.islice(samples, 5))
        first.__exit__(None, None, None)
        with serving(services(SwayingGenerator()), ServerSettings(address, drain_seconds=0.0)):
            rest = list(samples)
        found = [motion.positions.tobytes() for motion in [*begun, *rest]]
        assert found == [motion.positions.tobytes() for motion in whole]
