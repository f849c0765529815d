"""Worker processes of a training."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import pytest
from tiny_training import TINY

from sim_server.learning.clips import Clip
from sim_server.learning.environment import ImitationVecEnv
from sim_server.learning.workers import ParallelVecEnv


def test_systems_that_cannot_fork_train_the_same(clips: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    make = partial(ImitationVecEnv, clips, 2, TINY.seed, TINY.episodes, TINY.reward, TINY.limits, gain=0.1)

    def first_observations() -> np.ndarray:
        env = ParallelVecEnv(make, 2)
        try:
            env.seed(0)
            return env.reset()
        finally:
            env.close()

    forked = first_observations()
    monkeypatch.delattr(os, "fork")
    assert np.array_equal(first_observations(), forked)
