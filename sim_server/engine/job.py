"""A job of the engine: one motion's simulation, with its assist ladder and its results."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import COMPLETION_LIMIT_M
from motion.protocols import CorrectionOptions
from motion.skeleton import NUM_JOINTS
from sim_server.body.retarget import Reference
from sim_server.engine.ladder import AssistPlan
from sim_server.engine.simulation import Snapshot
from sim_server.policies.policy import BasePolicy, Policy

_ANALYTIC = BasePolicy()


class Job:
    """One motion on its way through the engine, which fills in the results.

    Args:
        reference: what the body follows.
        options: how to correct the motion.
        policy: what acts on top of the analytic controller.
        threshold_scale: factor on the policy's `assist_threshold_m`.

    Attributes:
        plan: the rung of the assist ladder for each control step.
        positions: (frames, 22, 3) simulated joints, raised by `humanoid.SOLE_M` [m].
        assist: (frames - 1, 6) force [N] and torque [N m] that acted on the root, in the world frame.
        distance: (frames,) mean joint distance to the reference [m].
        step: the control step that comes next.
        steps_simulated: control steps simulated so far, with those that were taken back.
        diverged_at: the control step in which the simulated state diverged; the frames after it repeat the last one
            before. None if it did not.
        cancelled: set from outside to drop the job.
    """

    def __init__(
        self, reference: Reference, options: CorrectionOptions, policy: Policy, threshold_scale: float = 1.0
    ) -> None:
        self.reference = reference
        self.policy = policy
        self.plan = AssistPlan.create(options, reference.steps, policy.learned)
        self.positions = np.empty((len(reference), NUM_JOINTS, 3))
        self.positions[0] = reference.positions[0]
        self.assist = np.zeros((reference.steps, 6))
        self.distance = np.zeros(len(reference))
        self.step = 0
        self.steps_simulated = 0
        self.diverged_at: int | None = None
        self.cancelled = False
        self._threshold_scale = threshold_scale
        self._gave_up = False
        self._furthest_step = 0
        self._snapshots: list[Snapshot] = []

    @property
    def active_policy(self) -> Policy:
        """The policy of the control step that comes next."""
        return self.policy if self.plan.rung_at(self.step).with_policy else _ANALYTIC

    @property
    def assist_limit(self) -> float:
        """The limit of the assist in the control step that comes next [N] and [N m]."""
        return self.plan.rung_at(self.step).limit_n

    @property
    def done(self) -> bool:
        """Whether there is nothing left to simulate."""
        return self.cancelled or self.diverged_at is not None or self.step >= self.reference.steps

    @property
    def progress(self) -> float:
        """The share of the control steps that was reached, from 0 to 1; it never falls when the ladder goes back."""
        return 1.0 if self.done else self._furthest_step / self.reference.steps

    @property
    def failed(self) -> bool:
        """Whether the state diverged, or the body left its reference at any time."""
        return self.diverged_at is not None or not bool((self.distance < COMPLETION_LIMIT_M).all())

    @property
    def force_norms(self) -> FloatArray:
        """The norm of the assist force in each control step, (frames - 1,) [N]."""
        return np.linalg.norm(self.assist[:, :3], axis=-1)

    @property
    def mean_assist(self) -> float:
        """Mean force of the assist [N] plus its mean torque [N m]."""
        return float(np.linalg.norm(self.assist.reshape(-1, 2, 3), axis=-1).mean(0).sum())

    @property
    def needs_snapshot(self) -> bool:
        """Whether the ladder may want to come back to the state before the next control step."""
        return len(self.plan.rungs) > 1 and len(self._snapshots) == self.step

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the state before the next control step."""
        self._snapshots.append(snapshot)

    def record(self, joints: FloatArray, distance: float, assist: FloatArray) -> Snapshot | None:
        """Record where a control step led, or go back to retry with more assist.

        Args:
            joints: (22, 3) joints after the step [m].
            distance: their mean distance to the reference [m]; infinite where the state diverged.
            assist: (6,) force [N] and torque [N m] that acted on the root.

        Returns:
            The state to go back to; None to go on.
        """
        self.assist[self.step] = assist
        self.steps_simulated += 1
        threshold = self._threshold_scale * self.active_policy.assist_threshold_m
        if distance > threshold and not self._gave_up:
            mean_force = float(self.force_norms[: self.step + 1].mean())
            distances = self.distance[: self.step + 1]
            retry_step = self.plan.raise_around(self.step, distances, self.steps_simulated, mean_force)
            if retry_step is not None:
                self.step = retry_step
                del self._snapshots[retry_step + 1 :]
                return self._snapshots[retry_step]
            self.plan.hold(self.step)
            self._gave_up = distance > COMPLETION_LIMIT_M
        if not np.isfinite(distance):
            self.diverged_at = self.step
            self.positions[self.step + 1 :] = self.positions[self.step]
            self.distance[self.step + 1 :] = np.inf
            return None
        self.step += 1
        self._furthest_step = max(self._furthest_step, self.step)
        self.positions[self.step] = joints
        self.distance[self.step] = distance
        return None


AnyJob = TypeVar("AnyJob", bound=Job)
