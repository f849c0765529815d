"""Sweeps: the cells of a grid, resumption, and wrong variations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_fakes import TOY_RECIPE

from loop_client.cli import main
from loop_client.experiments.sweep import cells, parse_variation
from motion.errors import InvalidInput
from motion.shell.toml_text import format_toml


def test_every_combination_of_values_is_a_cell() -> None:
    varied = dict(map(parse_variation, ["data.n=10,20", "arms.half.gamma=0.5,inf", "title=one,'two'"]))
    grid = list(cells(TOY_RECIPE, varied))
    assert len(grid) == 8 and len({cell.name for cell in grid}) == 8
    assert grid[-1].table["data"]["n"] == 20 and grid[-1].table["title"] == "two"
    assert grid[-1].table["arms"][1]["gamma"] == float("inf")
    assert parse_variation('metrics=["a","b"],["c"]') == ("metrics", [["a", "b"], ["c"]])
    assert TOY_RECIPE["data"]["n"] == 20 and "gamma" not in TOY_RECIPE["arms"][1]  # the recipe itself stays


def test_an_arm_whose_name_has_a_dot_is_found() -> None:
    arms = [{**TOY_RECIPE["arms"][1], "name": name} for name in ("bias 0", "bias 0.95")]
    (cell,) = cells({**TOY_RECIPE, "arms": arms}, dict([parse_variation("arms.bias 0.95.synthetic=7")]))
    assert [arm["synthetic"] for arm in cell.table["arms"]] == [TOY_RECIPE["arms"][1]["synthetic"], 7]


@pytest.mark.parametrize(
    ("variation", "word"), [("data", "PATH=VALUE"), ("data.n=", "PATH=VALUE"), ("arms.nobody.n=1", "nobody"),
                            ("arms.n=1", "the path must name one"), ("data.n.k=1", "no 'n'")],
)  # fmt: skip
def test_variations_of_paths_that_do_not_exist_are_refused(variation: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        list(cells(TOY_RECIPE, dict([parse_variation(variation)])))


def sweep(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_sweep_runs_resumes_and_collects_final_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(format_toml(TOY_RECIPE))
    out = tmp_path / "sweep"
    arguments = (str(recipe), "--vary", "data.n=10,20", "--vary", "seed=0,1", "--out", str(out), "--json")
    assert sweep(*arguments) == 0
    gathered = json.loads(capsys.readouterr().out)
    assert [row["values"] for row in gathered] == [
        {"data.n": n, "seed": seed} for n in (10, 20) for seed in (0, 1)
    ]  # fmt: skip
    assert len({row["arms"]["half"]["gaussian_w2"] for row in gathered}) == 4
    varied = ("--vary", "arms.half.gamma=1,inf", "arms.half.corrector=oracle")
    assert sweep(str(recipe), *varied, "--out", str(tmp_path / "g"), "--json") == 0
    said = capsys.readouterr().out
    assert "Infinity" not in said and json.loads(said)[1]["values"]["arms.half.gamma"] == "inf"
    assert sweep(str(recipe), "--out", str(tmp_path / "none")) == 2 and "--vary" in capsys.readouterr().err
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    assert len(made) == 4 * 4
    assert sweep(*arguments) == 0
    assert json.loads(capsys.readouterr().out) == gathered
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")} == made


def test_a_sweep_over_an_unknown_key_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(format_toml(TOY_RECIPE))
    assert sweep(str(recipe), "--vary", "data.m=1,2", "--out", str(tmp_path / "out")) == 2
    assert "data.m" in capsys.readouterr().err and not (tmp_path / "out").exists()
