"""Reports of runs: self-contained, complete, equal for equal results, and possible before a run is complete."""

from __future__ import annotations

import re
import xml.etree.ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import RECIPE, Cut, FakeCorrector, FakeGenerator, Fuse

from loop_client.check_recipe import CheckRecipe
from loop_client.evaluation.measures import MEASURES
from loop_client.experiments.checks import Verdict
from loop_client.reports.measure_definitions import DEFINITIONS
from loop_client.reports.report_frame import checks_section
from loop_client.reports.results import Results, final_table
from loop_client.reports.run_report import write_report
from loop_client.reports.scenes import extreme_scenes
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe, parse_recipe
from loop_client.runs.run_store import RunStore
from motion.errors import InvalidInput


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, swaying_path: Path) -> RunStore:
    text = RECIPE.format(data=swaying_path).replace('name = "tiny"', 'name = "tiny"\ntitle = "Sway & <go>"')
    store = create_run(tmp_path_factory.mktemp("report") / "run", parse_recipe(text), resume=False)
    run_loop(store, load_data(store.recipe.data), FakeGenerator(), FakeCorrector(fail_every=3), quiet=True)
    return store


@pytest.fixture(scope="module")
def text(store: RunStore) -> str:
    return write_report(store).read_text("utf-8")


def test_the_report_is_self_contained(text: str) -> None:
    outside = re.findall(r"""(?:src|href)=["']?(?!#)[^"'> ]+|url\((?!#)[^)]*\)|@import""", text)
    assert outside == []


def test_the_report_has_everything_that_the_run_was_made_with(store: RunStore, text: str) -> None:
    assert "<h1>Sway &amp; &lt;go&gt;</h1>" in text
    for fact in [*store.facts["data"].values(), "autoencoder-4d-", "seed", "numpy", "plumb-loop run"]:
        assert fact in text
    assert (
        text.count('class="plumb-player"') == 1 + 4 + 2
    )  # the arms together, each over time, and the two that correct


