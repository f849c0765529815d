"""The simulation: servo targets move evenly to the offsets that a policy asks for, and a slot goes on as it was."""

from __future__ import annotations

import numpy as np
import pytest

from motion import rotation
from motion.array_types import FloatArray
from motion.synthesis import synthesize
from sim_server.body.humanoid import NUM_CTRL, NUM_SERVOS, SUBSTEPS
from sim_server.body.reference_row import ReferenceStep, view_steps
from sim_server.body.retarget import Reference
from sim_server.correction import build_reference
from sim_server.engine.simulation import Simulation
from sim_server.policies.policy import Action

SLOT = np.array([0])


@pytest.fixture(scope="module")
def reference() -> Reference:
    (motion,) = synthesize(1, 3, actions=["idle"])
    return build_reference(motion)


def started(reference: Reference) -> Simulation:
    simulation = Simulation(1)
    simulation.reset([0], [reference], reference.qpos[None], reference.qvel[None])
    return simulation


def step(simulation: Simulation, follow: ReferenceStep, offsets: FloatArray | None, evenly: bool = True) -> FloatArray:
    """Simulate a step, and return the offsets of its servo targets (SUBSTEPS, NUM_SERVOS, 3) [rad]."""
    body = simulation.state(SLOT)
    outcome = simulation.step(
        SLOT, body, follow, np.full(1, 1000.0), Action(offsets, np.zeros((1, 6))), np.array([evenly])
    )
    targets = outcome.inputs[0, :, :NUM_CTRL].reshape(SUBSTEPS, NUM_SERVOS, 4)
    return rotation.log(rotation.multiply(rotation.conjugate(follow.servo_targets[0]), targets))


def offsets_of(angle: float) -> FloatArray:
    return np.broadcast_to([angle, 0.0, 0.0], (1, NUM_SERVOS, 3)).copy()


def test_offsets_of_the_targets_change_evenly_over_a_step(reference: Reference) -> None:
    simulation, follow = started(reference), view_steps(reference.rows[:1])
    for before, after in ((0.0, 0.3), (0.3, 0.3), (0.3, -0.3), (-0.3, 0.0)):
        moved = step(simulation, follow, offsets_of(after) if after else None)
        shares = np.arange(1, SUBSTEPS + 1) / SUBSTEPS
        assert np.allclose(moved[..., 0], (before + shares * (after - before))[:, None], atol=1e-9)
        assert np.allclose(moved[..., 1:], 0, atol=1e-9)


def test_offsets_jump_where_they_do_not_change_evenly(reference: Reference) -> None:
    simulation, follow = started(reference), view_steps(reference.rows[:1])
    for offset in (0.3, -0.3):
        assert np.allclose(step(simulation, follow, offsets_of(offset), evenly=False)[..., 0], offset, atol=1e-9)


def test_a_slot_that_is_taken_back_moves_as_it_did(reference: Reference) -> None:
    simulation, follow = started(reference), view_steps(reference.rows[:1])
    step(simulation, follow, offsets_of(0.2))
    (snapshot,) = simulation.snapshots(SLOT)
    once = step(simulation, follow, None), simulation.joints(SLOT)
    step(simulation, follow, offsets_of(-0.2))
    simulation.restore([0], [snapshot])
    again = step(simulation, follow, None), simulation.joints(SLOT)
    assert all(np.array_equal(*pair) for pair in zip(once, again, strict=True))


def test_a_new_body_in_a_slot_begins_without_offsets(reference: Reference) -> None:
    simulation, follow = started(reference), view_steps(reference.rows[:1])
    step(simulation, follow, offsets_of(0.2))
    simulation.reset([0], [reference], reference.qpos[None], reference.qvel[None])
    assert np.allclose(step(simulation, follow, None), 0, atol=1e-12)
