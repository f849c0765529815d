"""Test that a run which was interrupted anywhere ends like one that was not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import Cut, FakeCorrector, FakeGenerator, Fuse, run_quietly

from loop_client.reports.run_report import write_report
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import open_run
from motion.errors import InvalidInput
from motion.protocols import CorrectorInfo, GeneratorInfo


@pytest.mark.parametrize("share", [0.0, 0.1, 0.23, 0.36, 0.5, 0.68, 0.85, 0.99])
def test_an_interrupted_run_ends_with_the_same_metrics(
    unbroken, tiny_recipe: Recipe, tmp_path: Path, share: float
) -> None:
    folder, _, calls = unbroken
    generator = FakeGenerator(Fuse(int(share * len(calls))))
    with pytest.raises(Cut):
        run_quietly(tiny_recipe, tmp_path / "run", generator)
    before = len(generator.fuse.calls)
    generator.fuse.after = None
    run_quietly(tiny_recipe, tmp_path / "run", generator)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()
    # At most the stage under way is done again: one chunk, or one upload and training.
    assert len(generator.fuse.calls) - len(calls) <= 7, (before, len(calls))


@pytest.mark.parametrize("after", [0, 3, 7])
def test_a_run_with_an_interrupted_corrector_ends_with_the_same_metrics(
    unbroken, tiny_recipe: Recipe, tmp_path: Path, after: int
) -> None:
    folder, _, _ = unbroken
    generator, corrector = FakeGenerator(), FakeCorrector(Fuse(after))
    with pytest.raises(Cut):
        run_quietly(tiny_recipe, tmp_path / "run", generator, corrector)
    corrector.fuse.after = None
    run_quietly(tiny_recipe, tmp_path / "run", generator, corrector)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()
    # Every sample is saved before it is corrected, so that none is made twice.
    sampled = [call for call in generator.fuse.calls if call.startswith("sample")]
    assert len(sampled) == sum(call.startswith("sample") for call in unbroken[2])


@pytest.mark.parametrize("lost", ["metrics.json", "fit.json", "samples/raw.npz"])
def test_a_lost_result_is_made_again(unbroken, tiny_recipe: Recipe, tmp_path: Path, lost: str) -> None:
    """A process may be killed between a stage and its line in metrics.jsonl."""
    folder, _, _ = unbroken
    generator = FakeGenerator()
    run_quietly(tiny_recipe, tmp_path / "run", generator)
    (tmp_path / "run/seed-3/roundtrip/generation-002" / lost).unlink()
    metrics = tmp_path / "run/metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))
    run_quietly(tiny_recipe, tmp_path / "run", generator)
    assert metrics.read_bytes() == (folder / "metrics.jsonl").read_bytes()


def test_a_finished_run_asks_the_generator_for_nothing(unbroken, tiny_recipe: Recipe) -> None:
    folder, lines, _ = unbroken
    generator = FakeGenerator(Fuse(0))
    assert run_quietly(tiny_recipe, folder, generator) == lines
    assert not generator.fuse.calls


def test_a_resumed_run_keeps_its_policy(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The policy is kept even if the default of the corrector has changed; the report shows the change."""
    asked = set()

    class Newer(FakeCorrector):
        def describe(self) -> CorrectorInfo:
            return replace(super().describe(), default_policy="newer", policies=("base", "newer"), version="2")

        def correct(self, motions, seed=0, options=None, progress=None):
            asked.add(options.policy)
            return super().correct(motions, seed, options, progress)

    folder, generator = tmp_path / "run", FakeGenerator()
    run_quietly(tiny_recipe, folder, generator)
    run_quietly(replace(tiny_recipe, generations=3), folder, generator, Newer())
    assert asked == {"base"}
    report = write_report(open_run(folder)).read_text("utf-8")
    assert "fake 1, MuJoCo , then fake 2, MuJoCo" in report and "newer" not in report


def test_a_run_is_not_resumed_with_another_generator(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    class Other(FakeGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), name="other")

    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    with pytest.raises(InvalidInput, match="was started with generator 'fake', which now is 'other'"):
        run_quietly(replace(tiny_recipe, seeds=(3, 8)), folder, Other())
    assert open_run(folder).recipe.seeds == (3,)


def test_a_run_is_not_resumed_with_other_data(unbroken, tiny_recipe: Recipe) -> None:
    folder, _, _ = unbroken
    store = open_run(folder)
    with pytest.raises(InvalidInput, match=r"was started with data.train"):
        store.add_start({"data": {**store.facts["data"], "train": "0" * 32}}, {})


def test_lost_corrections_are_an_error(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    last = folder / "seed-3/corrected/generation-002"
    for file in (*(last / "synthetic").glob("corrected*"), last / "fit.json", last / "metrics.json"):
        file.unlink()
    metrics = folder / "metrics.jsonl"
    metrics.write_text("".join(line for line in metrics.open() if '"corrected", "generation": 2' not in line))
    with pytest.raises(InvalidInput, match=r"has lost corrected.npz; .* delete raw.npz too"):
        run_quietly(tiny_recipe, folder)


def test_a_run_of_an_earlier_version_is_resumed(unbroken, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Earlier versions called the completed share `share_ok`, and the stage of training `fitting`."""
    folder = tmp_path / "run"
    shutil.copytree(unbroken[0], folder)
    for file in (*folder.rglob("metrics.json"), folder / "metrics.jsonl", folder / "timings.jsonl"):
        text = (
            file.read_text()
            .replace("completed_share", "share_ok")
            .replace('"training", "seconds"', '"fitting", "seconds"')
        )
        file.write_text(text)
    last = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(last[:-1]))
    assert "share_ok" in last[0] and '"fitting"' in (folder / "timings.jsonl").read_text()
    generator = FakeGenerator(Fuse(0))
    assert run_quietly(tiny_recipe, folder, generator) == unbroken[1]
    assert {line["stage"] for line in open_run(folder).timings()} == {
        "synthesizing",
        "training",
        "sampling",
        "evaluating",
    }
