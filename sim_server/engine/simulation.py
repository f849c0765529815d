"""The simulation of many bodies, one control step at a time; correcting and training share it.

One `mujoco.batch.Batch` of slots, each with a body of its own. A slot moves by the same bits whatever its neighbours
are: rows never mix, and MuJoCo's batch is bit-identical at any number of threads.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from mujoco.batch import Batch

from motion import rotation
from motion.array_types import BoolArray, FloatArray, IntArray
from sim_server.body.humanoid import (
    BODY_OF_JOINT,
    NUM_CTRL,
    NUM_DOFS,
    NUM_SOLE_POINTS,
    ROOT_DOFS,
    SUBSTEPS,
    default_model,
)
from sim_server.body.reference_row import ReferenceStep
from sim_server.body.retarget import Reference
from sim_server.engine.controller import BodyState, ControlForces, compute_control
from sim_server.policies.policy import Action

_INPUTS = mujoco.mjtState.mjSTATE_CTRL.value | mujoco.mjtState.mjSTATE_QFRC_APPLIED.value
_POSITIONS_KNOWN = mujoco.mjtStage.mjSTAGE_POS.value
_DIVERGED_RATE = 300.0  # [rad/s] or [m/s]; no body moves this fast

# The report tells when a motion diverges; MuJoCo would also append to a log file in the working directory.
if mujoco.get_mju_user_warning() is None:
    mujoco.set_mju_user_warning(logging.getLogger(__name__).info)


class Snapshot(NamedTuple):
    """The state of a slot, from which it can go on later.

    Attributes:
        state: MuJoCo's full state.
        dual: (6,) dual solution of the last control step.
    """

    state: FloatArray
    dual: FloatArray


class Simulation:
    """A simulation of several bodies, each in a slot; it must not be used from several Python threads at once.

    Args:
        slots: number of bodies.
        threads: threads that the physics uses.
    """

    def __init__(self, slots: int, threads: int = 1):
        self._batch = Batch(default_model(), slots, threads)
        self._xpos, self._xquat, self._qvel = (self._batch.bind(name) for name in ("xpos", "xquat", "qvel"))
        self._qpos = self._batch.bind("qpos")
        self._models = [default_model()] * slots
        self._sole_points = np.zeros((slots, NUM_SOLE_POINTS, 3))
        self._dual = np.zeros((slots, 6))
        self._blank = self._batch.state[0].copy()

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
            self._sole_points[slot] = reference.sole_points
        self._batch.set_models(self._models)
        self._batch.state[slots] = self._blank
        self._qpos[slots] = qpos
        self._qvel[slots] = qvel
        self._dual[slots] = 0
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)

    def state(self, slots: IntArray) -> BodyState:
        """Return the states of the bodies in some slots."""
        return BodyState(self._xpos[slots], self._xquat[slots], self._qvel[slots])

    def joints(self, slots: IntArray) -> FloatArray:
        """Return the joints of the bodies in some slots (n, 22, 3) [m]."""
        return self._xpos[slots][:, BODY_OF_JOINT]

    def diverged(self, slots: IntArray) -> BoolArray:
        """Return a (n,) mask of slots whose velocity is not finite or above 300 m/s or rad/s."""
        return ~(np.abs(self._qvel[slots]).max(-1) < _DIVERGED_RATE)

    def snapshot(self, slot: int) -> Snapshot:
        """Return the state of a slot, for `restore`."""
        return Snapshot(self._batch.state[slot].copy(), self._dual[slot].copy())

    def restore(self, slots: Sequence[int], snapshots: Sequence[Snapshot]) -> None:
        """Take slots back to earlier states."""
        for slot, snapshot in zip(slots, snapshots, strict=True):
            self._batch.state[slot] = snapshot.state
            self._dual[slot] = snapshot.dual
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)

    def step(
        self,
        slots: IntArray,
        body: BodyState,
        reference: ReferenceStep,
        assist_limit: FloatArray,
        action: Action,
    ) -> ControlForces:
        """Simulate one control step of some slots.

        Args:
            slots: (n,) the slots.
            body: their states, as `state` returns them.
            reference: what they follow in this step.
            assist_limit: (n,) bound on the norm of the assist force [N] and torque [N m].
            action: the action of the policy.

        Returns:
            The forces that acted.
        """
        forces = compute_control(
            body,
            reference,
            self._sole_points[slots],
            assist_limit,
            self._dual[slots],
            action.wrench,
            action.controller_mask,
        )
        self._dual[slots] = forces.dual
        targets = reference.servo_targets
        if action.target_offsets is not None:
            targets = rotation.multiply(targets, rotation.exp(action.target_offsets)[:, None])
        inputs = np.empty((len(slots), SUBSTEPS, NUM_CTRL + NUM_DOFS))
        inputs[..., :NUM_CTRL] = targets.reshape(len(slots), SUBSTEPS, NUM_CTRL)
        inputs[..., NUM_CTRL:] = forces.applied[:, None]
        inputs[..., NUM_CTRL + ROOT_DOFS :] += reference.damping_torque.reshape(len(slots), SUBSTEPS, -1)
        self._batch.rollout(SUBSTEPS, inputs, _INPUTS, record=(), ids=slots)
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)
        return forces
