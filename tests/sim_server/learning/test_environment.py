"""Laws of the environment: it sees what serving sees, and follows from its seeds."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check
from stable_baselines3.common.env_checker import check_env as sb3_check

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server.correction import create_job
from sim_server.engine.simulation import Simulation
from sim_server.learning.clips import Clip, make_clips, state_at
from sim_server.learning.environment import EpisodeRules, ImitationVecEnv
from sim_server.learning.gym_environment import ImitationEnv
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE
from sim_server.policies.policy import BasePolicy


def rollout(env: ImitationVecEnv, steps: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observations, rewards and ends of episodes over some steps with random actions."""
    rng = np.random.default_rng(1)
    observations, gained, done = [env.reset()], [], []
    for _ in range(steps):
        env.step_async(rng.normal(0, noise, (env.num_envs, ACTION_SIZE)))
        observation, reward, over, _ = env.step_wait()
        observations.append(observation)
        gained.append(reward)
        done.append(over)
    return np.stack(observations), np.stack(gained), np.stack(done)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_gymnasium_and_stable_baselines3_accept_the_environment(clips: list[Clip]) -> None:
    assert sb3_check(ImitationEnv(clips)) is None
    assert gymnasium_check(ImitationEnv(clips), skip_render_check=True) is None


def test_the_seed_determines_a_rollout(clips: list[Clip]) -> None:
    runs = []
    for seed in (7, 7, 8):
        env = ImitationVecEnv(clips, 5)
        env.seed(seed)
        runs.append(rollout(env, 30))
    assert all(np.array_equal(a, b) for a, b in zip(runs[0], runs[1], strict=True))
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_a_body_can_start_anywhere_on_its_reference(clips: list[Clip]) -> None:
    for clip in clips:
        simulation = Simulation(1)
        qpos, qvel = state_at(clip.reference, 4)
        simulation.reset([0], [clip.reference], qpos[None], qvel[None])
        path = clip.reference.positions[4:6]
        expected = path[0] + (path[1] - path[0]) / 3  # the state is one of three substeps into the control step
        assert np.linalg.norm(simulation.joints(np.array([0]))[0] - expected, axis=-1).max() < 0.03


def test_training_and_serving_follow_the_same_reference(motions: list[Motion]) -> None:
    clip = make_clips(motions[:1], [1.0], {"clean": 1.0}, (1.0, 1.0), 0)[0]
    job = create_job(motions[0], CorrectionOptions(), BasePolicy())
    assert np.array_equal(clip.reference.rows, job.reference.rows)
    assert np.allclose(clip.truth, job.reference.positions, atol=1e-6)


def test_random_actions_lower_the_reward(clips: list[Clip]) -> None:
    without, with_noise = (rollout(ImitationVecEnv(clips, 8, 3), 40, noise)[1].mean() for noise in (0.0, 1.0))
    assert without > with_noise + 0.1


def test_episodes_are_truncated_after_their_longest_time(clips: list[Clip]) -> None:
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
