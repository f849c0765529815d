"""Training runs are repeatable, can be interrupted anywhere, and refuse unusable data and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from generator.diffusion.diffusion import add_noise
from generator.generator import DiffusionGenerator
from generator.training.checkpoint import WEIGHTS, read_checkpoint
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound
from motion.motion_set import MotionSet
from motion.protocols import FitProgress

STEPS = 7


class Interrupted(Exception):
    """Raised by a progress callback to interrupt its training run."""


def weights(generator: DiffusionGenerator, root: Path, identity: str) -> bytes:
    """Return the bytes of a listed checkpoint's weights."""
    assert identity in generator.describe().checkpoints
    return (root / "store" / "checkpoints" / identity / WEIGHTS).read_bytes()


def stop_at(step: int):
    def progress(line: FitProgress) -> None:
        if line.step == step:
            raise Interrupted

    return progress


@pytest.mark.parametrize("stops", [(1,), (3,), (2, 5), (STEPS,)])
def test_an_interrupted_run_ends_in_the_same_weights(
    tmp_path: Path, tiny: Settings, motions: MotionSet, stops: tuple[int, ...]
) -> None:
    ids, bits = [], []
    for name, cuts in (("whole", ()), ("cut", stops)):
        root = tmp_path / name
        for stop in cuts:
            generator = DiffusionGenerator(root / "store", device="cpu", settings=tiny)
            with pytest.raises(Interrupted):
                generator.fit(generator.upload(motions), "", STEPS, seed=3, progress=stop_at(stop))
            assert generator.describe().checkpoints == (DiffusionGenerator(root).describe().checkpoints)
        generator = DiffusionGenerator(root / "store", device="cpu", settings=tiny)
        seen: list[int] = []
        ids.append(
            generator.fit(
                generator.upload(motions), "", STEPS, 3, progress=lambda line, seen=seen: seen.append(line.step)
            )
        )
        assert seen == list(range(max(cuts, default=0) + 1, STEPS + 1))
        bits.append(weights(generator, root, ids[-1]))
        assert not list((root / "store" / "partial").glob("*"))
    assert ids[0] == ids[1]
    assert bits[0] == bits[1]


