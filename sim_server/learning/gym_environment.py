"""A Gymnasium environment with one body, for other learning algorithms than ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from sim_server.learning.clips import Clip
from sim_server.learning.environment import ImitationVecEnv


class ImitationEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """`ImitationVecEnv` with one body; `sim_server.policies.observation` defines observation and action.

    Args:
        clips: clips to imitate.
        settings: `rules`, `weights` and `limits`, as for `ImitationVecEnv`.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  Gymnasium declares it like this

    def __init__(self, clips: Sequence[Clip], **settings: Any):
        self._env = ImitationVecEnv(clips, 1, **settings)
        self.observation_space = self._env.observation_space
        self.action_space = self._env.action_space
        self.render_mode = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Start an episode, as Gymnasium defines it."""
        super().reset(seed=seed)
        if seed is not None:
            self._env.seed(seed)
        return self._env.reset()[0], {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Simulate one control step, as Gymnasium defines it; call `reset` after the end of an episode."""
        self._env.step_async(np.asarray(action)[None])
        (observation,), (reward,), (done,), (info,) = self._env.step_wait()
        truncated = bool(done) and info["TimeLimit.truncated"]
        last = info.pop("terminal_observation") if done else observation
        return last, float(reward), bool(done) and not truncated, truncated, info
