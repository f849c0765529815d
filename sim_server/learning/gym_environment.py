"""One body that imitates, as a gymnasium environment: for those who bring a learning algorithm of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from sim_server.learning.clips import Clip
from sim_server.learning.environment import ImitationVecEnv


class ImitationEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """`ImitationVecEnv` with one body. Observation and action are those of `sim_server.policies.observation`.

    Args:
        clips: what to imitate.
        settings: rules, weights and limits, as `ImitationVecEnv` takes them.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  gymnasium's own form

    def __init__(self, clips: Sequence[Clip], **settings: Any):
        self._env = ImitationVecEnv(clips, 1, **settings)
        self.observation_space = self._env.observation_space
        self.action_space = self._env.action_space
        self.render_mode = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        if seed is not None:
            self._env.seed(seed)
        return self._env.reset()[0], {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """As gymnasium has it; after the end of an episode call `reset`."""
        self._env.step_async(np.asarray(action)[None])
        (seen,), (gained,), (done,), (info,) = self._env.step_wait()
        truncated = bool(done) and info["TimeLimit.truncated"]
        last = info.pop("terminal_observation") if done else seen
        return last, float(gained), bool(done) and not truncated, truncated, info
