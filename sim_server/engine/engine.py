"""Many motions corrected at once: each in a slot of one simulation, with its own help; a slot whose motion is done
takes the next at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from motion.protocols import CorrectionOptions
from sim_server.body.retarget import ROW_WIDTH, Reference, fields_of
from sim_server.engine.ladder import AssistPlan
from sim_server.engine.simulation import Simulation
from sim_server.policies.policy import BasePolicy, Policy, residual_of_each

_ALONE = BasePolicy()
FAIL_M = 0.5  # mean joint distance to the reference at which a motion counts as failed (UHC's rule)


@dataclass(eq=False)
class Job:
    """One motion on its way through the engine.

    Attributes:
        reference: what to follow.
        plan: how much help it may have.
        policy: what adds to the analytic controller.
        patience: factor on the distance at which the policy takes help.
        tag: the caller's own; not looked at.
        positions: (frames, 22, 3) the simulated joints, raised by `humanoid.SOLE_M`; filled in as it runs.
        residual: (frames - 1, 6) the assist that acted, world frame, N and Nm.
        distance: (frames,) mean joint distance to the reference, metres.
        broken: the control step at which the numbers broke down, if they did; what follows repeats the last frame.
        steps_made: control steps simulated, those taken back too.
        cancelled: set from outside to drop the job.
    """

    reference: Reference
    plan: AssistPlan
    policy: Policy
    patience: float = 1.0
    tag: Any = None
    positions: np.ndarray = field(init=False)
    residual: np.ndarray = field(init=False)
    distance: np.ndarray = field(init=False)
    broken: int | None = None
    cancelled: bool = False
    step: int = 0
    steps_made: int = 0
    gave_up: bool = False
    _snapshots: list[tuple[np.ndarray, np.ndarray]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        frames = len(self.reference)
        self.positions = np.empty((frames, 22, 3))
        self.positions[0] = self.reference.positions[0]
        self.residual = np.zeros((frames - 1, 6))
        self.distance = np.zeros(frames)

    @classmethod
    def of(cls, reference: Reference, options: CorrectionOptions, policy: Policy) -> Job:
        return cls(reference, AssistPlan.of(options, len(reference) - 1, policy.learned), policy)

    @property
    def acting(self) -> Policy:
        """The policy of the control step that comes next."""
        return self.policy if self.plan.at(self.step).learned else _ALONE

    @property
    def failed(self) -> bool:
        """Whether it broke down, or left its reference at any time."""
        return self.broken is not None or not bool((self.distance < FAIL_M).all())

    @property
    def help_used(self) -> float:
        """Mean force of the assist plus mean torque, N and Nm."""
        return float(np.linalg.norm(self.residual.reshape(-1, 2, 3), axis=-1).mean(0).sum())

    @property
    def done(self) -> bool:
        return self.cancelled or self.broken is not None or self.step >= len(self.reference) - 1


class JobSource(Protocol):
    """Where the engine takes motions from; `take` answers None when there is none right now."""

    def take(self) -> Job | None: ...


class Engine:
    """Runs jobs in `slots` simulations on `threads` threads.

    Not to be used from several Python threads at once.
    """

    def __init__(self, slots: int = 32, threads: int = 1):
        self.slots = slots
        self._simulation = Simulation(slots, threads)
        self._jobs: list[Job | None] = [None] * slots
        self._rows = np.zeros((slots, ROW_WIDTH))
        self._limit = np.zeros(slots)

    def jobs(self) -> list[Job]:
        """The jobs that are running."""
        return [job for job in self._jobs if job is not None]

    def run(self, source: JobSource) -> Iterator[Job]:
        """Take jobs from `source` until it has none and all slots are empty; yield each when it is done."""
        while True:
            finished = self.advance(source)
            yield from finished
            if not finished and not self.jobs():
                return

    def advance(self, source: JobSource) -> list[Job]:
        """Fill empty slots, simulate one control step of every job, and hand out those that are done."""
        self._fill(source)
        active = [slot for slot, job in enumerate(self._jobs) if job is not None]
        if active:
            self._step(np.array(active))
        finished = []
        for slot in active:
            job = self._jobs[slot]
            assert job is not None
            if job.done:
                self._jobs[slot] = None
                finished.append(job)
        return finished

    def _fill(self, source: JobSource) -> None:
        fresh: dict[int, Reference] = {}
        for slot, running in enumerate(self._jobs):
            if running is None and (job := source.take()) is not None:
                self._jobs[slot] = job
                fresh[slot] = job.reference
        if fresh:
            qpos = np.stack([reference.qpos for reference in fresh.values()])
            qvel = np.stack([reference.qvel for reference in fresh.values()])
            self._simulation.place(list(fresh), list(fresh.values()), qpos, qvel)

    def _step(self, slots: np.ndarray) -> None:
        jobs = [self._jobs[slot] for slot in slots]
        for slot, job in zip(slots, jobs, strict=True):
            assert job is not None
            self._rows[slot] = job.reference.rows[job.step]
            self._limit[slot] = job.plan.at(job.step).newtons
            if len(job.plan.rungs) > 1 and len(job._snapshots) == job.step:
                job._snapshots.append(self._simulation.snapshot(slot))
        step, limit = fields_of(self._rows[slots]), self._limit[slots]
        state = self._simulation.state(slots)
        policies = [job.acting for job in jobs if job is not None]
        given = self._simulation.step(slots, state, step, limit, residual_of_each(policies, state, step, limit))

        joints = self._simulation.joints(slots)
        distance = np.linalg.norm(joints - step.goal.reshape(-1, 22, 3), axis=-1).mean(-1)
        distance[self._simulation.wild(slots)] = np.inf
        moved_back = []
        for row, (slot, job) in enumerate(zip(slots, jobs, strict=True)):
            assert job is not None
            job.residual[job.step] = given.residual[row]
            job.steps_made += 1
            if self._settle(job, joints[row], float(distance[row])):
                moved_back.append(int(slot))
        if moved_back:
            snapshots = [job._snapshots[job.step] for slot in moved_back if (job := self._jobs[slot]) is not None]
            self._simulation.restore(moved_back, snapshots)

    def _settle(self, job: Job, joints: np.ndarray, distance: float) -> bool:
        """Write down where a control step led, or take the job back to try with more help (then True)."""
        if distance > job.patience * job.acting.trip_m and not job.gave_up:
            again = job.plan.retry_from(job.step, job.distance[: job.step + 1])
            if again is not None:
                job.step = again
                del job._snapshots[again + 1 :]
                return True
            job.plan.hold(job.step)
            job.gave_up = distance > FAIL_M
        if not np.isfinite(distance):
            job.broken = job.step
            job.positions[job.step + 1 :] = job.positions[job.step]
            job.distance[job.step + 1 :] = np.inf
            return False
        job.step += 1
        job.positions[job.step] = joints
        job.distance[job.step] = distance
        return False
