"""Imitation as a vectorised environment: the simulation that serves, with episodes, rewards and a curriculum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from sim_server.body.retarget import StepFields, fields_of
from sim_server.engine.simulation import Simulation
from sim_server.learning.clips import Clip, state_at
from sim_server.learning.curriculum import Curriculum, LimitSchedule
from sim_server.learning.reward import RewardWeights, reward
from sim_server.learning.uniform_env import UniformVecEnv
from sim_server.policies.observation import ACTION_LIMIT, ACTION_SIZE, OBSERVATION_SIZE, observe, residual_of


@dataclass(frozen=True)
class EpisodeRules:
    """When an episode ends and how it begins.

    Attributes:
        longest_steps: control steps; then it is cut off, not failed.
        fail_m: mean joint distance to the sound motion at which it has failed.
        velocity_noise: standard deviation on every velocity coordinate of the start, m/s and rad/s.
    """

    longest_steps: int = 100
    fail_m: float = 0.2
    velocity_noise: float = 0.05


class ImitationVecEnv(UniformVecEnv):
    """`count` bodies that imitate clips; observation and action are those of `sim_server.policies.observation`.

    A reset is seeded by `seed()` (then everything that follows is a function of it and of the actions).

    Args:
        clips: what to imitate.
        count: bodies.
        seed: of the first reset, if `seed()` gives none.
        rules, weights, limits: of episodes, rewards and assist.
        threads: of the physics.
        gain: factor on rewards.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        count: int,
        seed: int = 0,
        rules: EpisodeRules | None = None,
        weights: RewardWeights | None = None,
        limits: LimitSchedule | None = None,
        threads: int = 1,
        gain: float = 1.0,
    ):
        space = gymnasium.spaces.Box(-8, 8, (OBSERVATION_SIZE,), np.float32)
        super().__init__(count, space, gymnasium.spaces.Box(-ACTION_LIMIT, ACTION_LIMIT, (ACTION_SIZE,), np.float32))
        self._curriculum = Curriculum(np.array([clip.weight for clip in clips]), limits or LimitSchedule())
        self._clips, self._rules, self._weights = clips, rules or EpisodeRules(), weights or RewardWeights()
        self._gain = gain  # of rewards as the learner sees them
        self._simulation = Simulation(count, threads)
        self._rng = np.random.default_rng(seed)
        self._all = np.arange(count)
        self._clip = np.zeros(count, int)
        self._step = np.zeros(count, int)
        self._first = np.zeros(count, int)
        self._limit = np.zeros(count)
        self._last_action = np.zeros((count, ACTION_SIZE), np.float32)
        self._totals = np.zeros((count, 3))  # reward, newtons, metres of the running episode
        self._actions = self._last_action

    def reset(self) -> np.ndarray:
        if self._seeds[0] is not None:
            self._rng = np.random.default_rng(self._seeds[0])
        self._reset_seeds()
        self._begin(self._all)
        return self._observed(self._all)

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = np.array(actions, np.float32)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        actions = self._actions
        step, state = self._fields(self._all), self._simulation.state(self._all)
        before = self._simulation.joints(self._all)
        given = self._simulation.step(self._all, state, step, self._limit, residual_of(actions, state))
        self._step += 1
        wild = self._simulation.wild(self._all)
        state = self._simulation.state(self._all)
        truth = self._truth()
        distance = np.linalg.norm(self._simulation.joints(self._all) - truth, axis=-1).mean(-1)
        with np.errstate(all="ignore"):
            gained = reward(self._weights, truth, state, step, given.residual, before, actions, self._last_action)
        gained = np.where(wild | ~np.isfinite(gained), 0.0, gained)
        self._last_action = actions
        self._totals += np.stack(
            [gained, np.linalg.norm(given.residual[:, :3], axis=-1), np.where(wild, 0.0, distance)], -1
        )
        lasted = self._step - self._first
        failed = wild | ~(distance < self._rules.fail_m)
        over = (self._step >= self._ends()) | (lasted >= self._rules.longest_steps)
        done = failed | over
        infos: list[dict[str, Any]] = [{} for _ in self._all]
        if done.any():
            ended = np.flatnonzero(done)
            last = self._observed(ended)
            for row, slot in enumerate(ended):
                infos[slot] = self._ended(int(slot), bool(failed[slot]), int(lasted[slot]), last[row])
            self._begin(ended)
        return self._observed(self._all), (self._gain * gained).astype(np.float32), done, infos

    def _ended(self, slot: int, failed: bool, steps: int, observation: np.ndarray) -> dict[str, Any]:
        self._curriculum.ended(int(self._clip[slot]), float(self._limit[slot]), failed)
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

    def _ends(self) -> np.ndarray:
        return np.array([len(self._clips[int(clip)].reference.rows) for clip in self._clip])

    def _fields(self, slots: np.ndarray) -> StepFields:
        """The next step of some slots; the last one again where an episode has come to the end of its clip."""
        rows = [self._clips[int(self._clip[slot])].reference.rows for slot in slots]
        at = np.minimum(self._step[slots], [len(table) - 1 for table in rows])
        return fields_of(np.stack([table[step] for table, step in zip(rows, at, strict=True)]))

    def _truth(self) -> np.ndarray:
        frames = [self._clips[int(clip)].truth[step] for clip, step in zip(self._clip, self._step, strict=True)]
        return np.stack(frames)

    def _observed(self, slots: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            seen = observe(self._simulation.state(slots), self._fields(slots), self._limit[slots])
        return np.nan_to_num(seen)

    def _begin(self, slots: np.ndarray) -> None:
        """Start new episodes, each at a random moment of a clip that the curriculum chose."""
        clips, limits = self._curriculum.draw(self._rng, len(slots))
        qpos, qvel = np.empty((len(slots), 91)), np.empty((len(slots), 69))
        for row, (slot, index) in enumerate(zip(slots, clips, strict=True)):
            clip = self._clips[index]
            step = int(self._rng.integers(max(1, len(clip.reference.rows) - 8)))
            qpos[row], qvel[row] = state_at(clip.reference, step)
            self._clip[slot], self._step[slot], self._first[slot] = index, step, step
        qvel += self._rng.normal(0, self._rules.velocity_noise, qvel.shape)
        self._limit[slots] = limits
        self._totals[slots] = 0
        self._last_action[slots] = 0
        self._simulation.place(
            [int(slot) for slot in slots], [self._clips[index].reference for index in clips], qpos, qvel
        )

    def curriculum_state(self) -> list[dict[str, np.ndarray]]:
        """What the curriculum has learned; a list, as there is one for each worker of a `WorkerVecEnv`."""
        return [self._curriculum.state()]

    def restore_curriculum(self, states: list[dict[str, np.ndarray]]) -> None:
        """Take on what `curriculum_state` gave."""
        (state,) = states
        self._curriculum.restore(state)

    def close(self) -> None:
        pass
