"""Requests that would take a machine, tell of its files or leave damage, to the generator that ships."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from generator.generator import DiffusionGenerator
from generator.service import services
from generator.training.checkpoint import WEIGHTS
from generator.training.settings import Settings
from motion.motion_set import MotionSet
from motion.rpc.generator_client import RemoteGenerator
from motion.rpc.server import ServerSettings, serving
from motion.synthesis import synthesize
from motion.v1 import generator_pb2, generator_pb2_grpc

TINY = Settings(layers=1, width=16, heads=2, ff=32, diffusion_steps=6, batch=4, warmup=1)
Code = grpc.StatusCode


@pytest.fixture(scope="module")
def motions() -> MotionSet:
    return synthesize(6, 11, actions=["walk", "wave", "squat"])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    generator = DiffusionGenerator(tmp_path / "store", device="cpu", settings=TINY)
    with serving(services(generator), ServerSettings("127.0.0.1:0", drain_seconds=0.0)) as address:
        yield address


@pytest.fixture
def stub(address: str) -> Iterator[generator_pb2_grpc.GeneratorServiceStub]:
    with grpc.insecure_channel(address) as channel:
        yield generator_pb2_grpc.GeneratorServiceStub(channel)


@pytest.fixture
def dataset(address: str, motions: MotionSet) -> str:
    with RemoteGenerator(address) as client:
        return client.upload(motions)


def refusal(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as failed:
        call()
    return failed.value.code(), failed.value.details() or ""


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"batch": "1000000000"}, "settings.batch: is 1000000000; must be positive and at most 16384"),
        ({"layers": "10000000", "width": "2", "heads": "1"}, "settings.layers: is 10000000; must be positive and at m"),
        (
            {"diffusion_steps": "100000000"},
            "settings.diffusion_steps: is 100000000; must be positive and at",
        ),
        ({"lr": "1e300"}, "settings.lr: is 1e+300; must be positive and at most 1e+30"),
        ({"ff": "100000000000000"}, "settings.ff: is 100000000000000; must be positive and at most 65536"),
        ({"batch": "16384", "layers": "128", "width": "8192"}, "settings.width: is 8192; training would take about "),
        ({"text_encoder": "clip:/etc"}, "settings.text_encoder: names weights of its own"),
    ],
)
def test_a_fit_that_would_take_the_machine_is_refused_and_the_next_one_trains(
    stub: generator_pb2_grpc.GeneratorServiceStub, dataset: str, settings: dict[str, str], told: str
) -> None:
    request = generator_pb2.FitRequest(dataset_id=dataset, steps=1, settings=settings)
    code, details = refusal(lambda: list(stub.Fit(request)))
    assert code == Code.INVALID_ARGUMENT and details.startswith(told)
    assert list(stub.Fit(generator_pb2.FitRequest(dataset_id=dataset, steps=1)))[-1].checkpoint


def test_guidance_that_makes_no_numbers_is_refused(stub: generator_pb2_grpc.GeneratorServiceStub) -> None:
    request = generator_pb2.SampleRequest(prompts=["a person walks"], lengths=[40], guidance=1e30)
    assert refusal(lambda: list(stub.Sample(request))) == (
        Code.INVALID_ARGUMENT,
        "guidance: is 1e+30; must be between 0 and 100",
    )


def test_paths_of_the_store_are_in_the_log_and_in_no_refusal(
    stub: generator_pb2_grpc.GeneratorServiceStub, dataset: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    checkpoint = list(stub.Fit(generator_pb2.FitRequest(dataset_id=dataset, steps=1)))[-1].checkpoint
    (store / "checkpoints" / checkpoint / WEIGHTS).write_bytes(b"damaged")
    (store / "datasets" / f"{dataset}.npz").write_bytes(b"damaged")
    sample = generator_pb2.SampleRequest(checkpoint=checkpoint, prompts=["a person walks"], lengths=[40])
    fits = [
        generator_pb2.FitRequest(dataset_id=dataset, steps=2),
        generator_pb2.FitRequest(dataset_id=dataset, init=checkpoint, steps=2),
    ]
    with caplog.at_level(logging.WARNING):
        answers = [refusal(lambda: list(stub.Sample(sample)))]
        answers += [refusal(lambda request=request: list(stub.Fit(request))) for request in fits]
    assert [code for code, _ in answers] == [Code.FAILED_PRECONDITION, Code.NOT_FOUND, Code.NOT_FOUND]
    assert not [details for _, details in answers if str(tmp_path) in details]
    assert str(store / "checkpoints" / checkpoint) in caplog.text and str(store / "datasets") not in answers[1][1]


def test_the_default_goes_on_when_the_newest_checkpoint_is_damaged(
    stub: generator_pb2_grpc.GeneratorServiceStub, dataset: str, tmp_path: Path
) -> None:
    first, second = (
        list(stub.Fit(generator_pb2.FitRequest(dataset_id=dataset, steps=1, seed=seed)))[-1].checkpoint
        for seed in (1, 2)
    )
    assert stub.Describe(generator_pb2.DescribeGeneratorRequest()).default_checkpoint == second
    (tmp_path / "store" / "checkpoints" / second / WEIGHTS).write_bytes(b"damaged")
    assert stub.Describe(generator_pb2.DescribeGeneratorRequest()).default_checkpoint == first
    request = generator_pb2.SampleRequest(prompts=["a person walks"], lengths=[40])
    assert len(list(stub.Sample(request))) == 1
