"""The loop as a whole: what it leaves behind, and that being cut off anywhere changes nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import Cut, FakeCorrector, FakeGenerator, Fuse

from loop_client.reports.run_report import write_report
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_recipe import CorrectionRecipe, Recipe
from loop_client.runs.run_store import create_run, locked, open_run
from motion.errors import InvalidInput
from motion.formats.packed import read_packed, read_reports
from motion.protocols import CorrectorInfo, FitProgress, GeneratorInfo


def run(recipe: Recipe, folder: Path, generator: FakeGenerator | None = None, corrector: FakeCorrector | None = None):
    store = create_run(folder, recipe, resume=folder.exists())
    return run_loop(
        store, load_data(store.recipe.data), generator or FakeGenerator(), corrector or FakeCorrector(), quiet=True
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, swaying_path: Path):
    """A whole run, its directory, and what was asked of its generator."""
    from loop_fakes import RECIPE

    from loop_client.runs.run_recipe import parse_recipe

    folder = tmp_path_factory.mktemp("unbroken") / "run"
    fuse = Fuse()
    lines = run(parse_recipe(RECIPE.format(data=swaying_path)), folder, FakeGenerator(fuse))
    return folder, lines, fuse.calls


def test_has_a_line_for_every_arm_and_generation(unbroken) -> None:
    _, lines, _ = unbroken
    arms = ["baseline", "iterative", "corrected", "roundtrip"]
    assert [(line["generation"], line["arm"]) for line in lines] == [(g, arm) for g in range(3) for arm in arms]
    assert all(line["fid"] is not None and line["embedding"].startswith("autoencoder-4d-") for line in lines)


def test_generation_zero_is_shared(unbroken) -> None:
    _, lines, calls = unbroken
    first = [{k: v for k, v in line.items() if k != "arm"} for line in lines if line["generation"] == 0]
    assert first.count(first[0]) == 4
    assert calls.count("step 4") == 1  # only generation 0 takes four steps


def test_arms_train_on_what_they_say(unbroken) -> None:
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


def test_arms_are_paired(unbroken) -> None:
    """In generation 1 all arms ask the same model for the same samples."""
    folder, _, _ = unbroken
    sets = [
        read_packed(folder / f"seed-3/{arm}/generation-001/synthetic/raw")
        for arm in ("iterative", "corrected", "roundtrip")
    ]
    assert len({motions.content_id() for motions in sets}) == 1


def test_keeps_where_each_sample_came_from(unbroken) -> None:
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


def test_noise_differs_from_generation_to_generation(unbroken) -> None:
    folder, _, _ = unbroken
    seeds = {
        read_packed(folder / f"seed-3/iterative/generation-00{g}/{kind}/raw").metadata[0]["seed"]
        for g in (1, 2)
        for kind in ("synthetic", "samples")
    }
    assert len(seeds) == 4


def test_two_runs_have_identical_metrics(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder, _, _ = unbroken
    run(tiny_recipe, tmp_path / "again")
    assert (tmp_path / "again/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.23, 0.36, 0.5, 0.68, 0.85, 0.99])
def test_a_run_that_was_cut_off_ends_the_same(unbroken, tiny_recipe: Recipe, tmp_path: Path, share: float) -> None:
    folder, _, calls = unbroken
    generator = FakeGenerator(Fuse(int(share * len(calls))))
    with pytest.raises(Cut):
        run(tiny_recipe, tmp_path / "run", generator)
    before = len(generator.fuse.calls)
    generator.fuse.after = None
    run(tiny_recipe, tmp_path / "run", generator)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()
    # What was under way is done over at most: one chunk, or one upload and fit.
    assert len(generator.fuse.calls) - len(calls) <= 7, (before, len(calls))


@pytest.mark.parametrize("after", [0, 3, 7])
def test_a_corrector_that_is_cut_off_ends_the_same(unbroken, tiny_recipe: Recipe, tmp_path: Path, after: int) -> None:
    folder, _, _ = unbroken
    generator, corrector = FakeGenerator(), FakeCorrector(Fuse(after))
    with pytest.raises(Cut):
        run(tiny_recipe, tmp_path / "run", generator, corrector)
    corrector.fuse.after = None
    run(tiny_recipe, tmp_path / "run", generator, corrector)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()
    # Every sample was saved before it went to be corrected: none was made twice.
    sampled = [call for call in generator.fuse.calls if call.startswith("sample")]
    assert len(sampled) == sum(call.startswith("sample") for call in unbroken[2])


@pytest.mark.parametrize("lost", ["metrics.json", "fit.json", "samples/raw.npz"])
def test_a_lost_result_is_made_again(unbroken, tiny_recipe: Recipe, tmp_path: Path, lost: str) -> None:
    """As after a kill between a stage and the line in metrics.jsonl."""
    folder, _, _ = unbroken
    generator = FakeGenerator()
    run(tiny_recipe, tmp_path / "run", generator)
    (tmp_path / "run/seed-3/roundtrip/generation-002" / lost).unlink()
    metrics = tmp_path / "run/metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))
    run(tiny_recipe, tmp_path / "run", generator)
    assert metrics.read_bytes() == (folder / "metrics.jsonl").read_bytes()


def test_a_finished_run_asks_for_nothing(unbroken, tiny_recipe: Recipe) -> None:
    folder, lines, _ = unbroken
    generator = FakeGenerator(Fuse(0))
    assert run(tiny_recipe, folder, generator) == lines
    assert not generator.fuse.calls


def test_failed_corrections_are_counted_and_left_out(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe, arms=(tiny_recipe.arms[2], replace(tiny_recipe.arms[2], name="kept", failed="keep")))
    lines = run(recipe, tmp_path / "run", corrector=FakeCorrector(fail_every=2))
    dropped, kept = [line for line in lines if line["generation"] == 1]
    failed = dropped["synthetic"]["failed"]
    assert 0 < failed < 6 and kept["synthetic"]["failed"] == failed
    assert dropped["training"]["corrected"] == 6 - failed and dropped["training"]["raw"] == 0
    assert dropped["synthetic"]["lambda_asked"] == 1.0
    assert dropped["synthetic"]["lambda_reached"] == pytest.approx((6 - failed) / 6)
    assert kept["training"]["raw"] == failed and kept["synthetic"]["lambda_reached"] == 1.0


def test_samples_that_are_no_motion_are_counted_and_left_out(tiny_recipe: Recipe, tmp_path: Path) -> None:
    lines = run(tiny_recipe, tmp_path / "run", FakeGenerator(break_sample=2))
    for line in lines:
        assert line["samples"] == {"asked": 6, "invalid": 1} and line["corrected"]["motions"] == 5
    corrected = next(line for line in lines if line["arm"] == "corrected" and line["generation"] == 1)
    assert corrected["synthetic"]["invalid"] == 1 and corrected["training"]["corrected"] == 5


def test_a_changed_recipe_is_refused(unbroken, tiny_recipe: Recipe) -> None:
    folder, _, _ = unbroken
    with pytest.raises(InvalidInput, match=r"generations is 1 now and was 2"):
        create_run(folder, replace(tiny_recipe, generations=1), resume=True)
    with pytest.raises(InvalidInput, match="arms"):
        create_run(folder, replace(tiny_recipe, generations=3, arms=tiny_recipe.arms[:3]), resume=True)
    with pytest.raises(InvalidInput, match="seeds"):
        create_run(folder, replace(tiny_recipe, seeds=(8,)), resume=True)


def test_a_run_may_grow(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    arms = tiny_recipe.arms
    whole = replace(tiny_recipe, seeds=(*tiny_recipe.seeds, 8))
    generator = FakeGenerator()
    run(replace(whole, generations=1, seeds=whole.seeds[:1], arms=arms[1:]), tmp_path / "run", generator)
    lines = run(whole, tmp_path / "run", generator)
    assert lines[: len(unbroken[1])] == unbroken[1]
    assert lines == run(whole, tmp_path / "at once")


def test_a_refused_resume_leaves_the_recipe(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    written = (folder / "recipe.toml").read_bytes()
    grown = create_run(folder, replace(tiny_recipe, generations=9), resume=True)
    data = load_data(tiny_recipe.data)
    with locked(grown), pytest.raises(InvalidInput, match="another process"):
        run_loop(grown, data, FakeGenerator(), FakeCorrector(), quiet=True)
    with pytest.raises(InvalidInput, match=r"was begun with data.train"):
        run_loop(grown, replace(data, train=data.test), FakeGenerator(), FakeCorrector(), quiet=True)
    assert (folder / "recipe.toml").read_bytes() == written


def test_what_a_recipe_only_says_may_be_said_anew(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    run(replace(tiny_recipe, title="Another title"), folder)
    assert open_run(folder).recipe.title == "Another title"


def test_a_generator_at_another_rate_is_refused(tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Faster(FakeGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), fps=30.0)

    with pytest.raises(InvalidInput, match="makes motion at 30 frames/s; must be at 20"):
        run(tiny_recipe, tmp_path / "run", Faster())


def test_a_loss_that_is_no_number_does_not_stop_a_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Diverging(FakeGenerator):
        def fit(self, dataset, init, steps, seed=0, settings=None, progress=None):
            def follow(line: FitProgress) -> None:
                if progress:
                    progress(replace(line, loss=float("nan")))

            return super().fit(dataset, init, steps, seed, settings, follow)

    assert len(run(tiny_recipe, tmp_path / "run", Diverging())) == 12


def test_a_run_goes_on_with_its_policy(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Also where the corrector has another default by then; the report says what changed."""
    asked = set()

    class Newer(FakeCorrector):
        def describe(self) -> CorrectorInfo:
            return replace(super().describe(), default_policy="newer", policies=("base", "newer"), version="2")

        def correct(self, motions, seed=0, options=None, progress=None):
            asked.add(options.policy)
            return super().correct(motions, seed, options, progress)

    folder, generator = tmp_path / "run", FakeGenerator()
    run(tiny_recipe, folder, generator)
    run(replace(tiny_recipe, generations=3), folder, generator, Newer())
    assert asked == {"base"}
    report = write_report(open_run(folder)).read_text("utf-8")
    assert "fake 1, MuJoCo , then fake 2, MuJoCo" in report and "newer" not in report


