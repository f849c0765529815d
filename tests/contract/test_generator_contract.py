"""The contract of generators: the same cases in this process and over the network, with the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.conformance import CHECKS, WIRE_CHECKS, Failure
from generator.conformance.example import RetrievalGenerator
from generator.generator import DiffusionGenerator
from generator.service import services
from generator.training.settings import Settings
from loop_client import RemoteGenerator
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator, SampleOptions
from motion.rpc.server import serving

TINY = Settings(layers=1, width=16, heads=2, ff=32, diffusion_steps=6, batch=4, warmup=1)


@pytest.fixture(scope="module", params=["swaying", "retrieval", "diffusion", "flow"])
def local(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator:
    if request.param == "swaying":
        return SwayingGenerator()
    if request.param == "retrieval":
        return RetrievalGenerator()
    settings = replace(TINY, kind=request.param)
    return DiffusionGenerator(tmp_path_factory.mktemp("store"), device="cpu", settings=settings)


@pytest.fixture(scope="module")
def address(local: Generator) -> Iterator[str]:
    with serving(services(local)) as address:
        yield address


@pytest.fixture(scope="module")
def remote(address: str) -> Iterator[Generator]:
    with RemoteGenerator(address) as client:
        yield client


@pytest.fixture(params=["in-process", "networked"])
def generator(request: pytest.FixtureRequest, local: Generator, remote: Generator) -> Generator:
    return local if request.param == "in-process" else remote


def a_set(count: int = 6) -> MotionSet:
    motions = tuple(sway(40 + 4 * seed, seed, caption=f"sway {seed}", name=f"m{seed}") for seed in range(count))
    return MotionSet(motions, tuple((str(motion.caption), "a body sways") for motion in motions))


def bits(motions: list[Motion]) -> list[tuple[bytes, float, str | None, str | None]]:
    return [(motion.positions.tobytes(), motion.fps, motion.caption, motion.name) for motion in motions]


@pytest.mark.parametrize("local", ["retrieval", "diffusion", "flow"], indirect=True)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(generator: Generator, check: Callable[[Generator], None]) -> None:
    check(generator)


@pytest.mark.parametrize("local", ["retrieval", "diffusion", "flow"], indirect=True)
@pytest.mark.parametrize("check", WIRE_CHECKS, ids=lambda check: check.__name__)
def test_conformance_on_the_wire(address: str, remote: Generator, check: Callable[[str], None]) -> None:
    remote.fit(remote.upload(a_set()), "", 1)
    check(address)


def test_conformance_failures_say_what_is_wrong() -> None:
    found = {}
    for check in CHECKS:
        try:
            check(SwayingGenerator())
        except Failure as failure:
            found[check.__name__] = str(failure)
    assert set(found) == {
        "rejects_invalid_datasets", "rejects_invalid_fits", "rejects_invalid_sample_requests"
    }  # fmt: skip
    assert "must be refused as NotFound, but was accepted" in found["rejects_invalid_fits"]


def test_every_generator_satisfies_the_protocol(generator: Generator) -> None:
    assert isinstance(generator, Generator)


def test_the_id_of_an_upload_is_a_function_of_its_content(local: Generator, remote: Generator) -> None:
    assert local.upload(a_set()) == remote.upload(a_set()) == remote.upload(a_set())
    assert remote.upload(a_set(5)) != remote.upload(a_set(6))


def test_an_upload_without_motions_is_refused(generator: Generator) -> None:
    with pytest.raises(InvalidInput):
        generator.upload(MotionSet((), ()))


def test_the_checkpoint_of_a_fit_can_be_sampled(generator: Generator) -> None:
    dataset = generator.upload(a_set())
    lines: list[FitProgress] = []
    checkpoint = generator.fit(dataset, "", 3, seed=1, progress=lines.append)
    assert checkpoint in generator.describe().checkpoints
    assert all(line.steps == 3 for line in lines)
    (motion,) = generator.sample(["a body sways"], [40], options=SampleOptions(checkpoint=checkpoint))
    assert len(motion) == 40 and np.isfinite(motion.positions).all()


def test_equal_fits_have_equal_checkpoints(local: Generator, remote: Generator) -> None:
    dataset = local.upload(a_set())
    first = local.fit(dataset, "", 2, seed=2)
    assert remote.fit(dataset, "", 2, seed=2) == first
    assert remote.fit(dataset, "", 2, seed=3) != first
    assert remote.fit(dataset, first, 2, seed=2) != first


def test_a_service_describes_its_generator(local: Generator, remote: Generator) -> None:
    assert local.describe() == remote.describe()


def test_a_service_samples_the_same_bytes_as_its_generator(local: Generator, remote: Generator) -> None:
    checkpoint = local.fit(local.upload(a_set()), "", 2)
    prompts, lengths = ["sways", "leans left", "sways"], [40, 52, 40]
    for options in (
        SampleOptions(checkpoint),
        SampleOptions(checkpoint, guidance=1.0),
        SampleOptions(checkpoint, guidance=2.0, steps=5),
    ):
        here, there = (list(g.sample(prompts, lengths, 4, options)) for g in (local, remote))
        assert bits(here) == bits(there)
        assert [len(motion) for motion in there] == lengths


def test_samples_do_not_depend_on_the_start_index(generator: Generator) -> None:
    options = SampleOptions(generator.fit(generator.upload(a_set()), "", 2))
    prompts, lengths = ["one", "two", "three", "four"], [40, 44, 48, 52]
    whole = list(generator.sample(prompts, lengths, 7, options))
    assert bits(whole[2:]) == bits(list(generator.sample(prompts, lengths, 7, options, start_index=2)))
    assert list(generator.sample(prompts, lengths, 7, options, start_index=4)) == []


def test_prompts_and_lengths_must_match(generator: Generator) -> None:
    with pytest.raises(InvalidInput, match="lengths"):
        list(generator.sample(["one", "two"], [40]))


def test_unknown_checkpoints_and_data_sets_are_not_found(generator: Generator) -> None:
    with pytest.raises(NotFound, match="no-such"):
        list(generator.sample(["one"], [40], options=SampleOptions("no-such")))
    with pytest.raises(NotFound, match="no-such"):
        generator.fit("no-such", "", 1)


def test_a_fit_without_steps_or_with_unknown_settings_is_refused(generator: Generator) -> None:
    dataset = generator.upload(a_set())
    with pytest.raises(InvalidInput, match="steps"):
        generator.fit(dataset, "", -1)
    with pytest.raises(InvalidInput, match="no_such"):
        generator.fit(dataset, "", 1, settings={"no_such": "1"})
