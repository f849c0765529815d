"""The generator service: back-pressure, uploads, refusals, servers that go away."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import grpc
import numpy as np
import pytest
from generator_calls import a_set, served, wait_until
from grpc_health.v1 import health_pb2, health_pb2_grpc
from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.service import MAX_UPLOADS, serve, services
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.rpc import wire
from motion.rpc.generator_client import SERVICE, RemoteGenerator
from motion.rpc.server import ServerSettings, serving
from motion.v1 import generator_pb2, generator_pb2_grpc

RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def test_health_is_served_under_the_name_of_the_service() -> None:
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_samples_are_only_computed_when_the_client_takes_them() -> None:
    generator = SwayingGenerator()
    with served(generator) as address, RemoteGenerator(address) as client:
        samples = client.sample(["sways"] * 4000, [196] * 4000)
        taken = list(itertools.islice(samples, 3))
        time.sleep(0.3)
        assert len(taken) == 3 and generator.sampled < 500
        samples.close()  # pyright: ignore[reportAttributeAccessIssue]
        wait_until(lambda: generator.closed_samples == 1)


def test_an_invalid_motion_of_an_upload_is_named() -> None:
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


def test_describe_does_not_wait_for_clients_that_sample() -> None:
    class Blocking(SwayingGenerator):
        def __init__(self) -> None:
            super().__init__()
            self.released = threading.Event()
            self.blocked = threading.Semaphore(0)

        def sample(self, *arguments: object, **named: object) -> Iterator[Motion]:
            self.blocked.release()
            assert self.released.wait(30)
            return iter(())

    generator = Blocking()
    with served(generator) as address, ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        clients = [stack.enter_context(RemoteGenerator(address)) for _ in range(9)]
        sampling = [pool.submit(lambda client=client: list(client.sample(["sways"], [40]))) for client in clients[:8]]
        try:
            for _ in range(4):  # as many as the service has threads for sampling
                assert generator.blocked.acquire(timeout=10)
            assert clients[8].describe().name == "swaying"
        finally:
            generator.released.set()
        assert [each.result() for each in sampling] == [[]] * 8


def test_an_object_that_lacks_methods_of_a_generator_is_not_served() -> None:
    class Incomplete:
        def describe(self) -> None: ...

        def sample(self) -> None: ...

    with pytest.raises(InvalidInput, match="is a Incomplete without upload, fit; must have the methods describe, sam"):
        services(Incomplete())  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput, match="without upload, fit"):
        serve(Incomplete(), "127.0.0.1:0")  # pyright: ignore[reportArgumentType]


def test_joints_of_an_upload_are_reordered() -> None:
    generator = SwayingGenerator()
    order = np.random.default_rng(0).permutation(22)
    motion = sway(40, name="a")
    names = tuple(motion.joint_names[joint] for joint in order)
    other = replace(motion, positions=motion.positions[:, order], joint_names=names)
    tailed = replace(motion, joint_names=("tail", *names[1:]))
    refusal = r"motions\[0\].joint_names: has the unknown joint 'tail'"
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)

        def upload(sent: Motion) -> str:
            request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sent), total=1)
            return stub.UploadDataset(iter([request])).dataset_id

        assert upload(other) == upload(motion)
        with pytest.raises(grpc.RpcError, match=refusal):
            upload(tailed)
    with pytest.raises(InvalidInput, match=refusal):
        MotionSet((tailed,), ((),))


def test_a_cancelled_upload_leaves_no_data_set() -> None:
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
    assert not generator.datasets


def test_an_incomplete_upload_is_refused() -> None:
    request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=2)
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            generator_pb2_grpc.GeneratorServiceStub(channel).UploadDataset(iter([request]))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "total: is 2" in failed.value.details()


def test_values_that_cannot_be_sent_are_refused_by_the_client() -> None:
    with served(SwayingGenerator()) as address, RemoteGenerator(address) as client:
        with pytest.raises(InvalidInput, match="name"):
            client.upload(MotionSet((sway(40, name="\ud800"),), ((),)))
        with pytest.raises(InvalidInput, match="lengths"):
            list(client.sample(["sways"], [2**40]))


def test_a_broken_stream_of_samples_is_resumed_where_it_broke() -> None:
    first = serving(services(SwayingGenerator()), ServerSettings("127.0.0.1:0", drain_seconds=0.0, grace_seconds=0.0))
    address = first.__enter__()
    with RemoteGenerator(address) as client:
        whole = list(client.sample(["sways"] * 300, [196] * 300))
        samples = client.sample(["sways"] * 300, [196] * 300)
        received = list(itertools.islice(samples, 5))
        first.__exit__(None, None, None)
        with serving(services(SwayingGenerator()), ServerSettings(address, drain_seconds=0.0)):
            rest = list(samples)
        found = [motion.positions.tobytes() for motion in [*received, *rest]]
        assert found == [motion.positions.tobytes() for motion in whole]


def _stub_of(channel: grpc.Channel) -> generator_pb2_grpc.GeneratorServiceStub:
    return generator_pb2_grpc.GeneratorServiceStub(channel)


def _refusal(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as failed:
        call()
    return failed.value.code(), failed.value.details()


@pytest.mark.parametrize("encoder", ["clip:/etc", "clip:../weights", "distilbert:some/name"])
def test_a_client_cannot_name_files_of_the_server_as_weights(encoder: str) -> None:
    generator = SwayingGenerator()
    with served(generator) as address, grpc.insecure_channel(address) as channel:
        request = generator_pb2.FitRequest(dataset_id=generator.upload(a_set()), steps=1)
        request.settings["text_encoder"] = encoder
        code, details = _refusal(lambda: list(_stub_of(channel).Fit(request)))
        assert code == grpc.StatusCode.INVALID_ARGUMENT and details.startswith("settings.text_encoder: names weights")
        request.settings["text_encoder"] = "clip"
        assert "is unknown; there is lr" in _refusal(lambda: list(_stub_of(channel).Fit(request)))[1]


def test_names_that_are_too_long_for_files_are_refused_by_field() -> None:
    long = "f" * 300
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        stub = _stub_of(channel)
        motion = wire.pack_motion(sway(40, name=long))
        for call, field in (
            (lambda: list(stub.Sample(generator_pb2.SampleRequest(checkpoint=long))), "checkpoint"),
            (lambda: list(stub.Fit(generator_pb2.FitRequest(dataset_id=long))), "dataset_id"),
            (lambda: list(stub.Fit(generator_pb2.FitRequest(init=long))), "init"),
            (
                lambda: stub.UploadDataset(iter([generator_pb2.UploadDatasetRequest(motion=motion, total=1)])),
                "motions[0].name",
            ),
        ):
            code, details = _refusal(call)
            assert code == grpc.StatusCode.INVALID_ARGUMENT
            assert details == f"{field}: has 300 characters; must have at most 200"


def test_a_name_that_occurs_twice_is_refused_when_it_comes() -> None:
    def endless() -> Iterator[generator_pb2.UploadDatasetRequest]:
        for _ in range(10**9):
            yield generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=10**9)

    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        code, details = _refusal(lambda: _stub_of(channel).UploadDataset(endless()))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert details == "motions[1].name: is 'a', as that of another motion; must be unique in a set"


@pytest.mark.parametrize(
    ("fps", "frame", "field"), [(0.0, 1.0, "fps"), (2e-4, 1.0, "fps"), (20.0, np.nan, "positions")]
)
def test_motions_that_nothing_can_be_trained_on_are_refused(fps: float, frame: float, field: str) -> None:
    positions = sway(40).positions.copy()
    positions[3] *= frame
    request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(Motion(positions, fps, name="a")), total=1)
    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        code, details = _refusal(lambda: _stub_of(channel).UploadDataset(iter([request])))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and details.startswith(f"motions[0].{field}: ")


def test_uploads_beyond_the_limit_are_told_to_come_again() -> None:
    hold = threading.Event()

    def slow() -> Iterator[generator_pb2.UploadDatasetRequest]:
        yield generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=1)
        hold.wait(60)

    def one() -> Iterator[generator_pb2.UploadDatasetRequest]:
        yield generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=1)

    with served(SwayingGenerator()) as address, grpc.insecure_channel(address) as channel:
        stub = _stub_of(channel)
        held = [stub.UploadDataset.future(slow()) for _ in range(MAX_UPLOADS)]
        wait_until(lambda: _code_of(lambda: stub.UploadDataset(one())) == grpc.StatusCode.RESOURCE_EXHAUSTED)
        hold.set()
        assert all(call.result().motions == 1 for call in held)
        assert stub.UploadDataset(one()).motions == 1


def _code_of(call: Callable[[], object]) -> grpc.StatusCode:
    try:
        call()
    except grpc.RpcError as error:
        return error.code()  # pyright: ignore[reportAttributeAccessIssue]
    return grpc.StatusCode.OK


def test_a_file_of_the_server_that_fails_is_in_its_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Full(SwayingGenerator):
        def upload(self, dataset: MotionSet) -> str:
            raise InvalidInput.of("/var/lib/plumb/datasets/abc", "cannot be written: No space left on device")

    request = generator_pb2.UploadDatasetRequest(motion=wire.pack_motion(sway(40, name="a")), total=1)
    with served(Full()) as address, grpc.insecure_channel(address) as channel:
        code, details = _refusal(lambda: _stub_of(channel).UploadDataset(iter([request])))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert details.startswith("the server cannot read or write a file of its own") and "/var" not in details
    assert "/var/lib/plumb/datasets/abc: cannot be written: No space left" in caplog.text
    assert details.split()[-1] in caplog.text


def test_samples_that_are_no_numbers_are_refused() -> None:
    class Wild(SwayingGenerator):
        def sample(self, *arguments: object, **named: object) -> Iterator[Motion]:
            yield sway(40)
            yield Motion(np.full((40, 22, 3), np.nan, np.float32))

    with served(Wild()) as address, RemoteGenerator(address) as client:
        samples = client.sample(["sways"] * 2, [40] * 2)
        assert len(next(samples)) == 40
        with pytest.raises(InvalidInput, match="guidance: makes numbers of prompt 1 that are not finite"):
            next(samples)
