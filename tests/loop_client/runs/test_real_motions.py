"""Test how the real motions of a run are filtered, drawn and refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import swaying_set

from loop_client.runs.real_motions import load_data
from loop_client.runs.recipe_sections import DataRecipe
from loop_client.runs.run_recipe import load_recipe
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet
from motion.shell.assets import data_path


def test_training_and_test_motions_are_disjoint(swaying_path: Path) -> None:
    data = load_data(DataRecipe(n=6, train=str(swaying_path), test_n=5))
    assert len(data.train) == 6 and len(data.test) == 5 and len(data.pool) == 11
    assert not set(data.test.ids) & set(data.pool.ids) and set(data.train.ids) <= set(data.pool.ids)
    assert len(data.everything()) == 16


def test_the_draw_is_a_function_of_the_seed(swaying_path: Path) -> None:
    draws = [load_data(DataRecipe(n=6, train=str(swaying_path), seed=seed)).train.ids for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_motions_with_a_dropped_field_are_left_out(swaying_path: Path) -> None:
    data = load_data(DataRecipe(n=6, train=str(swaying_path), drop=("prop",)))
    assert "clip01" not in data.everything().ids and len(data.everything()) == 15


def test_values_of_the_balanced_field_are_drawn_equally_often(swaying_path: Path) -> None:
    data = load_data(DataRecipe(n=6, train=str(swaying_path), balance="actor"))
    assert Counter(about["actor"] for about in data.train.metadata) == {0: 2, 1: 2, 2: 2}


def test_fresh_motions_are_drawn_from_the_pool_in_each_generation(swaying_path: Path) -> None:
    data = load_data(DataRecipe(n=4, train=str(swaying_path), test_n=4))
    draws = [set(data.draw_fresh(7, generation, "", 4).ids) for generation in range(4)]
    assert len(set(map(frozenset, draws))) > 1 and all(draw <= set(data.pool.ids) for draw in draws)


def test_test_motions_may_come_from_another_set(swaying_path: Path, tmp_path: Path) -> None:
    write_packed(tmp_path / "test", renamed(swaying_set(3), "other"))
    data = load_data(DataRecipe(n=16, train=str(swaying_path), test=str(tmp_path / "test")))
    assert len(data.train) == len(data.pool) == 16 and data.test.ids[0].startswith("other")


def test_test_motions_may_come_from_the_split_of_the_set(tmp_path: Path) -> None:
    motions = swaying_set(8)
    marked = replace(motions, metadata=tuple({"split": "train" if i % 4 else "test"} for i in range(8)))
    write_packed(tmp_path / "marked", marked)
    data = load_data(DataRecipe(n=3, train=str(tmp_path / "marked"), test="split"))
    assert sorted(data.test.ids) == ["clip00", "clip04"]
    assert len(data.pool) == 6 and not set(data.test.ids) & set(data.pool.ids)
    write_packed(tmp_path / "plain", motions)
    with pytest.raises(InvalidInput, match=r"split: is 'train'; .* has no splits"):
        load_data(DataRecipe(n=3, train=str(tmp_path / "plain"), test="split"))


def test_motions_are_resampled_to_20_fps(tmp_path: Path) -> None:
    motions = swaying_set(6, frames=132)
    write_packed(tmp_path / "fast", motions.with_motions([replace(motion, fps=60.0) for motion in motions]))
    data = load_data(DataRecipe(n=3, train=str(tmp_path / "fast")))
    assert {(motion.fps, len(motion)) for motion in data.everything()} == {(20.0, 44)}


def test_paths_may_start_with_an_environment_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLUMB_DATA", str(tmp_path))
    assert data_path("$PLUMB_DATA/train") == tmp_path / "train"
    assert data_path("here/train") == Path("here/train")
    monkeypatch.delenv("NO_SUCH_FOLDER", raising=False)
    with pytest.raises(InvalidInput, match="the environment variable NO_SUCH_FOLDER must name"):
        data_path("$NO_SUCH_FOLDER/train")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": 15}, "data.n: is 15; of the 16 motions that are left at least 2 must be held out"),
        ({"drop": ("ghost",)}, "data.drop: has 'ghost'; .* has the fields actor, prop"),
        ({"balance": "ghost"}, "data.balance: is 'ghost'; the motions have the fields actor, prop"),
    ],
)
def test_a_draw_that_is_impossible_is_refused(swaying_path: Path, change: dict, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        load_data(DataRecipe(**{"n": 6, "train": str(swaying_path), **change}))


def test_a_missing_set_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_data(DataRecipe(n=6, train=str(tmp_path / "none")))


def test_invalid_and_uncaptioned_motions_are_refused(tmp_path: Path) -> None:
    motions = swaying_set(8)
    silent = MotionSet(motions.motions, ((), *motions.captions[1:]))
    write_packed(tmp_path / "silent", silent)
    with pytest.raises(InvalidInput, match="clip00: has no caption"):
        load_data(DataRecipe(n=3, train=str(tmp_path / "silent")))
    broken = motions.with_motions([m.with_positions(m.positions * (i != 2)) for i, m in enumerate(motions)])
    write_packed(tmp_path / "broken", broken)
    with pytest.raises(InvalidInput, match="clip02"):
        load_data(DataRecipe(n=3, train=str(tmp_path / "broken")))


def test_the_cmu_recipe_draws_flat_floor_clips(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMB_DATA", str(data_dir))
    data = load_data(load_recipe("cmu").data)
    assert len(data.train) == 64 and len(data.test) == 48
    assert not any(about["unseen_prop"] or about["no_floor_contact"] for about in data.everything().metadata)
    assert max(Counter(about["subject"] for about in data.train.metadata).values()) <= 11


def renamed(motions: MotionSet, prefix: str) -> MotionSet:
    return motions.with_motions([replace(motion, name=f"{prefix}-{motion.name}") for motion in motions])
