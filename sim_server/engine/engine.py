"""The engine: simulates the rollouts of many jobs at once, each in a slot of one simulation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic

import numpy as np

from motion.array_types import IntArray
from sim_server.body.reference_row import ROW_WIDTH, view_steps
from sim_server.engine.balance import add_foot_shift
from sim_server.engine.job import AnyJob
from sim_server.engine.perturbation import PERTURBATION_SIZE, perturb
from sim_server.engine.rollout import Rollout
from sim_server.engine.simulation import Simulation
from sim_server.policies.policy import act_each


class Engine(Generic[AnyJob]):
    """Runs jobs in the slots of a simulation; it must not be used from several Python threads at once.

    A slot whose rollout is done is free for the next one at once. Earlier jobs come first.

    Args:
        slots: rollouts that are simulated at once.
        threads: threads that the physics uses.
    """

    def __init__(self, slots: int = 32, threads: int = 1):
        self._simulation = Simulation(slots, threads)
        self._slots = slots
        self._jobs: list[AnyJob] = []
        self._rollouts: dict[int, tuple[AnyJob, Rollout]] = {}
        self._free = list(range(slots))

    @property
    def has_room(self) -> bool:
        """Whether a job that is added now finds a free slot."""
        return sum(job.size for job in self._jobs) < self._slots

    @property
    def jobs(self) -> list[AnyJob]:
        """The jobs that are running, in the order in which they were added."""
        return list(self._jobs)

    def add(self, job: AnyJob) -> None:
        """Add a job; its rollouts get free slots after those of the jobs before it."""
        self._jobs.append(job)

    def step(self) -> list[AnyJob]:
        """Simulate one control step of every rollout, and return the jobs that are done, in their order."""
        self._drop_cancelled()
        self._fill_slots()
        if self._rollouts:
            slots = sorted(self._rollouts)
            self._simulate(np.array(slots), [self._rollouts[slot][1] for slot in slots])
            for slot in slots:
                job, rollout = self._rollouts[slot]
                if rollout.done:
                    self._release(slot)
                    job.finish_rollout(rollout)
        done = [job for job in self._jobs if job.done]
        self._jobs = [job for job in self._jobs if not job.done]
        return done

    def run(self, jobs: Iterable[AnyJob]) -> Iterator[AnyJob]:
        """Run jobs until all are done. Each is taken when there is room for it, and yielded when it is done."""
        waiting = iter(jobs)
        while True:
            while self.has_room and (job := next(waiting, None)) is not None:
                self.add(job)
            if not self._jobs:
                return
            yield from self.step()

    def _drop_cancelled(self) -> None:
        for slot in [slot for slot, (job, _) in self._rollouts.items() if job.cancelled]:
            self._release(slot)

    def _release(self, slot: int) -> None:
        del self._rollouts[slot]
        self._free.append(slot)
        self._free.sort()

    def _fill_slots(self) -> None:
        """Put waiting rollouts into free slots, all at once."""
        added: dict[int, Rollout] = {}
        # In turn, so that a motion does not wait behind all candidates of another one's search.
        while self._free and (waiting := [job for job in self._jobs if job.has_waiting]):
            for job in waiting[: len(self._free)]:
                slot = self._free.pop(0)
                added[slot] = job.start_rollout()
                self._rollouts[slot] = job, added[slot]
        if not added:
            return
        references = [rollout.reference for rollout in added.values()]
        qpos = np.stack([reference.qpos for reference in references])
        qvel = np.stack([reference.qvel for reference in references])
        self._simulation.reset(list(added), references, qpos, qvel)
        begun = {slot: rollout.snapshot for slot, rollout in added.items() if rollout.snapshot is not None}
        if begun:
            self._simulation.restore(list(begun), list(begun.values()))

    def _simulate(self, slots: IntArray, rollouts: list[Rollout]) -> None:
        """Simulate one control step of some rollouts."""
        steps = [len(rollout) for rollout in rollouts]
        controls = [rollout.controls[step] for rollout, step in zip(rollouts, steps, strict=True)]
        rows = np.empty((len(slots), ROW_WIDTH))
        for row, (rollout, step) in enumerate(zip(rollouts, steps, strict=True)):
            rows[row] = rollout.reference.rows[rollout.start + step]
        limit = np.array([control.limit_n for control in controls])
        body, reference = self._simulation.state(slots), view_steps(rows)
        action = act_each([control.policy for control in controls], body, reference, limit)
        balances = np.array([rollout.balances for rollout in rollouts])
        balancing = np.flatnonzero(balances)
        if len(balancing):
            shift = np.zeros((len(slots), 2, 3))
            shift[balancing] = self._simulation.place_feet(
                slots[balancing], body.select(balancing), reference.select(balancing)
            )
            perturbation = np.zeros((len(slots), PERTURBATION_SIZE))
            for row, (rollout, step) in enumerate(zip(rollouts, steps, strict=True)):
                if rollout.perturbation is not None:
                    perturbation[row] = rollout.perturbation[step]
            action = perturb(add_foot_shift(action, body, shift), body, reference, perturbation)
        # The policies of the ladder were trained with offsets that jump; in a search that would shake the body.
        outcome = self._simulation.step(slots, body, reference, limit, action, balances)

        joints = self._simulation.joints(slots)
        distances = np.linalg.norm(joints - reference.target_joints, axis=-1).mean(-1)
        distances[self._simulation.diverged(slots)] = np.inf
        results = zip(
            joints, distances.tolist(), outcome.assist, outcome.inputs, self._simulation.snapshots(slots), strict=True
        )
        for rollout, result in zip(rollouts, results, strict=True):
            rollout.record(*result)
