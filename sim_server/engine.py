"""Many motions simulated at once.

One `mujoco.batch.Batch` of slots, each with its own body; one batched controller call per control step. A slot whose
motion is done takes the next at once. Whatever a motion's neighbours are, its result has the same bytes: rows never
mix, and MuJoCo's batch is bit-identical at any number of threads.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import mujoco
import numpy as np
from mujoco.batch import Batch

from motion import rotation
from sim_server.controller import BodyState, command
from sim_server.humanoid import BODY_OF_JOINT, default_model
from sim_server.ladder import AssistPlan
from sim_server.policy import Policy
from sim_server.retarget import ROW_WIDTH, SUBSTEPS, Reference, fields_of

TRIP_M = 0.08  # mean joint distance to the reference at which more help is due
FAIL_M = 0.5  # and at which a motion without more help to get counts as failed (UHC's rule)
_WILD_RATE = 300.0  # rad/s or m/s: no body moves like this; the numbers have broken down

_INPUTS = mujoco.mjtState.mjSTATE_CTRL.value | mujoco.mjtState.mjSTATE_QFRC_APPLIED.value
_POSITIONS_KNOWN = mujoco.mjtStage.mjSTAGE_POS.value

# A motion that breaks down is told of in its report; MuJoCo would also append to a file in the working directory.
if mujoco.get_mju_user_warning() is None:
    mujoco.set_mju_user_warning(logging.getLogger(__name__).info)


@dataclass(eq=False)
class Job:
    """One motion on its way through the engine.

    Attributes:
        reference: what to follow.
        plan: how much help it may have.
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
    tag: Any = None
    positions: np.ndarray = field(init=False)
    residual: np.ndarray = field(init=False)
    distance: np.ndarray = field(init=False)
    broken: int | None = None
    cancelled: bool = False
    step: int = 0
    steps_made: int = 0
    gave_up: bool = False
    _states: list[np.ndarray] = field(init=False, default_factory=list)
    _duals: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        frames = len(self.reference)
        self.positions = np.empty((frames, 22, 3))
        self.positions[0] = self.reference.positions[0]
        self.residual = np.zeros((frames - 1, 6))
        self.distance = np.zeros(frames)
        self._duals = np.zeros((frames, 6))

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

    def __init__(self, policy: Policy, slots: int = 32, threads: int = 1):
        self.policy = policy
        self.slots = slots
        self._batch = Batch(default_model(), slots, threads)
        self._xpos, self._xquat, self._qvel = (self._batch.bind(name) for name in ("xpos", "xquat", "qvel"))
        self._qpos = self._batch.bind("qpos")
        self._models = [default_model()] * slots
        self._jobs: list[Job | None] = [None] * slots
        self._rows = np.zeros((slots, ROW_WIDTH))
        self._sole = np.zeros((slots, 12, 3))
        self._dual = np.zeros((slots, 6))
        self._limit = np.zeros(slots)
        self._blank = self._batch.state[0].copy()

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
        fresh = []
        for slot, running in enumerate(self._jobs):
            if running is None and (job := source.take()) is not None:
                self._jobs[slot] = job
                self._models[slot] = job.reference.model
                self._sole[slot] = job.reference.sole
                fresh.append(slot)
        if not fresh:
            return
        self._batch.set_models(self._models)
        for slot in fresh:
            job = self._jobs[slot]
            assert job is not None
            self._batch.state[slot] = self._blank
            self._qpos[slot] = job.reference.qpos
            self._qvel[slot] = job.reference.qvel
            self._dual[slot] = 0
        self._batch.forward(ids=fresh, stage=_POSITIONS_KNOWN)

    def _step(self, slots: np.ndarray) -> None:
        jobs = [self._jobs[slot] for slot in slots]
        for slot, job in zip(slots, jobs, strict=True):
            assert job is not None
            self._rows[slot] = job.reference.rows[job.step]
            self._limit[slot] = job.plan.limit(job.step)
            if len(job.plan.rungs) > 1 and len(job._states) == job.step:
                job._states.append(self._batch.state[slot].copy())
                job._duals[job.step] = self._dual[slot]
        step = fields_of(self._rows[slots])
        state = BodyState(self._xpos[slots], self._xquat[slots], self._qvel[slots])
        offsets, request = self.policy.act(state, step, self._limit[slots])
        given = command(state, step, self._sole[slots], self._limit[slots], self._dual[slots], request)
        self._dual[slots] = given.dual

        servo = step.servo.reshape(len(slots), SUBSTEPS, 21, 4)
        if offsets is not None:
            servo = rotation.multiply(servo, rotation.exp(offsets)[:, None])
        inputs = np.empty((len(slots), SUBSTEPS, 84 + 69))
        inputs[..., :84] = servo.reshape(len(slots), SUBSTEPS, 84)
        inputs[..., 84:] = given.applied[:, None]
        inputs[..., 90:] += step.servo_rate.reshape(len(slots), SUBSTEPS, 63)
        self._batch.rollout(SUBSTEPS, inputs, _INPUTS, record=(), ids=slots)
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)

        joints = self._xpos[slots][:, BODY_OF_JOINT]
        distance = np.linalg.norm(joints - step.goal.reshape(-1, 22, 3), axis=-1).mean(-1)
        wild = ~(np.abs(self._qvel[slots]).max(-1) < _WILD_RATE)
        distance[wild] = np.inf
        moved_back = []
        for row, (slot, job) in enumerate(zip(slots, jobs, strict=True)):
            assert job is not None
            job.residual[job.step] = given.residual[row]
            job.steps_made += 1
            if self._settle(job, slot, joints[row], float(distance[row])):
                moved_back.append(slot)
        if moved_back:
            self._batch.forward(ids=moved_back, stage=_POSITIONS_KNOWN)

    def _settle(self, job: Job, slot: int, joints: np.ndarray, distance: float) -> bool:
        """Write down where a control step led, or take the job back to try with more help (then True)."""
        if distance > TRIP_M and not job.gave_up:
            again = job.plan.retry_from(job.step, job.distance[: job.step + 1])
            if again is not None:
                job.step = again
                self._batch.state[slot] = job._states[again]
                self._dual[slot] = job._duals[again]
                del job._states[again + 1 :]
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
