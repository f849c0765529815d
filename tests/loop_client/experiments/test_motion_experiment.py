"""Experiments on motions: run, judged and listed by `plumb-loop reproduce`."""

from __future__ import annotations

import json
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import RECIPE, FakeCorrector, FakeGenerator
from toy_fakes import TOY_RECIPE

from loop_client import cli
from loop_client.experiments.catalog import read_experiment, recipe_table, shipped_experiments
from loop_client.experiments.motion_experiment import MotionExperiment
from loop_client.reports.results import Results
from loop_client.runs import motion_run as run
from loop_client.runs.run_recipe import parse_recipe
from loop_client.runs.run_store import open_run
from loop_client.toy import toy_experiment
from loop_client.toy.toy_experiment import ToyExperiment
from motion.errors import InvalidInput
from motion.shell.toml_text import format_toml

CHECKS = """
[[checks]]
kind = "mean"
metric = "fid"
arms = ["baseline", "iterative"]
from = 1
to = 2
most = 1e6
says = "a distance"

[[checks]]
kind = "ratio"
metric = "raw.phys_err_mm"
arms = ["baseline"]
from = 2
to = 2
most = {most}
"""


@pytest.fixture(autouse=True)
def fake_services(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(services: Any, directory: Path) -> Any:
        yield FakeGenerator(), FakeCorrector()

    monkeypatch.setattr(run, "open_services", opened)


def recipe_file(folder: Path, data: Path, most: float) -> str:
    text = RECIPE.format(data=data).replace("seeds = [3]", 'seeds = [3, 4, 5]\npaper = "A paper"\nrow = "The row"')
    (folder / "rows.toml").write_text(text + CHECKS.format(most=most))
    return str(folder / "rows.toml")


def status_of(*arguments: str) -> Any:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return ended.value.code or 0


def test_an_experiment_passes_or_fails_by_its_numbers(
    swaying_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run")]
    assert status_of("reproduce", recipe_file(tmp_path, swaying_path, 100.0), *out) == 0
    printed = capsys.readouterr().out
    assert "PASS tiny: The row" in printed and "PASS  a distance: baseline" in printed
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["passed"] and result["seeds"] == 3 and len(result["checks"]) == 2
    page = (tmp_path / "run/report.html").read_text("utf-8")
    assert "<h2>Checks</h2>" in page and "a distance" in page and "PASS" in page

    # Other checks are judged on the same run, which is not made again.
    before = (tmp_path / "run/metrics.jsonl").read_bytes()
    assert status_of("reproduce", recipe_file(tmp_path, swaying_path, 0.0), *out, "--json") == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == before


def test_curves_have_the_numbers_of_the_metrics_file(swaying_path: Path, tmp_path: Path) -> None:
    status_of("reproduce", recipe_file(tmp_path, swaying_path, 100.0), "--quick", "--out", str(tmp_path / "run"))
    store = open_run(tmp_path / "run")
    curves = Results.of(store).curves(["raw.phys_err_mm", "none.there"])["corrected"]
    assert curves["generations"].tolist() == [0, 1, 2] and np.isnan(curves["none.there"]).all()
    for seed, row in zip((3, 4), curves["raw.phys_err_mm"], strict=True):
        lines = [line for line in store.metrics() if line["arm"] == "corrected" and line["seed"] == seed]
        assert row.tolist() == [line["raw"]["phys_err_mm"] for line in lines]


def test_experiments_that_ship_are_complete_and_quick_with_a_quarter_of_their_seeds() -> None:
    experiments = [each for each in shipped_experiments() if isinstance(each, MotionExperiment)]
    names = {each.recipe.name for each in experiments}
    rounds = {"parc-rounds"}
    assert names == {"scsc-default", "scsc-synthesized", "scsc-cmu", "scsc-humanml3d", "scsc-humanml3d-all"} | rounds
    for experiment in experiments:
        recipe = experiment.recipe
        assert recipe.paper and recipe.expected and recipe.minutes
        assert experiment.quick().recipe.seeds == recipe.seeds[: max(2, len(recipe.seeds) // 4)]


@pytest.mark.parametrize(("seeds", "quick"), [(2, 2), (3, 2), (8, 2), (12, 3), (16, 4)])
def test_quick_is_a_quarter_of_the_seeds_but_at_least_two_for_both_kinds(
    swaying_path: Path, seeds: int, quick: int
) -> None:
    table = tomllib.loads(RECIPE.format(data=swaying_path))
    motions = read_experiment({**table, "seeds": list(range(seeds))}).quick()
    toy = read_experiment({**TOY_RECIPE, "num_seeds": seeds}).quick()
    assert isinstance(motions, MotionExperiment) and motions.recipe.seeds == tuple(range(quick))
    assert isinstance(toy, ToyExperiment) and toy.recipe.num_seeds == quick


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"iterative"]\nfrom', '"nobody"]\nfrom'), r"checks\[0\].arms: has 'nobody'"),
        (("to = 2\nmost = 1e6", "to = 9\nmost = 1e6"), r"checks\[0\].to: is 9; there are 2 generations"),
        (("seeds = [3]", "seeds = [3]\nrow = ''"), "checks need at least two"),
    ],
)
def test_checks_that_cannot_be_judged_are_refused(swaying_path: Path, change: tuple[str, str], message: str) -> None:
    text = RECIPE.format(data=swaying_path).replace("seeds = [3]", "seeds = [3, 4]") + CHECKS.format(most=1.0)
    if change[0].startswith("seeds"):
        text = text.replace("seeds = [3, 4]", "seeds = [3]")
    with pytest.raises(InvalidInput, match=message):
        parse_recipe(text.replace(*change))


