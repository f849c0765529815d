"""Test verifiers, curation and the settings of an arm's training, each in a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import RECIPE, FakeCorrector, FakeGenerator, Fuse

from loop_client.runs.arms import VerifierRecipe
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_files import read_json
from loop_client.runs.run_recipe import Recipe, parse_recipe, recipe_from_table
from loop_client.runs.run_store import RunStore
from loop_client.runs.verification import plausible_error_mm, summarize_verification, verify
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_packed
from motion.shell.schema import to_table


class RecordingGenerator(FakeGenerator):
    """A generator that records the arguments of every training."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, int, dict[str, str]]] = []

    def fit(
        self, dataset: str, init: str, steps: int, seed: int = 0, settings: Any = None, progress: Any = None
    ) -> str:
        self.asked.append((init, steps, dict(settings or {})))
        return super().fit(dataset, init, steps, seed, settings, progress)


def recipe_with(data: Path, arms: list[dict[str, Any]], **changes: Any) -> Recipe:
    table = to_table(parse_recipe(RECIPE.format(data=data)))
    return recipe_from_table({**table, **changes, "arms": arms})


def run(recipe: Recipe, folder: Path, generator: Any = None, corrector: Any = None) -> tuple[RunStore, list[Any]]:
    store = create_run(folder, recipe, folder.exists())
    lines = run_loop(store, load_data(recipe.data), generator or FakeGenerator(), corrector or FakeCorrector(), True)
    return store, lines


def of_arm(lines: list[dict[str, Any]], arm: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["arm"] == arm and line["generation"] > 0]


def test_motions_that_the_body_cannot_follow_are_left_out(swaying_path: Path, tmp_path: Path) -> None:
    arms = [{"name": "sure", "strategy": "augment", "verifier": {"kind": "completed", "most": 0.0}}]
    store, lines = run(recipe_with(swaying_path, arms), tmp_path / "run", corrector=FakeCorrector(fail_every=2))
    for line in of_arm(lines, "sure"):
        facts = line["synthetic"]
        assert facts["failed"] > 0 and facts["used"] == facts["asked"] - facts["failed"]
        assert facts["verifier"]["verified"] == 6 and facts["verifier"]["kept"] == facts["used"]
        assert facts["lambda_reached"] == facts["used"] / 6 < facts["lambda_asked"]
        # They are corrected for the verifier only, and trained on uncorrected.
        assert line["training"]["raw"] == facts["used"] and line["training"]["corrected"] == 0
    motions = read_packed(store.generation(3, "sure", 1) / "synthetic/raw")
    assert all(about["corrected"] and not about["replaced"] for about in motions.metadata)


def test_motions_that_need_too_much_assist_are_left_out(swaying_path: Path, tmp_path: Path) -> None:
    arms = [{"name": "fair", "strategy": "augment", "verifier": {"kind": "force", "most": 128.0}}]
    store, lines = run(recipe_with(swaying_path, arms), tmp_path / "run", corrector=FakeCorrector(fail_every=3))
    for line in of_arm(lines, "fair"):
        place = store.generation(3, "fair", line["generation"]) / "synthetic"
        samples = read_json(place / "verified.json")["samples"].values()
        assert {sample["kept"] for sample in samples} == {True, False}
        for sample in samples:
            # A failed correction has infinite badness, which JSON cannot hold.
            assert sample["kept"] == (sample["badness"] is not None and sample["badness"] <= 128.0)
        assert line["training"]["raw"] == sum(sample["kept"] for sample in samples)
    with pytest.raises(InvalidInput, match="assist: is 'none'"):
        recipe_with(swaying_path, arms, correction={"assist": "none"})


@pytest.mark.parametrize("kind", ["phys_err", "distance", "force", "score"])
def test_the_best_of_three_samples_is_kept(swaying_path: Path, tmp_path: Path, kind: str) -> None:
    arms = [{"name": "best", "strategy": "augment", "corrector": "physics", "verifier": {"kind": kind, "best_of": 3}}]
    store, lines = run(recipe_with(swaying_path, arms, generations=1), tmp_path / "run")
    (line,) = of_arm(lines, "best")
    assert line["training"] == {"real": 6, "raw": 0, "corrected": 6, "steps": 2}
    assert line["synthetic"]["asked"] == 6 and line["synthetic"]["lambda_reached"] == 1.0
    place = store.generation(3, "best", 1) / "synthetic"
    samples = list(read_json(place / "verified.json")["samples"].values())
    prompts = [about["prompt"] for about in read_packed(place / "raw").metadata]
    assert len(samples) == 18
    for start in range(0, 18, 3):
        group = samples[start : start + 3]
        kept = [sample["badness"] for sample in group if sample["kept"]]
        assert kept == [min(sample["badness"] for sample in group)]
        assert len(set(prompts[start : start + 3])) == 1