def test_the_report_has_a_well_formed_chart_for_every_measure(text: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(charts) == len(MEASURES)
    for chart in charts:
        xml.etree.ElementTree.fromstring(chart)


def test_equal_results_give_an_equal_report(store: RunStore) -> None:
    assert write_report(store).read_bytes() == write_report(store).read_bytes()


def test_the_lambda_that_failures_leave_is_shown(store: RunStore, text: str) -> None:
    line = next(line for line in store.metrics() if line["synthetic"] and line["synthetic"]["failed"])
    assert f"{line['synthetic']['lambda_reached']:.3g}" in text


def test_the_table_for_the_terminal_has_every_arm_and_real_motion(store: RunStore) -> None:
    rows = final_table(Results.of(store)).splitlines()
    assert rows[0] == "generation 2:" and len({len(row) for row in rows[1:]}) == 1
    assert [row.split()[0] for row in rows[2:]] == ["baseline", "iterative", "corrected", "roundtrip", "real"]


def test_an_incomplete_run_is_reported_as_far_as_it_got(tiny_recipe: Recipe, tmp_path: Path) -> None:
    store = create_run(tmp_path / "run", tiny_recipe, resume=False)
    with pytest.raises(InvalidInput, match="has no results yet"):
        write_report(store)
    with pytest.raises(Cut):
        run_loop(store, load_data(store.recipe.data), FakeGenerator(Fuse(70)), FakeCorrector(), quiet=True)
    assert "So far it has reached generation 1." in write_report(store).read_text("utf-8")


CHECK = CheckRecipe("at_most", "raw.phys_err_mm", ("baseline", "iterative"), 1, 2, statement="it holds")


def test_checks_are_judged_once_all_seeds_are_complete(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe, seeds=(3, 4), checks=(CHECK,))
    store, fuse = create_run(tmp_path / "run", recipe, resume=False), Fuse()
    data, generator = load_data(recipe.data), FakeGenerator(fuse)
    fuse.after = 170  # in the first generation of the second seed
    with pytest.raises(Cut):
        run_loop(store, data, generator, FakeCorrector(), quiet=True)
    assert {(line["seed"], line["generation"]) for line in store.metrics()} == {(3, 0), (3, 1), (3, 2), (4, 0), (4, 1)}
    text = write_report(store).read_text("utf-8")
    assert "So far 1 of them are complete." in text and "Means over 1 of 2 seeds." in text
    assert "<h2>Checks</h2>" not in text
    fuse.after = None
    run_loop(store, data, generator, FakeCorrector(), quiet=True)
    text = write_report(store).read_text("utf-8")
    assert "So far" not in text and "Means over" not in text and "it holds" in text


def test_samples_that_are_no_motion_are_counted_in_the_report(tiny_recipe: Recipe, tmp_path: Path) -> None:
    store = create_run(tmp_path / "run", tiny_recipe, resume=False)
    run_loop(store, load_data(tiny_recipe.data), FakeGenerator(break_sample=2), FakeCorrector(), quiet=True)
    assert "Invalid samples" in write_report(store).read_text("utf-8")
    heads, first, *_ = final_table(Results.of(store)).splitlines()[1:]
    assert first.split()[1 + re.split(r"\s{2,}", heads.strip()).index("no motion")] == "1.0"


def test_the_errors_of_what_was_trained_on_are_shown_beside_those_of_its_corrections(
    tiny_recipe: Recipe, tmp_path: Path
) -> None:
    half = replace(tiny_recipe.arms[2], relaxation=0.5)
    store = create_run(tmp_path / "run", replace(tiny_recipe, arms=(half,)), resume=False)
    run_loop(store, load_data(tiny_recipe.data), FakeGenerator(), FakeCorrector(), quiet=True)
    text = write_report(store).read_text("utf-8")
    for line in store.metrics()[1:]:
        made = line["synthetic"]
        before, after = (made["corrections"][when]["phys_err_mm"] for when in ("before", "after"))
        trained = made["trained"]["phys_err_mm"]
        assert trained != pytest.approx(after, abs=0.1)
        assert f"<td>{before:.1f} → {after:.1f}</td><td>{trained:.1f}</td>" in re.sub(r"\s*<", "<", text)


def test_the_program_of_the_players_is_in_the_report_once(text: str) -> None:
    assert text.count("window.plumbPlayer = startPlayer;") == 1


def test_each_arm_shows_its_worst_median_and_best_sample_of_a_generation(text: str) -> None:
    for arm in ("baseline", "iterative", "corrected", "roundtrip"):
        start = text.index(f'id="generations-{arm}"')
        player = text[start : text.index("</script>", start)]
        for generation in (1, 2):
            found = [player.index(f'"title":"generation {generation}, {word}:') for word in ("worst", "median", "best")]
            assert found == sorted(found)


def test_extreme_samples_are_ordered_by_failure_and_then_by_physical_error(store: RunStore) -> None:
    folder = store.generation(3, "corrected", 2) / "samples"
    scenes = extreme_scenes(folder, "#1b7f79", "generation 2")
    assert [scene.title.split(":")[0].split(", ")[1] for scene in scenes] == ["worst", "median", "best"]
    assert scenes[0].status == "FAILED" and [scene.status for scene in scenes[1:]] != ["FAILED", "FAILED"]
    assert scenes[0].figures[0].color == "#1b7f79"


def test_a_measure_that_never_changes_is_folded(text: str) -> None:
    folded = text[text.index("<summary>Constant:") :]
    assert "Invalid samples 0.0" in folded[: folded.index("</summary>")]


def test_every_column_of_the_final_table_opens_its_definition(text: str) -> None:
    targets = set(re.findall(r'popovertarget="([^"]+)"', text))
    assert targets and targets <= set(re.findall(r'popover class="definition" id="([^"]+)"', text))
    assert {measure.name for measure in MEASURES} | {"Failed", "Trained on"} == set(DEFINITIONS)  # of the table below


def test_verdicts_are_shown_as_they_are_given() -> None:
    verdict = Verdict(False, "x < y", "1 ± 2", undecided=True, seeds_needed=31, source="theorem 2")
    text = checks_section("a paper", "something", [verdict])
    for part in (
        'class="verdict UNDECIDED">UNDECIDED<',
        "x &lt; y",
        "1 ± 2",
        "about 31 seeds would decide it",
        "theorem 2",
    ):
        assert part in text
