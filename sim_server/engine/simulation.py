"""The simulation of many bodies, one control step at a time; correcting and training share it.

One `mujoco.batch.Batch` of slots, each with a body of its own. A slot moves by the same bits whatever its neighbours
are: rows never mix, and MuJoCo's batch is bit-identical at any number of threads.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from mujoco.batch import Batch

from motion import rotation
from motion.array_types import BoolArray, FloatArray, IntArray
from motion.skeleton import NUM_JOINTS
from sim_server.body.compiled import COMPILES
from sim_server.body.contact_points import NUM_CONTACT_POINTS
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_CTRL,
    NUM_DOFS,
    NUM_SERVOS,
    PHYSICS_STEPS,
    ROOT_DOFS,
    ROTATION_DOFS,
    SUBSTEPS,
    default_model,
)
from sim_server.body.reference_row import ROW_WIDTH, ReferenceStep, view_steps
from sim_server.body.retarget import Reference
from sim_server.engine.balance import next_foot_shift
from sim_server.engine.body_state import BodyState
from sim_server.engine.controller import compute_control
from sim_server.policies.policy import Action

_log = logging.getLogger(__name__)

# The places of the bodies must be known after a step. A persistent batch goes on from the stages that it has computed,
# and with those of the velocities as well it repeats nothing.
_VELOCITIES_KNOWN = mujoco.mjtStage.mjSTAGE_VEL.value
_REACHED = (np.arange(1, SUBSTEPS + 1) / SUBSTEPS)[:, None, None]  # share of a change of the offsets, by substep
_DIVERGED_RATE = 300.0  # [rad/s] or [m/s]; no body moves this fast

# The report tells when a motion diverges; MuJoCo would also append to a log file in the working directory.
if mujoco.get_mju_user_warning() is None:
    mujoco.set_mju_user_warning(_log.info)


class Snapshot(NamedTuple):
    """The state of a slot, from which it can go on later.

    Attributes:
        state: MuJoCo's full state.
        dual: (6,) dual solution of the last substep.
        foot_shift: (2, 3) where the feet were put relative to the reference [m]; see `balance`.
        target_offsets: (NUM_SERVOS, 3) offsets of the servo targets at the end of the last step [rad].
    """

    state: FloatArray
    dual: FloatArray
    foot_shift: FloatArray
    target_offsets: FloatArray


class StepOutcome(NamedTuple):
    """What acted on n bodies in a control step.

    Attributes:
        assist: (n, 6) assist force [N] and torque [N m] on the root in the world frame, as the mean over the substeps.
        inputs: (n, SUBSTEPS, NUM_CTRL + NUM_DOFS) MuJoCo's `ctrl` and `qfrc_applied` in each substep.
    """

    assist: FloatArray
    inputs: FloatArray


@functools.cache
def _compile_controller() -> None:
    """Call the controller once, so that it is compiled or read from disk before a motion waits for it."""
    if COMPILES:
        _log.warning("the controller is compiled, once on this machine; that takes about 15 s")
    body = BodyState(np.zeros((1, NUM_JOINTS + 1, 3)), np.zeros((1, NUM_JOINTS + 1, 4)), np.zeros((1, NUM_DOFS)))
    (follow, *_) = view_steps(np.zeros((1, ROW_WIDTH))).substeps()
    points, limit, wrench = np.zeros((1, NUM_CONTACT_POINTS, 4)), np.zeros(1), np.zeros((1, 6))
    compute_control(body, follow, points, limit, wrench, wrench)


class Simulation:
    """A simulation of several bodies, each in a slot; it must not be used from several Python threads at once.

    Args:
        slots: number of bodies.
        threads: threads that the physics uses.
    """

    def __init__(self, slots: int, threads: int = 1):
        self._batch = Batch(default_model(), slots, threads, persistent=True)
        self._xpos, self._xquat, self._qvel = (self._batch.bind(name) for name in ("xpos", "xquat", "qvel"))
        self._qpos, self._ctrl = self._batch.bind("qpos"), self._batch.bind("ctrl")
        self._qfrc_applied = self._batch.bind("qfrc_applied")
        self._models = [default_model()] * slots
        self._contact_points = np.zeros((slots, NUM_CONTACT_POINTS, 4))
        self._dual = np.zeros((slots, 6))
        self._foot_shift = np.zeros((slots, 2, 3))
        self._target_offsets = np.zeros((slots, NUM_SERVOS, 3))
        self._blank = self._batch.state[0].copy()
        _compile_controller()

    def reset(
        self,
        slots: Sequence[int],
        references: Sequence[Reference],
        qpos: FloatArray,
        qvel: FloatArray,
    ) -> None:
        """Put the bodies of references into slots.

        Args:
            slots: the n slots.
            references: the reference of each slot.
            qpos: (n, 91) positions of the bodies, as MuJoCo has them.
            qvel: (n, 69) velocities of the bodies, as MuJoCo has them.
        """
        for slot, reference in zip(slots, references, strict=True):
            self._models[slot] = reference.model
            self._contact_points[slot] = reference.contact_points
        self._batch.set_models(self._models)
        self._batch.state[slots] = self._blank
        self._qpos[slots] = qpos
        self._qvel[slots] = qvel
        self._dual[slots] = 0
        self._foot_shift[slots] = 0
        self._target_offsets[slots] = 0
        self._batch.forward(ids=slots, stage=_VELOCITIES_KNOWN)

    def state(self, slots: IntArray) -> BodyState:
        """Return the states of the bodies in some slots."""
        return BodyState(self._xpos[slots], self._xquat[slots], self._qvel[slots])

    def joints(self, slots: IntArray) -> FloatArray:
        """Return the joints of the bodies in some slots (n, 22, 3) [m]."""
        return self._xpos[slots][:, BODY_OF_JOINT]

    def diverged(self, slots: IntArray) -> BoolArray:
        """Return a (n,) mask of slots whose velocity is not finite or above 300 m/s or rad/s."""
        return ~(np.abs(self._qvel[slots]).max(-1) < _DIVERGED_RATE)

    def snapshots(self, slots: IntArray) -> list[Snapshot]:
        """Return the states of slots, for `restore`."""
        kept = (self._batch.state, self._dual, self._foot_shift, self._target_offsets)
        return [Snapshot(*state) for state in zip(*(values[slots] for values in kept), strict=True)]

    def restore(self, slots: Sequence[int], snapshots: Sequence[Snapshot]) -> None:
        """Take slots back to earlier states."""
        for slot, snapshot in zip(slots, snapshots, strict=True):
            self._batch.state[slot] = snapshot.state
            self._dual[slot] = snapshot.dual
            self._foot_shift[slot] = snapshot.foot_shift
            self._target_offsets[slot] = snapshot.target_offsets
        self._batch.forward(ids=slots, stage=_VELOCITIES_KNOWN)

    def place_feet(self, slots: IntArray, body: BodyState, reference: ReferenceStep) -> FloatArray:
        """Advance the foot placement of some bodies by one control step, as `balance.next_foot_shift` does."""
        self._foot_shift[slots] = next_foot_shift(self._foot_shift[slots], body, reference)
        return self._foot_shift[slots]

    def step(
        self,
        slots: IntArray,
        body: BodyState,
        reference: ReferenceStep,
        assist_limit: FloatArray,
        action: Action,
        evenly: BoolArray | None = None,
    ) -> StepOutcome:
        """Simulate one control step of some slots.

        Args:
            slots: (n,) the slots.
            body: their states, as `state` returns them.
            reference: what they follow in this step.
            assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
            action: the action of the policy.
            evenly: (n,) bodies whose offsets of servo targets change evenly over the step; None for none. The others'
                jump to their new values.
        """
        count = len(slots)
        targets = self._offset_targets(slots, reference.servo_targets, action.target_offsets, evenly)
        inputs = np.empty((count, SUBSTEPS, NUM_CTRL + NUM_DOFS))
        inputs[..., :NUM_CTRL] = targets.reshape(count, SUBSTEPS, NUM_CTRL)
        damping = reference.damping_torque.reshape(count, SUBSTEPS, ROTATION_DOFS)
        assist = np.zeros((count, 6))
        contact_points, dual = self._contact_points[slots], self._dual[slots]
        for substep, follow in enumerate(reference.substeps()):
            forces = compute_control(
                body if substep == 0 else self.state(slots),
                follow,
                contact_points,
                assist_limit,
                dual,
                action.wrench,
                action.controller_mask,
            )
            dual = forces.dual
            assist += forces.assist / SUBSTEPS
            inputs[:, substep, NUM_CTRL:] = forces.applied
            inputs[:, substep, NUM_CTRL + ROOT_DOFS :] += damping[:, substep]
            self._ctrl[slots] = inputs[:, substep, :NUM_CTRL]
            self._qfrc_applied[slots] = inputs[:, substep, NUM_CTRL:]
            self._batch.step(slots, PHYSICS_STEPS, _VELOCITIES_KNOWN)
        self._dual[slots] = dual
        return StepOutcome(assist, inputs)

    def _offset_targets(
        self, slots: IntArray, targets: FloatArray, offsets: FloatArray | None, evenly: BoolArray | None
    ) -> FloatArray:
        """Return the servo targets with their offsets.

        Args:
            slots: (n,) the slots.
            targets: (n, SUBSTEPS, NUM_SERVOS, 4) servo targets of the reference.
            offsets: (n, NUM_SERVOS, 3) offsets at the end of the control step [rad]; None for none.
            evenly: as `step` has it.
        """
        before = self._target_offsets[slots]
        if offsets is None:
            if not before.any():
                return targets
            offsets = np.zeros_like(before)
        self._target_offsets[slots] = offsets
        if evenly is None:
            return rotation.multiply(targets, rotation.exp(offsets)[:, None])
        before = np.where(evenly[:, None, None], before, offsets)
        return rotation.multiply(targets, rotation.exp(before[:, None] + _REACHED * (offsets - before)[:, None]))