def test_a_killed_run_continues_from_the_last_saved_state(
    tmp_path: Path, tiny: Settings, motions: MotionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the run in the middle of a step, when nothing can be saved any more."""
    whole = DiffusionGenerator(tmp_path / "whole" / "store", device="cpu", settings=tiny)
    expected = weights(whole, tmp_path / "whole", whole.fit(whole.upload(motions), "", STEPS, 3))
    root = tmp_path / "killed"
    generator = DiffusionGenerator(root / "store", device="cpu", settings=tiny, save_seconds=0.0)
    dataset = generator.upload(motions)
    clipped = torch.nn.utils.clip_grad_norm_
    calls = iter(range(STEPS))

    def killed(*arguments, **named):
        if next(calls) == 4:
            raise KeyboardInterrupt
        return clipped(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(torch.nn.utils, "clip_grad_norm_", killed)
        with pytest.raises(KeyboardInterrupt):
            generator.fit(dataset, "", STEPS, 3)
    assert list((root / "store" / "partial").iterdir())
    identity = generator.fit(dataset, "", STEPS, 3)
    assert weights(generator, root, identity) == expected


def test_a_request_that_was_answered_before_is_answered_without_training(
    generator: DiffusionGenerator, motions: MotionSet
) -> None:
    dataset = generator.upload(motions)
    first = generator.fit(dataset, "", 2, seed=1)
    steps: list[FitProgress] = []
    assert generator.fit(dataset, "", 2, seed=1, progress=steps.append) == first
    assert not steps
    others = [
        generator.fit(dataset, "", 3, seed=1),
        generator.fit(dataset, "", 2, seed=2),
        generator.fit(dataset, "", 2, seed=1, settings={"lr": "1e-5"}),
        generator.fit(dataset, first, 2, seed=1),
        generator.fit(generator.upload(motions.select(range(5))), "", 2, seed=1),
    ]
    assert len({first, *others}) == 6


def test_the_start_checkpoint_is_read_once_and_not_for_a_request_that_was_answered_before(
    generator: DiffusionGenerator, motions: MotionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = generator.upload(motions)
    first = generator.fit(dataset, "", 1)
    read: list[Path] = []

    def counted(path: Path) -> dict[str, torch.Tensor]:
        read.append(path)
        return load_file(path)

    monkeypatch.setattr("generator.training.checkpoint.load_file", counted)
    second = generator.fit(dataset, first, 1)
    assert [path.parent.name for path in read] == [first]
    assert generator.fit(dataset, first, 1) == second
    assert len(read) == 1


def test_naming_a_default_setting_does_not_change_the_checkpoint_id(
    generator: DiffusionGenerator, motions: MotionSet
) -> None:
    dataset = generator.upload(motions)
    assert generator.fit(dataset, "", 1) == generator.fit(
        dataset, "", 1, settings={"width": "16", "mask_frames": "True"}
    )


def test_a_folder_with_other_weights_results_in_another_checkpoint(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet
) -> None:
    dataset = generator.upload(motions)
    fits = []
    for seed in (1, 2, 1):
        generator.copy_checkpoint(generator.fit(dataset, "", 1, seed=seed), tmp_path / "mine")
        fits.append(generator.fit(dataset, generator.open_checkpoint(tmp_path / "mine"), 1))
    assert fits[0] == fits[2] != fits[1]


def test_training_from_a_checkpoint_keeps_model_and_normalizer(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet
) -> None:
    first = generator.fit(generator.upload(motions.select([0, 1, 2])), "", 2)
    second = generator.fit(generator.upload(motions.select([3, 4, 5])), first, 2, settings={"lr": "1e-5"})
    before, after = (read_checkpoint(tmp_path / "store" / "checkpoints" / each) for each in (first, second))
    for ours, theirs in (
        (before.normalizer.mean, after.normalizer.mean),
        (before.normalizer.std, after.normalizer.std),
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert after.card["init"] == first
    assert after.settings == replace(before.settings, lr=1e-5)
    with pytest.raises(InvalidInput, match=r"settings\.width: is 32; the checkpoint to start from has 16"):
        generator.fit(generator.upload(motions), first, 2, settings={"width": "32"})


def test_every_step_draws_new_times_and_noise(
    generator: DiffusionGenerator, motions: MotionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, ...]] = []

    def watched(clean: torch.Tensor, noise: torch.Tensor, time: torch.Tensor, steps: int) -> torch.Tensor:
        drawn.append((*time.tolist(), float(noise[0, 0, 0])))
        return add_noise(clean, noise, time, steps)

    monkeypatch.setattr("generator.diffusion.diffusion.add_noise", watched)
    dataset = generator.upload(motions)
    for seed in (0, 1):
        generator.fit(dataset, "", 10, seed)
    assert len({values[-1] for values in drawn}) == 20
    assert {int(time) for values in drawn for time in values[:-1]} == set(range(8))


def test_training_reduces_the_loss(generator: DiffusionGenerator, motions: MotionSet) -> None:
    losses: list[float] = []
    settings = {"lr": "3e-3", "dropout": "0"}
    generator.fit(generator.upload(motions), "", 60, settings=settings, progress=lambda line: losses.append(line.loss))
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_data_sets_that_cannot_be_trained_on_are_refused(generator: DiffusionGenerator, motions: MotionSet) -> None:
    with pytest.raises(InvalidInput, match="dataset: has 1 motions"):
        generator.upload(motions.select([0]))
    with pytest.raises(InvalidInput, match=r"captions\[2\]"):
        generator.upload(MotionSet(motions.motions, (*motions.captions[:2], (" ",), *motions.captions[3:])))
    broken = motions.motions[1].positions.copy()
    broken[3, 4] = np.nan
    with pytest.raises(InvalidInput, match=r"motions\[1\]\.positions"):
        generator.upload(
            motions.with_motions([motions.motions[0], motions.motions[1].with_positions(broken), *motions.motions[2:]])
        )
    short = motions.motions[4].with_positions(motions.motions[4].positions[:5])
    with pytest.raises(InvalidInput, match=r"motions\[4\]: has 5 frames"):
        generator.upload(motions.with_motions([*motions.motions[:4], short, motions.motions[5]]))
    assert generator.describe().checkpoints == ("flow", "mdm")  # those that ship


@pytest.mark.parametrize("steps, seed, field", [(0, 0, "steps"), (-1, 0, "steps"), (1, -1, "seed"), (1, 2**64, "seed")])
def test_steps_and_seeds_out_of_range_are_refused(
    generator: DiffusionGenerator, motions: MotionSet, steps: int, seed: int, field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        generator.fit(generator.upload(motions), "", steps, seed)


def test_unknown_checkpoints_and_data_sets_are_not_found(generator: DiffusionGenerator, motions: MotionSet) -> None:
    dataset = generator.upload(motions)
    known = generator.fit(dataset, "", 1)
    for unknown in ("00ff", "../../etc", "no-such"):
        with pytest.raises(NotFound, match=known):
            generator.fit(dataset, unknown, 1)
        with pytest.raises(NotFound, match="no data set"):
            generator.fit(unknown, "", 1)


def test_extrapolation_moves_the_weights_away_from_the_trained_ones(
    generator: DiffusionGenerator, motions: MotionSet, tmp_path: Path
) -> None:
    dataset = generator.upload(motions)
    first = generator.fit(dataset, "", 3)
    trained = {
        name: generator.fit(dataset, first, 2, 1, settings)
        for name, settings in (("trained", {}), ("neon", {"extrapolation": "-0.5"}))
    }
    tensors = {}
    for name, identity in (("first", first), *trained.items()):
        generator.copy_checkpoint(identity, tmp_path / name)
        tensors[name] = read_checkpoint(tmp_path / name).weights
    for name, start in tensors["first"].items():
        expected = start - 0.5 * (tensors["trained"][name] - start)
        torch.testing.assert_close(tensors["neon"][name], expected)
    # A checkpoint that is trained from it does not inherit the extrapolation.
    assert generator.training_settings(trained["neon"], {}).extrapolation == 1.0


def test_a_kept_optimizer_is_continued(tmp_path: Path, generator: DiffusionGenerator, motions: MotionSet) -> None:
    dataset = generator.upload(motions)
    kept = {"keep_optimizer": "true"}
    first = generator.fit(dataset, "", 3, settings=kept)
    with_moments, without = (
        generator.fit(dataset, first, 2, 1),
        generator.fit(dataset, first, 2, 1, {"keep_optimizer": "false"}),
    )
    assert with_moments != without
    # From a checkpoint without moments, such as the one that ships, the optimizer starts anew and is kept from then on.
    plain = generator.fit(dataset, "", 3)
    kept_run, fresh_run = (generator.fit(dataset, plain, 2, settings=each) for each in (kept, None))
    assert weights(generator, tmp_path, kept_run) == weights(generator, tmp_path, fresh_run)
    further = [generator.fit(dataset, each, 2) for each in (kept_run, fresh_run)]
    assert weights(generator, tmp_path, further[0]) != weights(generator, tmp_path, further[1])
    for file in (tmp_path / "store" / "optimizers").iterdir():
        file.unlink()
    with pytest.raises(InvalidInput, match="moments of checkpoint"):
        generator.fit(dataset, first, 4)


def test_an_interrupted_run_with_a_kept_optimizer_ends_in_the_same_weights(
    tmp_path: Path, tiny: Settings, motions: MotionSet
) -> None:
    bits = []
    for name in ("whole", "cut"):
        root = tmp_path / name
        generator = DiffusionGenerator(root / "store", device="cpu", settings=replace(tiny, keep_optimizer=True))
        dataset = generator.upload(motions)
        first = generator.fit(dataset, "", 3)
        if name == "cut":
            with pytest.raises(Interrupted):
                generator.fit(dataset, first, 4, 1, progress=stop_at(2))
        bits.append(weights(generator, root, generator.fit(dataset, first, 4, 1)))
    assert bits[0] == bits[1]


def test_a_diverged_run_leaves_no_checkpoint(generator: DiffusionGenerator, motions: MotionSet) -> None:
    before = generator.describe().checkpoints
    for steps in (20, 20, 1):  # the second run must not continue from a diverged state
        with pytest.raises(InvalidInput, match=r"settings.lr: is 1e\+18; training diverged by step"):
            generator.fit(generator.upload(motions), "", steps, settings={"lr": "1e18", "clip": "1e30", "warmup": "0"})
    assert generator.describe().checkpoints == before


def test_extrapolation_needs_a_checkpoint_to_start_from(generator: DiffusionGenerator, motions: MotionSet) -> None:
    with pytest.raises(InvalidInput, match=r"settings.extrapolation: is -0\.5"):
        generator.fit(generator.upload(motions), "", 1, settings={"extrapolation": "-0.5"})
