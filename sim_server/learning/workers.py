"""An environment spread over processes: each simulates its share of the bodies, and all move in step."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from sim_server.learning.environment import ImitationVecEnv
from sim_server.learning.uniform_env import UniformVecEnv


def _serve(pipe: Connection, make: Callable[[], ImitationVecEnv]) -> None:
    env = make()
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


class WorkerVecEnv(UniformVecEnv):
    """Several `ImitationVecEnv`s in processes of their own, as one.

    Processes are forked, so clips that `make` refers to are not copied. What an environment does depends on its seed
    and its share of the bodies only.
    """

    def __init__(self, make: Callable[[], ImitationVecEnv], workers: int):
        first = make()
        self._share = first.num_envs
        super().__init__(self._share * workers, first.observation_space, first.action_space)
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, make), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def _ask(self, request: str, values: list[Any]) -> list[Any]:
        for pipe, value in zip(self._pipes, values, strict=True):
            pipe.send((request, value))
        return [pipe.recv() for pipe in self._pipes]

    def reset(self) -> np.ndarray:
        seed = self._seeds[0]
        seeds = [None if seed is None else seed + worker for worker in range(len(self._pipes))]
        self._reset_seeds()
        return np.concatenate(self._ask("reset", seeds))

    def step_async(self, actions: np.ndarray) -> None:
        for worker, pipe in enumerate(self._pipes):
            pipe.send(("step", actions[worker * self._share : (worker + 1) * self._share]))

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        seen, gained, done, infos = zip(*(pipe.recv() for pipe in self._pipes), strict=True)
        return np.concatenate(seen), np.concatenate(gained), np.concatenate(done), [i for each in infos for i in each]

    def curriculum_state(self) -> list[dict[str, np.ndarray]]:
        """The curriculum of each worker."""
        return [state for part in self._ask("state", [None] * len(self._pipes)) for state in part]

    def restore_curriculum(self, states: list[dict[str, np.ndarray]]) -> None:
        self._ask("restore", [[state] for state in states])

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=5)
