"""Laws of training: it sees what serving sees, follows from its seeds, and a killed run goes on to the same curve."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env as gymnasium_check
from safetensors.numpy import load_file, save_file
from stable_baselines3.common.env_checker import check_env as sb3_check

from motion.errors import InvalidInput, NotFound
from motion.formats.files import write_motion
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.shell.recipe_file import shipped_recipes
from motion.shell.schema import to_table
from motion.shell.toml_text import format_toml
from motion.synthesis import synthesize
from sim_server.cli import main
from sim_server.correction import begin
from sim_server.engine.engine import Engine
from sim_server.engine.simulation import Simulation
from sim_server.learning.clips import Clip, make_clips, state_at
from sim_server.learning.curriculum import Curriculum, LimitSchedule
from sim_server.learning.environment import EpisodeRules, ImitationVecEnv
from sim_server.learning.gym_environment import ImitationEnv
from sim_server.learning.training_recipe import DataRecipe, HeldOutRecipe, PpoRecipe, Recipe, SourceRecipe, load_recipe
from sim_server.learning.training_run import train
from sim_server.policies.learned_policy import read_policy
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE
from sim_server.policies.policy import BasePolicy, Policy

SOURCE = SourceRecipe("synthesis", count=3, seed=5, actions=("walk", "squat", "wave"))
TINY = Recipe(
    "tiny",
    DataRecipe((SOURCE,), {"clean": 0.6, "all": 0.4}),
    steps=600,
    chapter_steps=200,
    ppo=PpoRecipe(envs=4, horizon=25, minibatch=50, epochs=2, width=16),
)


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    return list(synthesize(3, 5, actions=SOURCE.actions))


@pytest.fixture(scope="module")
def clips(motions: list[Motion]) -> list[Clip]:
    return make_clips(motions, [1.0] * 3, {"clean": 1.0, "all": 1.0}, (0.95, 1.05), 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a policy after one short chapter."""
    return train(replace(TINY, steps=200), tmp_path_factory.mktemp("trained"))


