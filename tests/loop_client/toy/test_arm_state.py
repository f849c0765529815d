"""Arms of networks that are interrupted between two generations continue from there, to the same result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_fakes import IMAGE_RECIPE, IMAGE_SETTINGS, TOY_RECIPE, rng_for

from loop_client.toy.arm_state import ArmState, read_arm_state, write_arm_state
from loop_client.toy.distributions import DISTRIBUTIONS
from loop_client.toy.model_parameters import NETWORK_KINDS
from loop_client.toy.model_registry import IMAGE_MODELS, make_model
from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_experiment import ToyExperiment
from loop_client.toy.toy_recipe import toy_recipe_from_table
from motion.errors import InvalidInput

POINT_SETTINGS = {"width": 8, "layers": 1, "first_epochs": 2, "epochs": 1, "batch": 16, "steps": 5}
POINTS: dict[str, Any] = {
    **TOY_RECIPE,
    "generations": 4,
    "num_seeds": 2,
    "samples": 20,
    "checks": [],
    "generator": {"kind": "flow-matching", "settings": POINT_SETTINGS},
    "metrics": ["spread", "parameter_distance", "random_distance"],
    "arms": [
        {"name": "two models", "strategy": "replace", "synthetic": 20, "memory": 2},
        {"name": "all", "strategy": "accumulate", "synthetic": 10, "growth": "linear"},
    ],
}
IMAGES: dict[str, Any] = {**IMAGE_RECIPE, "metrics": ["accuracy"], "generations": 3}


@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_a_model_that_was_written_continues_as_if_it_had_not_been(kind: str, tmp_path: Path) -> None:
    images = kind in IMAGE_MODELS
    data = DISTRIBUTIONS["digits" if images else "ring"](2, "")
    settings = {**IMAGE_SETTINGS[kind], "batch": 16, "keep_optimizer": True} if images else POINT_SETTINGS
    model = make_model(kind, settings, data)
    points = [PointSet(data.draw(np.random.default_rng(0), 2, 32))]
    trained = model.train(points, None, rng_for)
    write_arm_state(tmp_path / "state.npz", ArmState([trained], 0, [points]))
    state = read_arm_state(tmp_path / "state.npz", model)
    assert state and state.generation == 0 and np.array_equal(state.synthetic[0][0].points, points[0].points)
    before, after = (
        model.sample(model.train(points, each, rng_for), 10, 1.0, np.random.default_rng(0))
        for each in (trained, state.trained[0])
    )
    assert np.array_equal(before, after)


@pytest.mark.parametrize("table", [POINTS, IMAGES], ids=["points", "images"])
def test_an_arm_that_is_interrupted_goes_on_with_the_next_generation(table: dict[str, Any], tmp_path: Path) -> None:
    experiment = ToyExperiment(toy_recipe_from_table(table))
    experiment.run(tmp_path / "whole")
    calls: list[tuple[str, int]] = []

    def progress(arm: str, done: int, _: int) -> None:
        calls.append((arm, done))
        if len(calls) in (1, 3):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            experiment.run(tmp_path / "cut", progress)
        assert len(list((tmp_path / "cut/arms").glob("*.part.npz"))) == 1
    experiment.run(tmp_path / "cut", progress)
    # No generation was computed twice, and nothing is left of the state.
    assert calls == [(arm.name, done) for arm in experiment.recipe.arms for done in range(table["generations"] + 1)]
    assert sorted(file.name for file in (tmp_path / "cut/arms").iterdir()) == ["00.npz", "01.npz"]
    for name in ("00.npz", "01.npz"):
        whole, cut = (dict(np.load(tmp_path / folder / "arms" / name)) for folder in ("whole", "cut"))
        assert whole.keys() == cut.keys()
        assert all(np.array_equal(whole[key], cut[key]) for key in whole if key != "seconds")


def test_a_damaged_state_is_refused_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "state.npz").write_bytes(b"no archive")
    model = make_model("diffusion", POINT_SETTINGS, DISTRIBUTIONS["ring"](2, ""))
    with pytest.raises(InvalidInput, match=r"state\.npz: cannot be read .*delete it to begin the arm again"):
        read_arm_state(tmp_path / "state.npz", model)
    assert read_arm_state(tmp_path / "none.npz", model) is None


def test_models_whose_generations_take_no_time_leave_no_state(tmp_path: Path) -> None:
    def interrupt(arm: str, done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ToyExperiment(toy_recipe_from_table(TOY_RECIPE)).run(tmp_path, interrupt)
    assert not list((tmp_path / "arms").iterdir())
