"""The engine: corrects many motions at once, each in a slot of one simulation, with an assist ladder of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic

import numpy as np

from motion.array_types import IntArray
from sim_server.body.reference_row import ROW_WIDTH, view_steps
from sim_server.engine.job import AnyJob
from sim_server.engine.simulation import Simulation, Snapshot
from sim_server.policies.policy import act_each


class Engine(Generic[AnyJob]):
    """Runs jobs in the slots of a simulation; it must not be used from several Python threads at once.

    A slot whose job is done is free for the next job at once.

    Args:
        slots: motions that are simulated at once.
        threads: threads that the physics uses.
    """

    def __init__(self, slots: int = 32, threads: int = 1):
        self._simulation = Simulation(slots, threads)
        self._jobs: dict[int, AnyJob] = {}
        self._free = list(range(slots))
        self._added: list[int] = []
        self._rows = np.zeros((slots, ROW_WIDTH))
        self._assist_limit = np.zeros(slots)

    @property
    def has_room(self) -> bool:
        """Whether a slot is free."""
        return bool(self._free)

    @property
    def jobs(self) -> list[AnyJob]:
        """The jobs that are running, in the order of their slots."""
        return [self._jobs[slot] for slot in sorted(self._jobs)]

    def add(self, job: AnyJob) -> None:
        """Put a job into the first free slot; there must be one."""
        slot = self._free.pop(0)
        self._jobs[slot] = job
        self._added.append(slot)

    def step(self) -> list[AnyJob]:
        """Simulate one control step of every job, and return those that are done, in the order of their slots."""
        self._reset_added()
        if not self._jobs:
            return []
        slots = sorted(self._jobs)
        self._simulate(np.array(slots), [self._jobs[slot] for slot in slots])
        done = [slot for slot in slots if self._jobs[slot].done]
        self._free = sorted([*self._free, *done])
        return [self._jobs.pop(slot) for slot in done]

    def run(self, jobs: Iterable[AnyJob]) -> Iterator[AnyJob]:
        """Run jobs until all are done. Each is taken when there is room for it, and yielded when it is done."""
        waiting = iter(jobs)
        while True:
            while self.has_room and (job := next(waiting, None)) is not None:
                self.add(job)
            if not self._jobs:
                return
            yield from self.step()

    def _reset_added(self) -> None:
        """Put the bodies of the jobs that were added into their slots, all at once."""
        if not self._added:
            return
        references = [self._jobs[slot].reference for slot in self._added]
        qpos = np.stack([reference.qpos for reference in references])
        qvel = np.stack([reference.qvel for reference in references])
        self._simulation.reset(self._added, references, qpos, qvel)
        self._added = []

    def _simulate(self, slots: IntArray, jobs: list[AnyJob]) -> None:
        for slot, job in zip(slots, jobs, strict=True):
            self._rows[slot] = job.reference.rows[job.step]
            self._assist_limit[slot] = job.assist_limit
            if job.needs_snapshot:
                job.keep_snapshot(self._simulation.snapshot(slot))
        reference, limit = view_steps(self._rows[slots]), self._assist_limit[slots]
        body = self._simulation.state(slots)
        action = act_each([job.active_policy for job in jobs], body, reference, limit)
        forces = self._simulation.step(slots, body, reference, limit, action)

        joints = self._simulation.joints(slots)
        distance = np.linalg.norm(joints - reference.target_joints, axis=-1).mean(-1)
        distance[self._simulation.diverged(slots)] = np.inf
        retries: dict[int, Snapshot] = {}
        for row, (slot, job) in enumerate(zip(slots, jobs, strict=True)):
            snapshot = job.record(joints[row], float(distance[row]), forces.assist[row])
            if snapshot is not None:
                retries[int(slot)] = snapshot
        if retries:
            self._simulation.restore(list(retries), list(retries.values()))
