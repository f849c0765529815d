"""Laws of a training run: a killed run continues to the same curve, and it ends where it announced that it would."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_training import TINY

import sim_server.learning.policy_training_run
from motion.errors import InvalidInput, NotFound
from motion.formats.files import write_motion
from motion.motion import Motion
from motion.shell.schema import to_table
from motion.shell.toml_text import format_toml
from sim_server.learning.policy_trainer import planned_steps, trained_steps
from sim_server.learning.policy_training_run import train
from sim_server.learning.training_recipe import HeldOutRecipe
from sim_server.policies.policy_folder import read_policy


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def read_curve(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


def test_a_killed_run_continues_to_the_same_curve(tmp_path: Path, motions: list[Motion]) -> None:
    """The evaluation of held-out motions on the way changes nothing either."""
    write_motion(tmp_path / "held.npz", motions[0])
    evaluated = replace(TINY, held_out=HeldOutRecipe(str(tmp_path / "held.npz"), every_steps=400))
    folders = tmp_path / "whole", tmp_path / "parts"
    whole = train(evaluated, folders[0])
    # The noise depends on the share of the run that is done, so the run is interrupted, not planned shorter.
    with pytest.raises(KeyboardInterrupt):
        train(TINY, folders[1], after_chapter=interrupt)
    parts = train(TINY, folders[1], resume=True)
    curves = [read_curve(folder) for folder in folders]
    assert len(curves[0]) == len(curves[1]) == 3
    for one, other in zip(*curves, strict=True):
        held_out = one.pop("held_out", None)
        assert (held_out is not None) == (one["steps"] == 400)
        assert {**one, "steps_per_second": 0} == {**other, "steps_per_second": 0}
    assert (whole / "policy.safetensors").read_bytes() == (parts / "policy.safetensors").read_bytes()
    with pytest.raises(InvalidInput, match="--resume"):
        train(TINY, folders[1])
    with pytest.raises(InvalidInput, match="seed"):
        train(replace(TINY, seed=9), folders[1], resume=True)
    with pytest.raises(NotFound):
        train(TINY, tmp_path / "nowhere", resume=True)


def test_a_run_ends_with_the_rollout_in_which_it_reaches_its_steps(tmp_path: Path) -> None:
    """A rollout has 100 control steps, a chapter 200; the last chapter is cut short."""
    recipe = replace(TINY, steps=250)
    shown: list[tuple[int, int]] = []
    train(recipe, tmp_path, progress=lambda done, total: shown.append((done, total)))
    assert planned_steps(recipe, workers=1) == 300
    assert trained_steps(tmp_path) == read_curve(tmp_path)[-1]["steps"] == 300
    assert shown == [(done, 300) for done in range(4, 301, 4)]  # within rollouts, too: four bodies make a step each


@pytest.mark.parametrize(
    ("steps", "envs", "workers", "trained", "planned"),
    [
        (60_000, 192, 1, 0, 64_512),
        (60_000, 192, 5, 0, 63_840),
        (64_512, 192, 1, 0, 64_512),
        (70_000, 192, 1, 64_512, 73_728),
        (60_000, 192, 1, 64_512, 64_512),
    ],
)
def test_planned_steps_are_whole_rollouts(steps: int, envs: int, workers: int, trained: int, planned: int) -> None:
    recipe = replace(TINY, steps=steps, ppo=replace(TINY.ppo, envs=envs, horizon=24))
    assert planned_steps(recipe, workers, trained) == planned


def test_the_command_says_first_that_a_run_will_be_longer(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(format_toml(to_table(replace(TINY, steps=50))))
    command = [sys.executable, "-m", "sim_server", "train", str(recipe), "--out", str(tmp_path / "run")]
    done = subprocess.run([*command, "--workers", "1"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("the run will end at 100 control steps instead of 50")
    assert trained_steps(tmp_path / "run") == 100


def test_a_run_without_any_clip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_server.learning.policy_training_run, "make_clips", lambda *_: [])
    with pytest.raises(InvalidInput, match="no motion that a body could be built for"):
        train(TINY, tmp_path / "run")


def test_a_run_can_be_spread_over_processes(tmp_path: Path) -> None:
    """It runs in a process of its own, because forking is only safe in programs that have few threads."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(format_toml(to_table(replace(TINY, steps=200))))
    command = [sys.executable, "-m", "sim_server", "train", str(recipe), "--out", str(tmp_path / "run"), "--workers"]
    done = subprocess.run([*command, "2"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert read_policy(Path(done.stdout.strip())).name == "tiny"
    again = subprocess.run([*command, "2"], capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 2 and "--resume" in again.stderr
    recipe.write_text(format_toml(to_table(replace(TINY, steps=400))))
    for workers in ("1", "3"):
        more = [*command, workers, "--resume"]
        assert subprocess.run(more, capture_output=True, text=True, timeout=120, check=False).returncode == 0


def test_the_card_names_the_recipe_and_the_versions(trained: Path) -> None:
    card = json.loads((trained / "card.json").read_text())
    assert card["made_by"]["torch"] == torch.__version__
    assert card["stages"][0]["recipe"]["name"] == "tiny"
    assert card["curve"]["steps"] == card["steps"] == 200
