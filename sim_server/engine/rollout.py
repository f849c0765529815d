"""A rollout: one simulated future of a motion, from one of its control steps on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motion.array_types import FloatArray
from sim_server.body.retarget import Reference
from sim_server.engine.simulation import Snapshot
from sim_server.policies.policy import Policy


class StepControl(NamedTuple):
    """What acts on a body in one control step, and when the step has failed.

    Attributes:
        policy: what acts on top of the analytic controller.
        limit_n: bound on the norm of the assist force [N] and torque [N m].
        threshold_m: mean joint distance to the reference above which the step has failed [m].
    """

    policy: Policy
    limit_n: float
    threshold_m: float


class Rollout:
    """One simulated future of a motion. The engine simulates it step by step and fills in the results.

    It ends where its controls end, or with the first step that fails; that step is the last one recorded.

    Args:
        reference: what the body follows.
        start: the first control step.
        snapshot: the state before that step; None for the reference's own first frame.
        controls: what acts in each of the control steps from `start` on.
        perturbation: (steps, 6) perturbation of the action in each of them; None for none.
        balances: whether swinging feet are put where the body can come to rest over them; see `balance`.

    Attributes:
        joints: (22, 3) joints after each step, raised by `humanoid.SOLE_M` [m].
        distances: their mean joint distance to the reference [m]; infinite where the state diverged.
        assists: (6,) assist force [N] and torque [N m] on the root in each step, in the world frame.
        inputs: (SUBSTEPS, NUM_CTRL + NUM_DOFS) MuJoCo's `ctrl` and `qfrc_applied` in each step.
        snapshots: the state after each step.
        failed: whether the last step has failed.
    """

    def __init__(
        self,
        reference: Reference,
        start: int,
        snapshot: Snapshot | None,
        controls: Sequence[StepControl],
        perturbation: FloatArray | None = None,
        balances: bool = False,
    ) -> None:
        self.reference, self.start, self.snapshot = reference, start, snapshot
        self.controls, self.perturbation = controls, perturbation
        self.balances = balances
        self.joints: list[FloatArray] = []
        self.distances: list[float] = []
        self.assists: list[FloatArray] = []
        self.inputs: list[FloatArray] = []
        self.snapshots: list[Snapshot] = []
        self.failed = False

    def __len__(self) -> int:
        """Return the number of control steps simulated so far."""
        return len(self.joints)

    @property
    def done(self) -> bool:
        """Whether nothing is left to simulate."""
        return self.failed or len(self.joints) == len(self.controls)

    @property
    def control(self) -> StepControl:
        """What acts in the control step that comes next."""
        return self.controls[len(self.joints)]

    def record(
        self, joints: FloatArray, distance: float, assist: FloatArray, inputs: FloatArray, snapshot: Snapshot
    ) -> None:
        """Record where a control step led; the arguments are entries of the attributes."""
        self.failed = not distance <= self.control.threshold_m
        self.joints.append(joints)
        self.distances.append(distance)
        self.assists.append(assist)
        self.inputs.append(inputs)
        self.snapshots.append(snapshot)


class Path:
    """The way of a motion that is settled so far; rollouts extend it, and what failed is cut off again.

    Args:
        reference: what the body follows.

    Attributes:
        positions: (frames, 22, 3) simulated joints, raised by `humanoid.SOLE_M` [m].
        distance: (frames,) mean joint distance to the reference [m].
        assist: (frames - 1, 6) force [N] and torque [N m] that acted on the root, in the world frame.
        controls: what acted in each control step so far.
        inputs: (SUBSTEPS, NUM_CTRL + NUM_DOFS) MuJoCo's `ctrl` and `qfrc_applied` in each control step so far.
        step: the control step that comes next.
        furthest_step: the largest value that `step` had.
        diverged_at: the control step in which the simulated state diverged; the frames after it repeat the last one
            before. None if it did not.
    """

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.positions = np.repeat(reference.positions[:1], len(reference), 0)
        self.distance = np.zeros(len(reference))
        self.assist = np.zeros((reference.steps, 6))
        self.controls: list[StepControl] = []
        self.inputs: list[FloatArray] = []
        self.step = 0
        self.furthest_step = 0
        self.diverged_at: int | None = None
        self._snapshots: list[Snapshot | None] = [None]

    @property
    def done(self) -> bool:
        """Whether the motion has come to its end, or its state diverged."""
        return self.diverged_at is not None or self.step == self.reference.steps

    @property
    def snapshot(self) -> Snapshot | None:
        """The state before the next control step; None at the first one."""
        return self._snapshots[self.step]

    def extend(self, rollout: Rollout, steps: int | None = None) -> None:
        """Append the first `steps` control steps of a rollout that began where the path ends; by default all.

        A step in which the state diverged ends the motion.
        """
        for index in range(len(rollout) if steps is None else steps):
            self.assist[self.step] = rollout.assists[index]
            if not np.isfinite(rollout.distances[index]):
                self.diverged_at = self.step
                self.positions[self.step + 1 :] = self.positions[self.step]
                self.distance[self.step + 1 :] = np.inf
                return
            self.step += 1
            self.positions[self.step] = rollout.joints[index]
            self.distance[self.step] = rollout.distances[index]
            self.controls.append(rollout.controls[index])
            self.inputs.append(rollout.inputs[index])
            self._snapshots.append(rollout.snapshots[index])
        self.furthest_step = max(self.furthest_step, self.step)

    def cut(self, step: int) -> None:
        """Take the path back to before a control step."""
        self.step = step
        self.diverged_at = None
        del self._snapshots[step + 1 :]
        del self.controls[step:], self.inputs[step:]
