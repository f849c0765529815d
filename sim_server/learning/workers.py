"""A vectorized environment whose bodies are spread over worker processes, which all move in step."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from motion.cpu import single_threaded_blas
from sim_server.learning.environment import ImitationVecEnv
from sim_server.learning.uniform_env import UniformVecEnv


class ParallelVecEnv(UniformVecEnv):
    """Several `ImitationVecEnv`s as one, each in a worker process.

    The processes are forked, so that the clips that `make` refers to are not copied. The result of a worker depends
    only on its seed and its number of bodies.

    Args:
        make: makes the environment of one worker; it can be pickled, for systems that cannot fork.
        workers: number of processes.
    """

    def __init__(self, make: Callable[[], ImitationVecEnv], workers: int):
        first = make()
        self._share = first.num_envs
        super().__init__(self._share * workers, first.observation_space, first.action_space)
        # Windows cannot fork; there the clips are copied to each worker.
        context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, make), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def reset(self) -> np.ndarray:
        """Start new episodes with all bodies and return their observations (count, OBSERVATION_SIZE)."""
        seed = self._seeds[0]
        seeds = [None if seed is None else seed + worker for worker in range(len(self._pipes))]
        self._reset_seeds()
        return np.concatenate(self._request("reset", seeds))

    def step_async(self, actions: np.ndarray) -> None:
        """Send each worker the actions of its bodies."""
        for worker, pipe in enumerate(self._pipes):
            pipe.send(("step", actions[worker * self._share : (worker + 1) * self._share]))

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Wait for the control step of all workers; returns the same as `ImitationVecEnv.step_wait`."""
        observations, rewards, done, infos = zip(*(pipe.recv() for pipe in self._pipes), strict=True)
        joined = [info for worker in infos for info in worker]
        return np.concatenate(observations), np.concatenate(rewards), np.concatenate(done), joined

    def curriculum_state(self) -> list[dict[str, np.ndarray]]:
        """Return the state of the curriculum of each worker."""
        return [state for part in self._request("state", [None] * len(self._pipes)) for state in part]

    def restore_curriculum(self, states: list[dict[str, np.ndarray]]) -> None:
        """Set the curricula to states that `curriculum_state` returned."""
        self._request("restore", [[state] for state in states])

    def close(self) -> None:
        """End the worker processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            # A forked worker holds copies of the pipes of the workers before it, so that a closed pipe does not reach
            # them all; none of them has anything to write down.
            process.terminate()
            process.join()

    def _request(self, request: str, values: list[Any]) -> list[Any]:
        for pipe, value in zip(self._pipes, values, strict=True):
            pipe.send((request, value))
        return [pipe.recv() for pipe in self._pipes]


def _work(pipe: Connection, make: Callable[[], ImitationVecEnv]) -> None:
    """Answer the requests that come through a pipe until it is closed."""
    env = make()
    with single_threaded_blas():  # there is a worker for each core already
        while True:
            try:
                request, value = pipe.recv()
            except (EOFError, KeyboardInterrupt):
                return
            match request:
                case "step":
                    env.step_async(value)
                    pipe.send(env.step_wait())
                case "reset":
                    env.seed(value)
                    pipe.send(env.reset())
                case "state":
                    pipe.send(env.curriculum_state())
                case "restore":
                    env.restore_curriculum(value)
                    pipe.send(None)