def test_a_check_of_an_unknown_metric_is_refused(swaying_path: Path) -> None:
    text = RECIPE.format(data=swaying_path).replace("seeds = [3]", "seeds = [3, 4]") + CHECKS.format(most=1.0)
    for wrong in ("raw.phys_eror_mm", "raw", "checkpoint"):
        with pytest.raises(InvalidInput, match=rf"checks\[1\].metric: is '{wrong}'; must be one of fid"):
            parse_recipe(text.replace('metric = "raw.phys_err_mm"', f'metric = "{wrong}"'))


def test_a_recipe_without_checks_is_not_reproduced(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("reproduce", "demo") == 2
    assert "has no checks, so there is nothing to reproduce" in capsys.readouterr().err
    assert status_of("reproduce", "nothing") == 2


def test_the_list_names_the_data_that_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MNIST", "HUMANML3D"):
        monkeypatch.delenv(name, raising=False)
    assert status_of("reproduce", "--list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["scsc-mnist"]["data"] == "mnist in $MNIST/" and rows["scsc-digits"]["data"] == "none"
    assert rows["scsc-humanml3d"]["data"] == "motions in $HUMANML3D/" and rows["scsc-default"]["data"] == "none"
    assert rows["bertrand-gaussian"]["timing"] == "measured" and rows["scsc-mnist"]["timing"] == "estimated"
    assert status_of("reproduce", "--list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line[:1].isalpha()}
    assert "~" in lines["scsc-mnist"] and "~" not in lines["bertrand-gaussian"]


def test_arms_are_spread_over_a_cluster_and_judged_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def tasks(function: Any, jobs: Any) -> None:
        for job in jobs:
            function(*job)
            done.append(job[0]["arms"][job[-1]]["name"])

    monkeypatch.setattr(toy_experiment, "run_ray_tasks", tasks)
    (tmp_path / "small.toml").write_text(format_toml(TOY_RECIPE))
    assert status_of("reproduce", str(tmp_path / "small.toml"), "--ray", "--out", str(tmp_path / "run")) == 0
    assert done == [arm["name"] for arm in TOY_RECIPE["arms"]] and "PASS small" in capsys.readouterr().out


def test_motions_have_no_tasks_for_a_cluster(
    swaying_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_file(tmp_path, swaying_path, 100.0)
    assert status_of("reproduce", recipe, "--ray", "--out", str(tmp_path / "run")) == 2
    assert "--ray: has no place with 'tiny'" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_rounds_of_correction_are_compared_with_the_same_loops_without_it(swaying_path: Path, tmp_path: Path) -> None:
    table = recipe_table("parc-rounds")
    small = {"train": str(swaying_path), "test": "held_out", "n": 6, "test_n": 6}
    embedding = {"size": 4, "width": 8, "steps": 3}
    checks = [{**check, "from": 1, "to": 2} for check in table["checks"]]
    evaluation = {"samples": 6, "corrected": 0, "embedding": embedding}
    changed = {"data": small, "evaluation": evaluation, "checks": checks, "generations": 2, "seeds": [0, 1]}
    generator = {"first_steps": 4, "later_steps": 2, "settings": {"width": 8}}
    outcome = read_experiment({**table, **changed, "generator": generator}).run(tmp_path / "run")
    assert len(outcome.verdicts) == len(table["checks"])
    lines = [line for line in open_run(tmp_path / "run").metrics() if line["seed"] == 0 and line["generation"]]
    counts = {(line["arm"], line["generation"]): line["training"] for line in lines}
    for round_ in (1, 2):
        # PARC keeps all rounds beside the real motions, Morph none of them and the newest alone.
        assert {**counts["iterative", round_], "steps": 0} == {"real": 6, "raw": 6 * round_, "corrected": 0, "steps": 0}
        assert counts["iterative-alone", round_]["real"] == 0 and counts["iterative-alone", round_]["raw"] == 6
        assert 0 < counts["corrected-alone", round_]["corrected"] <= 6 and counts["corrected", round_]["raw"] == 0
    assert counts["corrected", 2]["corrected"] > counts["corrected", 1]["corrected"] > 0