def test_another_generator_is_refused(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Other(FakeGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), name="other")

    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    with pytest.raises(InvalidInput, match="was begun with generator 'fake'; 'other' is another"):
        run(replace(tiny_recipe, seeds=(3, 8)), folder, Other())
    assert open_run(folder).recipe.seeds == (3,)


def test_an_unknown_policy_is_refused_before_anything_is_made(tiny_recipe: Recipe, tmp_path: Path) -> None:
    generator = FakeGenerator()
    wrong = replace(tiny_recipe, correction=CorrectionRecipe(policy="nope"))
    with pytest.raises(InvalidInput, match=r"correction.policy: is 'nope'; the corrector has base"):
        run(wrong, tmp_path / "run", generator)
    assert not generator.fuse.calls
    create_run(tmp_path / "run", tiny_recipe, resume=False)  # and the folder can be used


def test_lost_corrections_are_not_taken_for_none(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    last = folder / "seed-3/corrected/generation-002"
    for file in (*(last / "synthetic").glob("corrected*"), last / "fit.json", last / "metrics.json"):
        file.unlink()
    metrics = folder / "metrics.jsonl"
    metrics.write_text("".join(line for line in metrics.open() if '"corrected", "generation": 2' not in line))
    with pytest.raises(InvalidInput, match=r"has lost corrected.npz; .* delete raw.npz too"):
        run(tiny_recipe, folder)


def test_changed_data_are_refused(unbroken, tiny_recipe: Recipe) -> None:
    folder, _, _ = unbroken
    store = open_run(folder)
    with pytest.raises(InvalidInput, match=r"was begun with data.train"):
        store.add_start({"data": {**store.facts["data"], "train": "0" * 32}}, {})


def test_a_run_is_not_written_over(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder, _, _ = unbroken
    with pytest.raises(InvalidInput, match="holds a run already"):
        create_run(folder, tiny_recipe, resume=False)
    own = tmp_path / "own" / "recipe.toml"
    own.parent.mkdir()
    own.write_text("# mine\n" + tiny_recipe.to_toml())
    with pytest.raises(InvalidInput, match="not empty and holds no run"):
        create_run(own.parent, tiny_recipe, resume=False)
    assert own.read_text().startswith("# mine")
    (tmp_path / "letter.txt").write_text("dear")
    for resume in (False, True):
        with pytest.raises(InvalidInput, match="not empty and holds no run"):
            create_run(tmp_path, tiny_recipe, resume=resume)


def test_one_process_at_a_time(unbroken) -> None:
    store = open_run(unbroken[0])
    with locked(store), pytest.raises(InvalidInput, match="being run by another process"):
        with locked(store):
            pass


def test_metrics_are_mirrored_for_tensorboard(unbroken) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, lines, _ = unbroken
    run(open_run(folder).recipe, folder)  # a second start writes the mirror anew, and nothing twice
    for arm in ("baseline", "corrected"):
        events = EventAccumulator(str(folder / "tensorboard/seed-3" / arm)).Reload()
        wanted = [(line["generation"], line["fid"]) for line in lines if line["arm"] == arm]
        assert [(each.step, each.value) for each in events.Scalars("fid")] == [
            (generation, pytest.approx(value, rel=1e-6)) for generation, value in wanted
        ]
    assert "synthetic/lambda_reached" in events.Tags()["scalars"]