def rollout(env: ImitationVecEnv, steps: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    seen, gained, done = [env.reset()], [], []
    for _ in range(steps):
        env.step_async(rng.normal(0, noise, (env.num_envs, ACTION_SIZE)))
        observation, reward, over, _ = env.step_wait()
        seen.append(observation)
        gained.append(reward)
        done.append(over)
    return np.stack(seen), np.stack(gained), np.stack(done)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_environment_is_one_of_gymnasium_and_of_sb3(clips: list[Clip]) -> None:
    assert sb3_check(ImitationEnv(clips)) is None
    assert gymnasium_check(ImitationEnv(clips), skip_render_check=True) is None


def test_the_seed_decides(clips: list[Clip]) -> None:
    runs = []
    for seed in (7, 7, 8):
        env = ImitationVecEnv(clips, 5)
        env.seed(seed)
        runs.append(rollout(env, 30))
    assert all(np.array_equal(a, b) for a, b in zip(runs[0], runs[1], strict=True))
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_a_body_that_starts_on_its_reference_is_on_it(clips: list[Clip]) -> None:
    for clip in clips:
        simulation = Simulation(1)
        qpos, qvel = state_at(clip.reference, 4)
        simulation.place([0], [clip.reference], qpos[None], qvel[None])
        path = clip.reference.positions[4:6]
        expected = path[0] + (path[1] - path[0]) / 3  # a state is that of one substep into the step
        assert np.linalg.norm(simulation.joints(np.array([0]))[0] - expected, axis=-1).max() < 0.03


def test_training_follows_the_reference_that_serving_follows(motions: list[Motion]) -> None:
    clip = make_clips(motions[:1], [1.0], {"clean": 1.0}, (1.0, 1.0), 0)[0]
    job = begin(motions[0], CorrectionOptions(), BasePolicy())
    assert np.array_equal(clip.reference.rows, job.reference.rows)
    assert np.allclose(clip.truth, job.reference.positions, atol=1e-6)


def test_rewards_fall_with_wild_actions(clips: list[Clip]) -> None:
    calm, wild = (rollout(ImitationVecEnv(clips, 8, 3), 40, noise)[1].mean() for noise in (0.0, 1.0))
    assert calm > wild + 0.1


def test_episodes_end_as_their_rules_say(clips: list[Clip]) -> None:
    env = ImitationVecEnv(clips, 6, rules=EpisodeRules(longest_steps=9, fail_m=9.0))
    env.reset()
    ended = 0
    for _ in range(12):
        env.step_async(np.zeros((6, ACTION_SIZE)))
        _, _, done, infos = env.step_wait()
        for info in (info for info, over in zip(infos, done, strict=True) if over):
            ended += 1
            assert info["episode"]["l"] <= 9 and info["TimeLimit.truncated"]
            assert info["terminal_observation"].shape == (OBSERVATION_SIZE,)
    assert ended >= 6


def test_limits_follow_success() -> None:
    schedule = LimitSchedule(start=50, least=10, most=90, on_success=0.9, on_failure=1.2, zero_share=0.0)
    curriculum = Curriculum(np.ones(2), schedule)
    for _ in range(40):
        curriculum.ended(0, curriculum.limits[0], False)
        curriculum.ended(1, curriculum.limits[1], True)
    assert curriculum.limits.tolist() == [10, 90]
    assert curriculum.failures[0] < 0.01 and curriculum.failures[1] > 0.99
    drawn, _ = curriculum.draw(np.random.default_rng(0), 4000)
    assert (drawn == 1).mean() == pytest.approx(1.15 / 1.3, abs=0.03)


def test_a_killed_run_goes_on_to_the_same_curve(tmp_path: Path, motions: list[Motion]) -> None:
    """And looking at motions that are held out, on the way, changes nothing."""
    write_motion(tmp_path / "held.npz", motions[0])
    looking = replace(TINY, held_out=HeldOutRecipe(str(tmp_path / "held.npz"), every_steps=400))
    folders = tmp_path / "whole", tmp_path / "parts"
    whole = train(looking, folders[0])
    # The noise falls with the share of the run that is done, so a part of a run is cut off, not planned shorter.
    with pytest.raises(KeyboardInterrupt):
        train(TINY, folders[1], after=interrupt)
    parts = train(TINY, folders[1], resume=True)
    curves = [[json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()] for folder in folders]
    assert len(curves[0]) == len(curves[1]) == 3
    for one, other in zip(*curves, strict=True):
        seen = one.pop("held_out", None)
        assert (seen is not None) == (one["steps"] == 400)
        assert {**one, "steps_per_second": 0} == {**other, "steps_per_second": 0}
    assert seen is None
    assert (whole / "policy.safetensors").read_bytes() == (parts / "policy.safetensors").read_bytes()
    with pytest.raises(InvalidInput, match="--resume"):
        train(TINY, folders[1])
    with pytest.raises(InvalidInput, match="seed"):
        train(replace(TINY, seed=9), folders[1], resume=True)
    with pytest.raises(NotFound):
        train(TINY, tmp_path / "nowhere", resume=True)


def test_a_run_may_be_spread_over_processes(tmp_path: Path) -> None:
    """In a process of its own: forking is for programs that have just begun."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(format_toml(to_table(replace(TINY, steps=200))))
    command = [
        sys.executable,
        "-m",
        "sim_server",
        "train",
        str(recipe),
        "--out",
        str(tmp_path / "run"),
        "--workers",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert read_policy(Path(done.stdout.strip())).name == "tiny"
    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 2 and "--resume" in again.stderr
    recipe.write_text(format_toml(to_table(replace(TINY, steps=400))))
    for workers in ("1", "3"):
        more = [*command[:-1], workers, "--resume"]
        assert subprocess.run(more, capture_output=True, text=True, timeout=120, check=False).returncode == 0


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_a_policy_has_the_same_bits_in_any_company(trained: Path) -> None:
    policy = read_policy(trained)
    seen = np.random.default_rng(0).normal(0, 1, (64, OBSERVATION_SIZE)).astype(np.float32)
    actions = policy.actions(seen)
    for count in (1, 7, 33):
        for start in (0, 5, 31):
            assert np.array_equal(policy.actions(seen[start : start + count]), actions[start : start + count])


def test_the_network_in_numpy_is_the_one_in_torch(trained: Path) -> None:
    policy = read_policy(trained)
    seen = np.random.default_rng(0).normal(0, 1, (9, OBSERVATION_SIZE)).astype(np.float32)
    hidden = torch.as_tensor(np.clip((seen - policy._mean) * policy._scale, -5, 5))
    for index, (weight, bias) in enumerate(policy._layers):
        hidden = hidden @ torch.as_tensor(weight) + torch.as_tensor(bias)
        hidden = torch.nn.functional.elu(hidden) if index < 2 else hidden
    assert np.allclose(policy.actions(seen), hidden.numpy(), atol=1e-4)


@pytest.mark.parametrize(("slots", "threads"), [(1, 1), (7, 1), (7, 2), (64, 1), (64, 2)])
def test_company_changes_no_bit_of_a_learned_correction(
    motions: list[Motion], trained: Path, slots: int, threads: int
) -> None:
    """Whatever the number of slots and threads, and whether the neighbours follow another policy."""
    learned, base = read_policy(trained), BasePolicy()

    def performed(policies: list[Policy], slots: int, threads: int) -> list[np.ndarray]:
        cut = [motion.with_positions(motion.positions[:30]) for motion in motions]
        options = CorrectionOptions(assist=100)
        jobs = [begin(motion, options, policy) for motion, policy in zip(cut, policies, strict=True)]
        waiting = list(jobs)

        class Source:
            def take(self):
                return waiting.pop(0) if waiting else None

        assert len(list(Engine(slots, threads).run(Source()))) == 3
        return [job.positions for job in jobs]

    alone = performed([learned] * 3, slots, threads)
    mixed = performed([learned, base, learned], 3, 1)
    assert np.array_equal(alone[0], mixed[0]) and np.array_equal(alone[2], mixed[2])
    assert not np.array_equal(alone[1], mixed[1])


def test_a_policy_of_another_version_is_refused(trained: Path, tmp_path: Path) -> None:
    for file in trained.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**card, "observation_version": 99}))
    with pytest.raises(InvalidInput, match="99"):
        read_policy(tmp_path)
    with pytest.raises(NotFound, match=r"policy\.safetensors"):
        read_policy(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: _edit_card(folder, lambda text: text[:-20]), "card.json is damaged"),
        (lambda folder: _edit_card(folder, lambda text: "[]"), "is no card"),
        (lambda folder: _edit_card(folder, lambda text: text.replace('"name"', '"title"', 1)), "is no card"),
        (lambda folder: _edit_card(folder, lambda text: text.replace("{", '{"trip_m": "far",', 1)), "trip_m 'far'"),
        (lambda folder: _cut(folder / "policy.safetensors"), "policy.safetensors is damaged"),
        (lambda folder: _edit_tensor(folder, "mean", lambda tensor: tensor[:10]), "has tensors"),
        (lambda folder: _edit_tensor(folder, "bias1", lambda tensor: tensor[:-1]), "has tensors"),
        (lambda folder: _edit_tensor(folder, "bias0", lambda tensor: tensor * np.float32("nan")), "not finite"),
    ],
)
def test_a_damaged_policy_is_refused(trained: Path, tmp_path: Path, damage: Callable[[Path], None], said: str) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(trained, folder)
    damage(folder)
    with pytest.raises(InvalidInput, match=said):
        read_policy(folder)


def _edit_card(folder: Path, edit: Callable[[str], str]) -> None:
    (folder / "card.json").write_text(edit((folder / "card.json").read_text()))


def _edit_tensor(folder: Path, name: str, edit: Callable[[np.ndarray], np.ndarray]) -> None:
    tensors = load_file(folder / "policy.safetensors")
    save_file(tensors | {name: np.ascontiguousarray(edit(tensors[name]))}, folder / "policy.safetensors")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-50])


@pytest.mark.parametrize("name", shipped_recipes("sim_server"))
def test_recipes_that_ship_are_recipes(name: str) -> None:
    assert load_recipe(name).steps > 0


def test_a_wrong_recipe_is_refused_field_by_field(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('name = "x"\nsteps = 0\n[ppo]\ngama = 1\n[data]\n[[data.sources]]\npath = ""\n')
    with pytest.raises(InvalidInput) as error:
        load_recipe(file)
    assert {"steps", "ppo.gama", "data.sources[0].path"} == {v.field.split(": ")[1] for v in error.value.violations}
    file.write_text('name = "x"\n[data]\nkinds = { clean = "much" }\n[[data.sources]]\npath = "default"\n')
    with pytest.raises(InvalidInput, match=r"kinds\.clean: is 'much'"):
        load_recipe(file)


def test_a_card_says_what_made_it_and_how_it_did(trained: Path, motions: list[Motion], tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(trained, folder)
    write_motion(tmp_path / "walk.npy", motions[0])
    evaluate = ["evaluate", str(tmp_path / "walk.npy"), "--policy", "zero", "--policy", str(folder), "--assist", "50"]
    with pytest.raises(SystemExit):
        main([*evaluate, "--card", str(folder)])
    card = json.loads((folder / "card.json").read_text())
    assert [row["policy"] for row in card["scores"]] == ["zero", "tiny"]
    assert card["made_by"]["torch"] == torch.__version__ and card["stages"][0]["recipe"]["name"] == "tiny"
    assert read_policy(folder).name == "tiny"
    with pytest.raises(SystemExit) as done:
        main([*evaluate, "--card", str(tmp_path / "nowhere")])
    assert done.value.code == 2