def test_a_verifier_is_judged_by_plausible_physical_errors(swaying_path: Path, tmp_path: Path) -> None:
    store, _ = run(recipe_with(swaying_path, [{"name": "a", "strategy": "augment"}], generations=1), tmp_path / "run")
    from loop_client.runs.sample_batch import read_sample_batch

    sample_batch = read_sample_batch(store.generation(3, "a", 1) / "synthetic")
    judged = verify(sample_batch, VerifierRecipe("phys_err", 1e9), 0.0, lambda _: np.empty(0))["samples"]
    levels = sorted(judged.values(), key=lambda sample: sample["badness"])
    middle = levels[2]["badness"]
    # A verifier that keeps exactly the good samples prevents collapse whatever the share of bad ones.
    exact = verify(sample_batch, VerifierRecipe("phys_err", middle), middle, lambda _: np.empty(0))
    facts = summarize_verification(exact)
    assert (facts["kept"], facts["kept_good"], facts["kept_bad"]) == (3, 1.0, 0.0)
    assert facts["share_bad"] == 0.5 and facts["collapse_threshold"] == 1.0
    # With one that keeps everything, at most half may be bad.
    loose = summarize_verification(verify(sample_batch, VerifierRecipe("phys_err", 1e9), middle, lambda _: np.empty(0)))
    assert loose["collapse_threshold"] == 0.5
    none_bad = summarize_verification(verify(sample_batch, VerifierRecipe("phys_err", 1e9), 1e9, lambda _: np.empty(0)))
    assert none_bad["kept_bad"] is None and none_bad["collapse_threshold"] is None


def test_nearly_all_real_motions_are_plausible(swaying_path: Path, tiny_recipe: Recipe) -> None:
    from motion.metrics import physical_errors

    real = load_data(tiny_recipe.data).train.motions
    errors = np.array([physical_errors(each.positions, each.fps).phys_err_mm for each in real])
    assert (errors <= plausible_error_mm(real)).mean() == pytest.approx(5 / 6)


def test_an_interrupted_run_with_a_verifier_ends_with_the_same_metrics(swaying_path: Path, tmp_path: Path) -> None:
    from loop_fakes import Cut

    arms = [{"name": "v", "strategy": "accumulate", "verifier": {"kind": "distance", "most": 2.0, "best_of": 2}}]
    recipe = recipe_with(swaying_path, arms)
    store, _ = run(recipe, tmp_path / "whole")
    for after in (1, 2, 3):
        generator = FakeGenerator()
        with pytest.raises(Cut):
            run(recipe, tmp_path / f"cut{after}", generator, FakeCorrector(Fuse(after)))
        again, _ = run(recipe, tmp_path / f"cut{after}", generator)
        assert again.metrics() == store.metrics()


def test_neon_extrapolates_away_from_its_samples(swaying_path: Path, tmp_path: Path) -> None:
    generator = RecordingGenerator()
    arms = [{"name": "neon", "strategy": "neon", "w": 0.5}, {"name": "replace", "strategy": "replace"}]
    _, lines = run(recipe_with(swaying_path, arms), tmp_path / "run", generator)
    assert [line["training"]["real"] for line in of_arm(lines, "neon")] == [0, 0]
    moved = [settings.get("extrapolation") for _, _, settings in generator.asked]
    assert moved == [None, "-0.5", None, "-0.5", None]


def test_generations_may_start_from_scratch_and_keep_the_optimizer(swaying_path: Path, tmp_path: Path) -> None:
    generator = RecordingGenerator()
    training = {"first_steps": 4, "later_steps": 2, "retrain": "scratch", "optimizer": "kept"}
    run(
        recipe_with(swaying_path, [{"name": "a", "strategy": "augment"}], generator=training), tmp_path / "r", generator
    )
    assert [(init, steps) for init, steps, _ in generator.asked] == [("", 4)] * 3
    assert all(settings == {"keep_optimizer": "true"} for _, _, settings in generator.asked)


