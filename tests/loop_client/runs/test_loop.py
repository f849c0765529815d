"""Test the loop as a whole: what it trains on, measures and stores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import FakeCorrector, FakeGenerator, run_quietly

from loop_client.runs.recipe_sections import CorrectionRecipe
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import open_run
from motion.errors import InvalidInput
from motion.formats.packed import read_packed, read_reports
from motion.protocols import FitProgress, GeneratorInfo


def test_metrics_have_a_line_for_every_arm_and_generation(unbroken) -> None:
    _, lines, _ = unbroken
    arms = ["baseline", "iterative", "corrected", "roundtrip"]
    assert [(line["generation"], line["arm"]) for line in lines] == [(g, arm) for g in range(3) for arm in arms]
    assert all(line["fid"] is not None and line["embedding"].startswith("autoencoder-4d-") for line in lines)


def test_all_arms_share_generation_zero(unbroken) -> None:
    _, lines, calls = unbroken
    first = [{k: v for k, v in line.items() if k != "arm"} for line in lines if line["generation"] == 0]
    assert first.count(first[0]) == 4
    assert calls.count("step 4") == 1  # only generation 0 takes four steps


def test_arms_train_on_the_motions_of_their_strategies(unbroken) -> None:
    _, lines, _ = unbroken
    origins = {
        (line["arm"], line["generation"]): tuple(line["training"][key] for key in ("real", "raw", "corrected"))
        for line in lines
    }
    assert origins["baseline", 2] == (6, 0, 0)
    assert origins["iterative", 2] == (6, 6, 0)
    assert origins["corrected", 2] == (6, 0, 6)
    real, raw, corrected = origins["roundtrip", 2]  # accumulates two generations, about half of them corrected
    assert real == 6 and raw + corrected == 12 and raw > 0 and corrected > 0


def test_arms_of_one_generation_get_the_same_samples(unbroken) -> None:
    """In generation 1 all arms ask the same model for the same samples."""
    folder, _, _ = unbroken
    sets = [
        read_packed(folder / f"seed-3/{arm}/generation-001/synthetic/raw")
        for arm in ("iterative", "corrected", "roundtrip")
    ]
    assert len({motions.content_id() for motions in sets}) == 1


def test_the_origin_of_each_sample_is_stored(unbroken) -> None:
    folder, _, _ = unbroken
    place = folder / "seed-3/corrected/generation-002/synthetic"
    motions, reports = read_packed(place / "raw"), read_reports(place / "corrected")
    sources = {"clip" + about["source"][4:] for about in motions.metadata}
    assert len(sources) == 6  # drawn without replacement
    for motion, texts, about in zip(motions.motions, motions.captions, motions.metadata, strict=True):
        assert about["prompt"] in texts and about["generation"] == 2 and about["arm"] == "corrected"
        assert motion.name in reports and about["checkpoint"]
    fit = json.loads((place.parent / "fit.json").read_text())
    assert [item["origin"] for item in fit["items"]] == ["real"] * 6 + ["corrected"] * 6


def test_every_generation_has_its_own_noise(unbroken) -> None:
    folder, _, _ = unbroken
    seeds = {
        read_packed(folder / f"seed-3/iterative/generation-00{g}/{kind}/raw").metadata[0]["seed"]
        for g in (1, 2)
        for kind in ("synthetic", "samples")
    }
    assert len(seeds) == 4


def test_two_runs_have_identical_metrics(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder, _, _ = unbroken
    run_quietly(tiny_recipe, tmp_path / "again")
    assert (tmp_path / "again/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()


def test_failed_corrections_are_counted_and_left_out(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe, arms=(tiny_recipe.arms[2], replace(tiny_recipe.arms[2], name="kept", failed="keep")))
    lines = run_quietly(recipe, tmp_path / "run", corrector=FakeCorrector(fail_every=2))
    dropped, kept = [line for line in lines if line["generation"] == 1]
    failed = dropped["synthetic"]["failed"]
    assert 0 < failed < 6 and kept["synthetic"]["failed"] == failed
    assert dropped["training"]["corrected"] == 6 - failed and dropped["training"]["raw"] == 0
    assert dropped["synthetic"]["lambda_asked"] == 1.0
    assert dropped["synthetic"]["lambda_reached"] == pytest.approx((6 - failed) / 6)
    assert kept["training"]["raw"] == failed and kept["synthetic"]["lambda_reached"] == 1.0


def test_invalid_samples_are_counted_and_left_out(tiny_recipe: Recipe, tmp_path: Path) -> None:
    lines = run_quietly(tiny_recipe, tmp_path / "run", FakeGenerator(break_sample=2))
    for line in lines:
        assert line["samples"] == {"asked": 6, "invalid": 1} and line["corrected"]["motions"] == 5
    corrected = next(line for line in lines if line["arm"] == "corrected" and line["generation"] == 1)
    assert corrected["synthetic"]["invalid"] == 1 and corrected["training"]["corrected"] == 5


def test_a_generator_at_another_frame_rate_is_refused_by_a_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Faster(FakeGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), fps=30.0)

    with pytest.raises(InvalidInput, match="makes motion at 30 frames/s; must be at 20"):
        run_quietly(tiny_recipe, tmp_path / "run", Faster())


def test_a_loss_of_nan_does_not_stop_a_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Diverging(FakeGenerator):
        def fit(self, dataset, init, steps, seed=0, settings=None, progress=None):
            def follow(line: FitProgress) -> None:
                if progress:
                    progress(replace(line, loss=float("nan")))

            return super().fit(dataset, init, steps, seed, settings, follow)

    assert len(run_quietly(tiny_recipe, tmp_path / "run", Diverging())) == 12


def test_an_unknown_policy_is_refused_before_anything_is_made(tiny_recipe: Recipe, tmp_path: Path) -> None:
    generator = FakeGenerator()
    wrong = replace(tiny_recipe, correction=CorrectionRecipe(policy="nope"))
    with pytest.raises(InvalidInput, match=r"correction.policy: is 'nope'; the corrector has base"):
        run_quietly(wrong, tmp_path / "run", generator)
    assert not generator.fuse.calls
    create_run(tmp_path / "run", tiny_recipe, resume=False)  # and the folder can be used


def test_metrics_are_mirrored_for_tensorboard(unbroken) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, lines, _ = unbroken
    run_quietly(open_run(folder).recipe, folder)  # a second start writes the mirror anew, and nothing twice
    for arm in ("baseline", "corrected"):
        events = EventAccumulator(str(folder / "tensorboard/seed-3" / arm)).Reload()
        wanted = [(line["generation"], line["fid"]) for line in lines if line["arm"] == arm]
        assert [(each.step, each.value) for each in events.Scalars("fid")] == [
            (generation, pytest.approx(value, rel=1e-6)) for generation, value in wanted
        ]
    assert "synthetic/lambda_reached" in events.Tags()["scalars"]


def test_refused_settings_are_reported_before_the_embedding_is_trained(tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Strict(FakeGenerator):
        def fit(self, dataset, init, steps, seed=0, settings=None, progress=None):
            raise InvalidInput.of("settings.witdh", "is not a setting that is known here")

    with pytest.raises(InvalidInput, match=r"settings\.witdh: is not a setting"):
        run_quietly(tiny_recipe, tmp_path / "run", Strict())
    assert not (tmp_path / "run/embedding").exists()
    corrected = replace(tiny_recipe, generator=replace(tiny_recipe.generator, settings={"width": 9}))
    create_run(tmp_path / "run", corrected, resume=False)  # the folder can be used for the corrected recipe
    assert len(run_quietly(corrected, tmp_path / "run")) == 12


def test_lengths_stay_in_the_range_of_the_generator(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The real motions have 44 frames."""

    class Long(FakeGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), min_frames=50, max_frames=60)

    run_quietly(tiny_recipe, tmp_path / "run", Long())
    for kind in ("synthetic", "samples"):
        motions = read_packed(tmp_path / f"run/seed-3/corrected/generation-001/{kind}/raw")
        assert {len(motion) for motion in motions} == {50}
