"""Many bodies simulated together, one control step at a time: what correcting and training have in common.

One `mujoco.batch.Batch` of slots, each with its own body. Whatever a slot's neighbours are, it moves by the same bits:
rows never mix, and MuJoCo's batch is bit-identical at any number of threads.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import mujoco
import numpy as np
from mujoco.batch import Batch

from motion import rotation
from sim_server.body.humanoid import BODY_OF_JOINT, default_model
from sim_server.body.retarget import SUBSTEPS, Reference, StepFields
from sim_server.engine.controller import BodyState, Command, command
from sim_server.policies.policy import Residual

_INPUTS = mujoco.mjtState.mjSTATE_CTRL.value | mujoco.mjtState.mjSTATE_QFRC_APPLIED.value
_POSITIONS_KNOWN = mujoco.mjtStage.mjSTAGE_POS.value
_WILD_RATE = 300.0  # rad/s or m/s

# A motion that breaks down is told of in its report; MuJoCo would also append to a file in the working directory.
if mujoco.get_mju_user_warning() is None:
    mujoco.set_mju_user_warning(logging.getLogger(__name__).info)


class Simulation:
    """`slots` bodies on `threads` threads. Slots are given as integer arrays.

    Not to be used from several Python threads at once.
    """

    def __init__(self, slots: int, threads: int = 1):
        self._batch = Batch(default_model(), slots, threads)
        self._xpos, self._xquat, self._qvel = (self._batch.bind(name) for name in ("xpos", "xquat", "qvel"))
        self._qpos = self._batch.bind("qpos")
        self._models = [default_model()] * slots
        self._sole = np.zeros((slots, 12, 3))
        self._dual = np.zeros((slots, 6))
        self._blank = self._batch.state[0].copy()

    def place(self, slots: Sequence[int], references: Sequence[Reference], qpos: np.ndarray, qvel: np.ndarray) -> None:
        """Put the bodies of `references` into slots, in states qpos (n, 91) and qvel (n, 69)."""
        for slot, reference in zip(slots, references, strict=True):
            self._models[slot] = reference.model
            self._sole[slot] = reference.sole
        self._batch.set_models(self._models)
        self._batch.state[slots] = self._blank
        self._qpos[slots] = qpos
        self._qvel[slots] = qvel
        self._dual[slots] = 0
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)

    def state(self, slots: np.ndarray) -> BodyState:
        """Where the bodies of some slots are."""
        return BodyState(self._xpos[slots], self._xquat[slots], self._qvel[slots])

    def joints(self, slots: np.ndarray) -> np.ndarray:
        """The joints of some slots (n, 22, 3), metres."""
        return self._xpos[slots][:, BODY_OF_JOINT]

    def wild(self, slots: np.ndarray) -> np.ndarray:
        """(n,) true where the numbers have broken down: no body moves like this."""
        return ~(np.abs(self._qvel[slots]).max(-1) < _WILD_RATE)

    def snapshot(self, slot: int) -> tuple[np.ndarray, np.ndarray]:
        """All that a slot needs to go on from here."""
        return self._batch.state[slot].copy(), self._dual[slot].copy()

    def restore(self, slots: Sequence[int], snapshots: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        """Take slots back to where they were."""
        for slot, (state, dual) in zip(slots, snapshots, strict=True):
            self._batch.state[slot] = state
            self._dual[slot] = dual
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)

    def step(
        self, slots: np.ndarray, state: BodyState, step: StepFields, limit: np.ndarray, residual: Residual
    ) -> Command:
        """One control step of some slots.

        Args:
            slots: (n,) which.
            state: where they are, as `state` has it.
            step: the references' rows for this step.
            limit: (n,) newtons and newton metres of assist allowed.
            residual: what a policy adds.
        """
        given = command(state, step, self._sole[slots], limit, self._dual[slots], residual.wrench, residual.analytic)
        self._dual[slots] = given.dual
        servo = step.servo.reshape(len(slots), SUBSTEPS, 21, 4)
        if residual.offsets is not None:
            servo = rotation.multiply(servo, rotation.exp(residual.offsets)[:, None])
        inputs = np.empty((len(slots), SUBSTEPS, 84 + 69))
        inputs[..., :84] = servo.reshape(len(slots), SUBSTEPS, 84)
        inputs[..., 84:] = given.applied[:, None]
        inputs[..., 90:] += step.servo_rate.reshape(len(slots), SUBSTEPS, 63)
        self._batch.rollout(SUBSTEPS, inputs, _INPUTS, record=(), ids=slots)
        self._batch.forward(ids=slots, stage=_POSITIONS_KNOWN)
        return given