def test_later_generations_may_have_other_settings(swaying_path: Path, tmp_path: Path) -> None:
    generator, arms = RecordingGenerator(), [{"name": "a", "strategy": "augment"}]
    training = {
        "first_steps": 4,
        "later_steps": 2,
        "settings": {"lr": 1e-3, "clip": 2.0},
        "later_settings": {"lr": 1e-4},
    }
    run(recipe_with(swaying_path, arms, generator=training), tmp_path / "r", generator)
    first, later = {"lr": "0.001", "clip": "2.0"}, {"lr": "0.0001", "clip": "2.0"}
    assert [settings for _, _, settings in generator.asked] == [first, later, later]
    with pytest.raises(InvalidInput, match=r"generator\.later_settings: has no place with retrain 'scratch'"):
        recipe_with(swaying_path, arms, generator={**training, "retrain": "scratch"})


@pytest.mark.parametrize("retrain", ["finetune", "scratch"])
def test_generation_0_may_start_from_a_checkpoint(swaying_path: Path, tmp_path: Path, retrain: str) -> None:
    generator = RecordingGenerator()
    generator.checkpoints["theirs"] = ("", 0)
    training = {"init": "theirs", "first_steps": 4, "later_steps": 2, "retrain": retrain}
    arms = [{"name": "a", "strategy": "augment"}]
    run(recipe_with(swaying_path, arms, generator=training), tmp_path / "r", generator)
    began = [init == "theirs" for init, _, _ in generator.asked]
    assert began == ([True] * 3 if retrain == "scratch" else [True, False, False])
    unknown = recipe_with(swaying_path, arms, generator={**training, "init": "nobody's"})
    with pytest.raises(NotFound, match="nobody's"):
        run(unknown, tmp_path / "other", generator)


def test_strategy_fresh_draws_n_motions(swaying_path: Path, tmp_path: Path) -> None:
    arms = [{"name": "fresh", "strategy": "fresh", "n": 4}]
    _, lines = run(recipe_with(swaying_path, arms), tmp_path / "run")
    assert [line["training"]["real"] for line in of_arm(lines, "fresh")] == [4, 4]
    assert [line["synthetic"]["asked"] for line in of_arm(lines, "fresh")] == [4, 4]
    with pytest.raises(InvalidInput, match=r"arms\.n: is 99; there are 10 motions"):
        run(recipe_with(swaying_path, [{**arms[0], "n": 99}]), tmp_path / "more")


def test_bias_is_applied_as_guidance(swaying_path: Path, tmp_path: Path) -> None:
    class Guided(FakeGenerator):
        def sample(self, prompts: Any, lengths: Any, seed: int = 0, options: Any = None, start_index: int = 0) -> Any:
            seen.append(options.guidance)
            return super().sample(prompts, lengths, seed, options, start_index)

    seen: list[float | None] = []
    arms = [{"name": "biased", "strategy": "replace", "bias": 0.4}]
    run(recipe_with(swaying_path, arms, generations=1), tmp_path / "run", Guided())
    assert seen == [None, 2.5, None]  # evaluated, synthetic, evaluated


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ({"strategy": "augment", "n": 4}, "n: is 4; strategy 'augment' draws no fresh real motions"),
        ({"strategy": "neon"}, "w: is missing; must be how far"),
        ({"strategy": "augment", "w": 1.0}, "w: is 1.0; has no place"),
        ({"strategy": "baseline", "verifier": {"kind": "score", "most": 1.0}}, "verifier.*makes no motions"),
        ({"strategy": "augment", "verifier": {"kind": "score"}}, "keeps everything is none"),
        ({"strategy": "augment", "verifier": {"kind": "taste", "most": 1.0}}, "verifier.kind.*'taste'"),
        ({"strategy": "augment", "corrector": "roundtrip", "verifier": {"kind": "completed", "most": 0.0}}, "physics"),
        ({"strategy": "augment", "corrector": "roundtrip", "verifier": {"kind": "force", "most": 9.0}}, "physics"),
        ({"strategy": "augment", "bias": 0.0}, "bias"),
    ],
)
def test_arms_with_settings_that_do_not_go_together_are_refused(
    swaying_path: Path, arm: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        recipe_with(swaying_path, [{"name": "a", **arm}])
