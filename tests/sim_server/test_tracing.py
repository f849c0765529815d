"""The trace of a correction: its inputs repeat the motion, and its forces obey Newton's law."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from motion.motion import Motion
from motion.physics import GRAVITY_M_S2
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.body.humanoid import BODY_OF_JOINT, MASS_KG
from sim_server.correction import build_reference
from sim_server.engine.engine import Engine
from sim_server.engine.job import Job
from sim_server.engine.search import SearchSettings
from sim_server.engine.trial import Trial
from sim_server.policies.policy import BasePolicy
from sim_server.tracing import build_trace


@pytest.fixture(scope="module", params=["ladder", "search"])
def job(request: pytest.FixtureRequest) -> Job:
    """Return a jump that is simulated in several attempts."""
    (jump,) = synthesize(1, 3, actions=["jump_forward"])
    search = SearchSettings(candidates=5, rounds=2, failures=4) if request.param == "search" else None
    job = Job(
        build_reference(Motion(jump.positions[:50])), CorrectionOptions(), BasePolicy(), Trial(BasePolicy(), search)
    )
    list(Engine(4).run([job]))
    assert job.plan.attempts > 1, "the body never left its reference, so that nothing was tested"
    return job


def test_plain_mj_step_repeats_the_motion_from_the_trace(job: Job) -> None:
    trace = build_trace(job.path)
    assert trace is not None
    model = mujoco.MjModel.from_xml_string(trace.model_xml)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = trace.qpos, trace.qvel
    for step in range(len(trace)):
        for physics in range(step * trace.physics_steps, (step + 1) * trace.physics_steps):
            data.ctrl[:], data.qfrc_applied[:] = trace.ctrl[physics], trace.qfrc_applied[physics]
            mujoco.mj_step(model, data)
        mujoco.mj_kinematics(model, data)
        np.testing.assert_allclose(data.xpos[BODY_OF_JOINT], job.positions[step + 1], atol=1e-9)


def test_forces_of_floor_and_assist_move_the_centre_of_mass(job: Job) -> None:
    """What the floor and the assist give, less the weight, is the change of momentum over the motion."""
    trace = build_trace(job.path)
    assert trace is not None
    seconds = 1 / trace.fps
    given = (trace.contact_force.sum(1) + trace.assist[:, :3]).sum(0) * seconds
    model, data = job.reference.model, mujoco.MjData(job.reference.model)
    momentum = []
    data.qpos[:], data.qvel[:] = trace.qpos, trace.qvel
    for physics in range(len(trace.ctrl) + 1):
        if physics in (0, len(trace.ctrl)):
            mujoco.mj_forward(model, data)
            mujoco.mj_subtreeVel(model, data)
            momentum.append(MASS_KG * data.subtree_linvel[1].copy())
        if physics < len(trace.ctrl):
            data.ctrl[:], data.qfrc_applied[:] = trace.ctrl[physics], trace.qfrc_applied[physics]
            mujoco.mj_step(model, data)
    weight = np.array([0, MASS_KG * GRAVITY_M_S2, 0]) * len(trace) * seconds
    np.testing.assert_allclose(given - weight, momentum[1] - momentum[0], atol=0.02 * np.linalg.norm(weight))


def test_a_standing_body_is_carried_by_its_feet() -> None:
    (idle,) = synthesize(1, 3, actions=["idle"])
    with Corrector("base") as corrector:
        (correction,) = corrector.correct([idle], options=CorrectionOptions(trace=True))
        (without,) = corrector.correct([idle])
    assert without.trace is None and correction.trace is not None
    trace = correction.trace
    weight = MASS_KG * GRAVITY_M_S2
    assert trace.foot_force[5:, :, 1].sum(-1).mean() == pytest.approx(weight, rel=0.02)
    assert np.isfinite(trace.foot_centre[5:]).all() and np.abs(trace.foot_centre[5:, :, 1]).max() < 0.01
    assert set(trace.policies) == {"base"} and not trace.other_wrench.any()
