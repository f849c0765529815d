"""Laws of the learned policy: its actions do not depend on the batch, and a damaged policy is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server.correction import create_job
from sim_server.engine.engine import Engine
from sim_server.policies.observation import OBSERVATION_SIZE
from sim_server.policies.policy import BasePolicy, Policy
from sim_server.policies.policy_folder import read_policy


def test_an_action_does_not_depend_on_the_other_rows_of_the_batch(trained: Path) -> None:
    policy = read_policy(trained)
    observations = np.random.default_rng(0).normal(0, 1, (64, OBSERVATION_SIZE)).astype(np.float32)
    actions = policy.actions(observations)
    for count in (1, 7, 33):
        for start in (0, 5, 31):
            assert np.array_equal(policy.actions(observations[start : start + count]), actions[start : start + count])


def test_the_network_in_numpy_agrees_with_torch(trained: Path) -> None:
    policy = read_policy(trained)
    observations = np.random.default_rng(0).normal(0, 1, (9, OBSERVATION_SIZE)).astype(np.float32)
    hidden = torch.as_tensor(np.clip((observations - policy._mean) * policy._scale, -5, 5))
    for index, (weight, bias) in enumerate(policy._layers):
        hidden = hidden @ torch.as_tensor(weight) + torch.as_tensor(bias)
        hidden = torch.nn.functional.elu(hidden) if index < 2 else hidden
    assert np.allclose(policy.actions(observations), hidden.numpy(), atol=1e-4)


@pytest.mark.parametrize(("slots", "threads"), [(1, 1), (7, 1), (7, 2), (64, 1), (64, 2)])
def test_a_learned_correction_does_not_depend_on_the_other_motions(
    motions: list[Motion], trained: Path, slots: int, threads: int
) -> None:
    """Not on the number of slots and threads, nor on the policies of the neighbours."""
    learned, base = read_policy(trained), BasePolicy()

    def simulate(policies: list[Policy], slots: int, threads: int) -> list[np.ndarray]:
        cut = [motion.with_positions(motion.positions[:30]) for motion in motions]
        options = CorrectionOptions(assist=100)
        jobs = [create_job(motion, options, policy) for motion, policy in zip(cut, policies, strict=True)]
        assert len(list(Engine(slots, threads).run(jobs))) == 3
        return [job.positions for job in jobs]

    same = simulate([learned] * 3, slots, threads)
    mixed = simulate([learned, base, learned], 3, 1)
    assert np.array_equal(same[0], mixed[0]) and np.array_equal(same[2], mixed[2])
    assert not np.array_equal(same[1], mixed[1])


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
    ("damage", "text"),
    [
        (lambda folder: _edit_card(folder, lambda text: text[:-20]), "card.json is damaged"),
        (lambda folder: _edit_card(folder, lambda text: "[]"), "is no card"),
        (lambda folder: _edit_card(folder, lambda text: text.replace('"name"', '"title"', 1)), "is no card"),
        (
            lambda folder: _edit_card(folder, lambda text: text.replace("{", '{"clip_range": "far",', 1)),
            "clip_range 'far'",
        ),
        (lambda folder: _cut(folder / "policy.safetensors"), "policy.safetensors is damaged"),
        (lambda folder: _edit_tensor(folder, "mean", lambda tensor: tensor[:10]), "has tensors"),
        (lambda folder: _edit_tensor(folder, "bias1", lambda tensor: tensor[:-1]), "has tensors"),
        (lambda folder: _edit_tensor(folder, "bias0", lambda tensor: tensor * np.float32("nan")), "not finite"),
    ],
)
def test_a_damaged_policy_is_refused(trained: Path, tmp_path: Path, damage: Callable[[Path], None], text: str) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(trained, folder)
    damage(folder)
    with pytest.raises(InvalidInput, match=text):
        read_policy(folder)


def _edit_card(folder: Path, edit: Callable[[str], str]) -> None:
    (folder / "card.json").write_text(edit((folder / "card.json").read_text()))


def _edit_tensor(folder: Path, name: str, edit: Callable[[np.ndarray], np.ndarray]) -> None:
    tensors = load_file(folder / "policy.safetensors")
    save_file(tensors | {name: np.ascontiguousarray(edit(tensors[name]))}, folder / "policy.safetensors")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-50])
