"""A converted Stable-Baselines3 model acts as the original."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from motion.errors import InvalidInput, NotFound
from motion.synthesis import synthesize
from sim_server.cli import main
from sim_server.learning.clips import make_clips
from sim_server.learning.environment import ImitationVecEnv
from sim_server.policies.observation import ACTION_LIMIT, OBSERVATION_SIZE
from sim_server.policies.policy_folder import read_policy

SEEN = np.random.default_rng(0).normal(0, 2, (5, OBSERVATION_SIZE)).astype(np.float32).clip(-8, 8)


@pytest.fixture(scope="module")
def env() -> ImitationVecEnv:
    (walk,) = synthesize(1, 3, actions=["walk"])
    return ImitationVecEnv(make_clips([walk], [1.0], {"clean": 1.0}, (1.0, 1.0), 0), 2)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("activation", [None, torch.nn.ELU, torch.nn.ReLU])
def test_a_converted_policy_acts_as_the_model(env: ImitationVecEnv, tmp_path: Path, activation: type | None) -> None:
    kwargs = {"net_arch": {"pi": [8, 9], "vf": [4]}, **({"activation_fn": activation} if activation else {})}
    model = PPO("MlpPolicy", env, policy_kwargs=kwargs, device="cpu", seed=1)
    with torch.no_grad():
        model.policy.action_net.weight.mul_(100)  # initial weights are so small that any activation would do
    model.save(tmp_path / "model.zip")
    with pytest.raises(SystemExit) as done:
        main(["convert", str(tmp_path / "model.zip"), "--out", str(tmp_path / "mine")])
    assert done.value.code == 0
    policy = read_policy(tmp_path / "mine")
    assert policy.name == "mine" and policy.learned
    wanted, _ = model.predict(SEEN, deterministic=True)
    assert np.abs(wanted).max() > 0.5
    assert np.allclose(policy.actions(SEEN).clip(-ACTION_LIMIT, ACTION_LIMIT), wanted, atol=1e-4)


class Trap:
    def __reduce__(self) -> tuple:
        return (Path("/tmp/plumb-was-here").touch, ())


def test_no_pickled_code_is_executed(tmp_path: Path) -> None:
    from sim_server.learning.conversion import convert_sb3

    file = tmp_path / "trap.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", pickle.dumps(Trap(), protocol=2))
    with pytest.raises(InvalidInput, match="safely"):
        convert_sb3(file, tmp_path / "out", "trap")
    assert not Path("/tmp/plumb-was-here").exists() and not (tmp_path / "out").exists()
    file.write_bytes(b"no zip")
    with pytest.raises(InvalidInput, match="Stable-Baselines3"):
        convert_sb3(file, tmp_path / "out", "trap")
    with pytest.raises(NotFound):
        convert_sb3(tmp_path / "nothing.zip", tmp_path / "out", "trap")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_of_other_sizes_is_refused(tmp_path: Path) -> None:
    from sim_server.learning.conversion import convert_sb3

    PPO("MlpPolicy", "Pendulum-v1", device="cpu").save(tmp_path / "other.zip")
    with pytest.raises(InvalidInput, match="maps 3 numbers to 1"):
        convert_sb3(tmp_path / "other.zip", tmp_path / "out", "other")
