"""Imitation as a vectorized environment: the simulation that serves corrections, with episodes and rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from sim_server.body.humanoid import NUM_DOFS, NUM_QPOS
from sim_server.body.reference_row import ReferenceStep, view_steps
from sim_server.engine.simulation import Simulation
from sim_server.learning.clips import Clip, state_at
from sim_server.learning.curriculum import AssistSchedule, Curriculum
from sim_server.learning.reward import RewardWeights, reward
from sim_server.learning.uniform_env import UniformVecEnv
from sim_server.policies.observation import ACTION_LIMIT, ACTION_SIZE, OBSERVATION_SIZE, decode_action, observe


@dataclass(frozen=True)
class EpisodeRules:
    """How an episode begins and ends.

    Attributes:
        longest_steps: control steps after which an episode is truncated; this is no failure.
        fail_m: mean joint distance to the clean motion at which an episode has failed [m].
        velocity_noise: standard deviation of the noise on every velocity of the first state [m/s, rad/s].
    """

    longest_steps: int = 100
    fail_m: float = 0.2
    velocity_noise: float = 0.05


class ImitationVecEnv(UniformVecEnv):
    """Bodies that imitate clips; `sim_server.policies.observation` defines observation and action.

    After `seed()`, the next reset and all that follows is a function of the seed and the actions.

    Args:
        clips: clips to imitate.
        count: number of bodies.
        seed: seed of the first reset, unless `seed()` gives one.
        rules: how episodes begin and end.
        weights: weights of the reward.
        limits: how the assist limits of clips follow the episodes.
        threads: threads that the physics uses.
        gain: factor on the rewards that the learner gets.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        count: int,
        seed: int = 0,
        rules: EpisodeRules | None = None,
        weights: RewardWeights | None = None,
        limits: AssistSchedule | None = None,
        threads: int = 1,
        gain: float = 1.0,
    ):
        space = gymnasium.spaces.Box(-8, 8, (OBSERVATION_SIZE,), np.float32)
        super().__init__(count, space, gymnasium.spaces.Box(-ACTION_LIMIT, ACTION_LIMIT, (ACTION_SIZE,), np.float32))
        self._curriculum = Curriculum(np.array([clip.weight for clip in clips]), limits or AssistSchedule())
        self._clips, self._rules, self._weights = clips, rules or EpisodeRules(), weights or RewardWeights()
        self._gain = gain
        self._simulation = Simulation(count, threads)
        self._rng = np.random.default_rng(seed)
        self._all = np.arange(count)
        self._clip = np.zeros(count, int)
        self._step = np.zeros(count, int)
        self._first = np.zeros(count, int)
        self._limit = np.zeros(count)
        self._last_action = np.zeros((count, ACTION_SIZE), np.float32)
        self._totals = np.zeros((count, 3))  # sums over the episode of reward, assist [N] and distance [m]
        self._actions = self._last_action

    def reset(self) -> np.ndarray:
        """Start new episodes with all bodies and return their observations (count, OBSERVATION_SIZE)."""
        if self._seeds[0] is not None:
            self._rng = np.random.default_rng(self._seeds[0])
        self._reset_seeds()
        self._start_episodes(self._all)
        return self._observe(self._all)

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions (count, ACTION_SIZE) of the next control step."""
        self._actions = np.array(actions, np.float32)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Simulate one control step; a body whose episode ends starts a new one.

        Returns:
            Observations (count, OBSERVATION_SIZE), rewards (count,), a mask of the ended episodes (count,), and for
            each body the information that Stable-Baselines3 expects.
        """
        actions = self._actions
        reference, body = self._next_steps(self._all), self._simulation.state(self._all)
        last_joints = self._simulation.joints(self._all)
        assist, _ = self._simulation.step(self._all, body, reference, self._limit, decode_action(actions, body))
        self._step += 1
        diverged = self._simulation.diverged(self._all)
        body = self._simulation.state(self._all)
        truth = self._truth()
        distance = np.linalg.norm(self._simulation.joints(self._all) - truth, axis=-1).mean(-1)
        with np.errstate(all="ignore"):
            gained = reward(self._weights, truth, body, reference, assist, last_joints, actions, self._last_action)
        gained = np.where(diverged | ~np.isfinite(gained), 0.0, gained)
        self._last_action = actions
        newtons = np.linalg.norm(assist[:, :3], axis=-1)
        self._totals += np.stack([gained, newtons, np.where(diverged, 0.0, distance)], -1)
        lasted = self._step - self._first
        failed = diverged | ~(distance < self._rules.fail_m)
        over = (self._step >= self._clip_lengths()) | (lasted >= self._rules.longest_steps)
        done = failed | over
        infos: list[dict[str, Any]] = [{} for _ in self._all]
        if done.any():
            ended = np.flatnonzero(done)
            last = self._observe(ended)
            for row, slot in enumerate(ended):
                infos[slot] = self._end_episode(int(slot), bool(failed[slot]), int(lasted[slot]), last[row])
            self._start_episodes(ended)
        return self._observe(self._all), (self._gain * gained).astype(np.float32), done, infos

    def curriculum_state(self) -> list[dict[str, np.ndarray]]:
        """Return the state of the curriculum; a list, because `ParallelVecEnv` has one for each worker."""
        return [self._curriculum.state()]

    def restore_curriculum(self, states: list[dict[str, np.ndarray]]) -> None:
        """Set the curriculum to a state that `curriculum_state` returned."""
        (state,) = states
        self._curriculum.restore(state)

    def close(self) -> None:
        """Do nothing; there is nothing to release."""

    def _end_episode(self, slot: int, failed: bool, steps: int, observation: np.ndarray) -> dict[str, Any]:
        """Record an episode in the curriculum, and return its entry for Stable-Baselines3."""
        self._curriculum.record_episode(int(self._clip[slot]), float(self._limit[slot]), failed)
        gained, newtons, metres = self._totals[slot]
        episode = {
            "r": float(gained), "l": steps, "failed": failed, "force": newtons / steps, "distance": metres / steps,
            "limit": float(self._limit[slot]),
        }  # fmt: skip
        return {
            "terminal_observation": np.nan_to_num(observation),
            "TimeLimit.truncated": not failed,
            "episode": episode,
        }

    def _clip_lengths(self) -> np.ndarray:
        return np.array([len(self._clips[int(clip)].reference.rows) for clip in self._clip])

    def _next_steps(self, slots: np.ndarray) -> ReferenceStep:
        """Return the next step of the references; at the end of a clip its last step again."""
        rows = [self._clips[int(self._clip[slot])].reference.rows for slot in slots]
        at = np.minimum(self._step[slots], [len(table) - 1 for table in rows])
        return view_steps(np.stack([table[step] for table, step in zip(rows, at, strict=True)]))

    def _truth(self) -> np.ndarray:
        frames = [self._clips[int(clip)].truth[step] for clip, step in zip(self._clip, self._step, strict=True)]
        return np.stack(frames)

    def _observe(self, slots: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            observations = observe(self._simulation.state(slots), self._next_steps(slots), self._limit[slots])
        return np.nan_to_num(observations)

    def _start_episodes(self, slots: np.ndarray) -> None:
        """Start new episodes, each at a random step of a clip that the curriculum draws."""
        clips, limits = self._curriculum.draw(self._rng, len(slots))
        qpos, qvel = np.empty((len(slots), NUM_QPOS)), np.empty((len(slots), NUM_DOFS))
        for row, (slot, index) in enumerate(zip(slots, clips, strict=True)):
            clip = self._clips[index]
            step = int(self._rng.integers(max(1, len(clip.reference.rows) - 8)))
            qpos[row], qvel[row] = state_at(clip.reference, step)
            self._clip[slot], self._step[slot], self._first[slot] = index, step, step
        qvel += self._rng.normal(0, self._rules.velocity_noise, qvel.shape)
        self._limit[slots] = limits
        self._totals[slots] = 0
        self._last_action[slots] = 0
        self._simulation.reset(
            [int(slot) for slot in slots], [self._clips[index].reference for index in clips], qpos, qvel
        )
