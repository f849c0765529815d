"""Sampling: what a sample depends on, what it does not depend on, and which requests are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from generator.generator import DiffusionGenerator
from generator.training.checkpoint import CARD
from generator.training.feature_codec import decode_positions
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import SampleOptions

PROMPTS = [f"a person walks {count} steps" for count in range(70)]
LENGTHS = [8 + (31 * index) % 60 for index in range(70)]
NONE: list[str] = []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def trained(store: Path, tiny: Settings, motions: MotionSet) -> DiffusionGenerator:
    generator = DiffusionGenerator(store, device="cpu", settings=tiny)
    generator.fit(generator.upload(motions), "", 5)
    return generator


@pytest.fixture(scope="module")
def whole(trained: DiffusionGenerator) -> list[Motion]:
    return list(trained.sample(PROMPTS, LENGTHS, seed=5))


def bits(motions: Sequence[Motion]) -> list[bytes]:
    return [motion.positions.tobytes() for motion in motions]


def test_samples_have_their_lengths_and_prompts(whole: list[Motion]) -> None:
    assert [len(motion) for motion in whole] == LENGTHS
    assert [motion.caption for motion in whole] == PROMPTS
    assert all(motion.fps == 20 and np.isfinite(motion.positions).all() for motion in whole)


@pytest.mark.parametrize("length", [8, 9, 195, 196])
def test_motions_of_the_shortest_and_longest_lengths_are_sampled(trained: DiffusionGenerator, length: int) -> None:
    (motion,) = trained.sample(["a person stands"], [length])
    assert motion.positions.shape == (length, 22, 3)


def test_equal_requests_have_equal_bytes(store: Path, whole: list[Motion]) -> None:
    again = DiffusionGenerator(store, device="cpu")
    assert bits(list(again.sample(PROMPTS, LENGTHS, seed=5))) == bits(whole)


@pytest.mark.parametrize("start", [1, 15, 16, 40, 63, 64, 69, 70])
def test_a_sample_does_not_depend_on_the_start_index(
    trained: DiffusionGenerator, whole: list[Motion], start: int
) -> None:
    assert bits(list(trained.sample(PROMPTS, LENGTHS, seed=5, start_index=start))) == bits(whole[start:])


def test_a_sample_does_not_depend_on_other_prompts(trained: DiffusionGenerator, whole: list[Motion]) -> None:
    alone = list(trained.sample(PROMPTS[:3], LENGTHS[:3], seed=5))
    assert bits(alone) == bits(whole[:3])
    other = list(trained.sample(["a person jumps", *PROMPTS[1:3]], [60, *LENGTHS[1:3]], seed=5))
    assert bits(other)[1:] == bits(whole[1:3])
    changed = list(trained.sample(["a person jumps", *PROMPTS[1:3]], LENGTHS[:3], seed=5))
    assert not np.allclose(changed[0].positions, whole[0].positions, atol=1e-3)


def test_a_sample_depends_on_seed_guidance_and_steps(trained: DiffusionGenerator) -> None:
    def sample(seed: int = 0, guidance: float | None = None, steps: int | None = None) -> bytes:
        return bits(list(trained.sample(["a person walks"], [40], seed, SampleOptions("", guidance, steps))))[0]

    assert len({sample(), sample(seed=1), sample(guidance=1.0), sample(steps=3)}) == 4
    assert sample(steps=8) == sample()


def test_samples_of_equal_prompts_differ(trained: DiffusionGenerator) -> None:
    one, other = bits(list(trained.sample(["a person walks"] * 2, [40] * 2)))
    assert one != other


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm-solver++"])
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_every_sampler_works_with_any_number_of_steps(
    trained: DiffusionGenerator, store: Path, sampler: str, steps: int
) -> None:
    generator = DiffusionGenerator(store, device="cpu", sampler=sampler)  # pyright: ignore[reportArgumentType]
    (motion,) = generator.sample(["a person walks"], [24], options=SampleOptions(steps=steps))
    assert np.isfinite(motion.positions).all()


def test_a_model_without_frame_masks_can_be_trained_and_sampled(
    generator: DiffusionGenerator, motions: MotionSet
) -> None:
    generator.fit(generator.upload(motions), "", 2, settings={"mask_frames": "false", "max_frames": "64"})
    sampled = list(generator.sample(["one", "two"], [20, 100]))
    assert [len(motion) for motion in sampled] == [20, 100]


def test_the_first_motions_come_before_the_last_are_computed(
    trained: DiffusionGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []

    def counted(features: np.ndarray) -> np.ndarray:
        decoded.append(len(features))
        return decode_positions(features)

    monkeypatch.setattr("generator.loaded_model.decode_positions", counted)
    samples = trained.sample(PROMPTS, LENGTHS, seed=5)
    assert not decoded
    next(samples)
    assert 0 < len(decoded) < len(PROMPTS)


def test_a_model_that_was_trained_on_longer_motions_samples_and_reports_longer_ones(
    generator: DiffusionGenerator, motions: MotionSet
) -> None:
    assert generator.describe().max_frames == 196
    dataset = generator.upload(motions)
    generator.fit(dataset, "", 1, settings={"max_frames": "240"})
    assert generator.describe().max_frames == 240
    (motion,) = generator.sample(["a person walks"], [240])
    assert len(motion) == 240 and np.isfinite(motion.positions).all()
    with pytest.raises(InvalidInput, match=r"is 241; must be between 8 and 240"):
        generator.sample(["a person walks"], [241])
    with pytest.raises(InvalidInput, match=r"is 240; must be between 8 and 196"):
        generator.sample(["a person walks"], [240], options=SampleOptions("mdm"))


def test_a_damaged_newest_checkpoint_is_skipped_as_the_default(
    generator: DiffusionGenerator, motions: MotionSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = generator.upload(motions)
    older, newest = generator.fit(dataset, "", 1), generator.fit(dataset, "", 1, seed=1)
    assert generator.describe().default_checkpoint == newest
    expected = bits(list(generator.sample(["a person walks"], [40], options=SampleOptions(older))))
    (tmp_path / "store" / "checkpoints" / newest / CARD).write_text("{")
    assert generator.describe().default_checkpoint == older
    assert bits(list(generator.sample(["a person walks"], [40]))) == expected
    assert f"the checkpoint {newest} is damaged" in caplog.text
    with pytest.raises(InvalidInput, match=CARD):
        generator.sample(["a person walks"], [40], options=SampleOptions(newest))


@pytest.mark.parametrize(
    "prompts, lengths, options, start, field",
    [
        (NONE, [], SampleOptions(), 0, "prompts"),
        (["walk", " "], [40, 40], SampleOptions(), 0, r"prompts\[1\]"),
        (["walk" * 1000], [40], SampleOptions(), 0, r"prompts\[0\]"),
        (["walk"], [40, 40], SampleOptions(), 0, "lengths"),
        (["walk"], [7], SampleOptions(), 0, r"lengths\[0\]: is 7"),
        (["walk"], [197], SampleOptions(), 0, r"lengths\[0\]: is 197"),
        (["walk"], [40], SampleOptions(), 2, "start_index"),
        (["walk"], [40], SampleOptions(), -1, "start_index"),
        (["walk"], [40], SampleOptions(steps=0), 0, "steps"),
        (["walk"], [40], SampleOptions(steps=9), 0, "steps: is 9; must be at most 8"),
        (["walk"], [40], SampleOptions(guidance=float("nan")), 0, "guidance"),
        (["walk"], [40], SampleOptions(guidance=-1.0), 0, "guidance"),
        (["walk"], [40], SampleOptions(guidance=1e30), 0, r"guidance: is 1e\+30; must be between 0 and 100"),
    ],
)
def test_invalid_sample_requests_are_refused(
    trained: DiffusionGenerator, prompts: list[str], lengths: list[int], options: SampleOptions, start: int, field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        trained.sample(prompts, lengths, 0, options, start)


def test_an_unknown_checkpoint_is_refused_with_a_list_of_the_known_ones(trained: DiffusionGenerator) -> None:
    with pytest.raises(NotFound, match=trained.describe().default_checkpoint):
        trained.sample(["walk"], [40], options=SampleOptions("beef"))


def test_unknown_samplers_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="dpm-solver"):
        DiffusionGenerator(tmp_path, sampler="euler")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput, match="device"):
        DiffusionGenerator(tmp_path, device="abacus")


def test_bfloat16_samples_nearly_the_same_motion(tmp_path: Path, tiny: Settings, motions: MotionSet) -> None:
    exact = DiffusionGenerator(tmp_path, device="cpu", settings=tiny)
    exact.fit(exact.upload(motions), "", 20)
    rough = DiffusionGenerator(tmp_path, device="cpu", precision="bfloat16")
    (one,), (other,) = (list(generator.sample(["a person walks"], [60], seed=3)) for generator in (exact, rough))
    assert not np.array_equal(one.positions, other.positions)
    assert np.abs(one.positions - other.positions).mean() < 0.05 * np.abs(one.positions).mean()


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="auto, float32 or bfloat16"):
        DiffusionGenerator(tmp_path, precision="float8")
