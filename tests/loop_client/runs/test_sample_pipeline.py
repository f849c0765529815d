"""Test that samples are corrected while the next are sampled, and saved so that none is made twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import FakeCorrector, FakeGenerator, swaying_set

from loop_client.runs.sample_batch import SampleRequest
from loop_client.runs.sample_pipeline import CHUNK, sample_and_correct
from motion.errors import InvalidInput, PlumbError
from motion.protocols import SampleOptions


@pytest.fixture
def generator() -> FakeGenerator:
    generator = FakeGenerator()
    generator.fit(generator.upload(swaying_set(4)), "", 1)
    return generator


def request(generator: FakeGenerator, count: int) -> SampleRequest:
    names = [f"s{i}" for i in range(count)]
    return SampleRequest(
        names,
        [f"prompt {i}" for i in range(count)],
        [40] * count,
        [(name,) for name in names],
        seed=1,
        options=SampleOptions(generator.describe().checkpoints[0]),
        replaced=[i % 3 != 0 for i in range(count)],
    )


def test_only_the_chosen_samples_are_corrected(generator: FakeGenerator, tmp_path: Path) -> None:
    asked = request(generator, 2 * CHUNK + 3)
    batch = sample_and_correct(asked, generator, FakeCorrector(), tmp_path / "p")
    assert batch.raw.ids == list(asked.names)
    assert list(batch.corrections) == [n for n, c in zip(asked.names, asked.replaced, strict=True) if c]
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == [
        "corrected.jsonl",
        "corrected.npz",
        "corrected.reports.jsonl",
        "raw.jsonl",
        "raw.npz",
    ]


def test_correction_overlaps_sampling(generator: FakeGenerator, tmp_path: Path) -> None:
    """The first chunk's correction is under way while the last samples are still to be made."""
    correcting = threading.Event()

    class Corrector(FakeCorrector):
        def correct(self, *args, **kwargs):
            correcting.set()
            return super().correct(*args, **kwargs)

    class Sampler(FakeGenerator):
        def sample(self, *args, **kwargs):
            for index, motion in enumerate(super().sample(*args, **kwargs)):
                if index == CHUNK + 1:
                    assert correcting.wait(5), "nothing is corrected before all is sampled"
                yield motion

    sampler = Sampler()
    sampler.sets, sampler.checkpoints = generator.sets, generator.checkpoints
    sample_and_correct(request(generator, 2 * CHUNK), sampler, Corrector(), tmp_path / "p")


def test_a_refusal_by_the_corrector_is_raised(generator: FakeGenerator, tmp_path: Path) -> None:
    class Refusing(FakeCorrector):
        def correct(self, *args, **kwargs):
            raise InvalidInput.of("motions[0]", "is not to its taste")

    with pytest.raises(InvalidInput, match="not to its taste"):
        sample_and_correct(request(generator, CHUNK + 1), generator, Refusing(), tmp_path / "p")


def test_a_generator_that_ends_early_is_an_error(generator: FakeGenerator, tmp_path: Path) -> None:
    class Short(FakeGenerator):
        def sample(self, *args, **kwargs):
            yield from list(super().sample(*args, **kwargs))[:3]

    short = Short()
    short.sets, short.checkpoints = generator.sets, generator.checkpoints
    with pytest.raises(PlumbError, match="made 3 of 5 samples"):
        sample_and_correct(request(generator, 5), short, None, tmp_path / "p")


def test_a_sample_of_another_skeleton_is_marked_invalid_and_sampling_continues(
    generator: FakeGenerator, tmp_path: Path
) -> None:
    class Foreign(FakeGenerator):
        def sample(self, *arguments, **named):
            for index, motion in enumerate(super().sample(*arguments, **named)):
                yield replace(motion, joint_names=("x",) * 22) if index == 2 else motion

    foreign = Foreign()
    foreign.sets, foreign.checkpoints = generator.sets, generator.checkpoints
    batch = sample_and_correct(request(generator, 5), foreign, FakeCorrector(), tmp_path / "p")
    assert [name for name, about in zip(batch.raw.ids, batch.raw.metadata, strict=True) if "invalid" in about] == ["s2"]
    assert len(batch.valid()) == 4
