"""Laws of the engine: rows never mix, help stays within its limits, and nothing is lost when slots are few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motion.kinematics import REST_OFFSETS
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server.body.humanoid import build_model, sole_points
from sim_server.body.retarget import StepFields
from sim_server.correction import begin
from sim_server.engine.controller import BodyState
from sim_server.engine.engine import Engine, Job
from sim_server.policies.policy import BasePolicy, Residual, ZeroPolicy

BASE = BasePolicy()
ACTIONS = ["walk", "squat", "jump_forward", "wave", "run"]


class Queue:
    def __init__(self, jobs: list[Job]):
        self.jobs = list(jobs)

    def take(self) -> Job | None:
        return self.jobs.pop(0) if self.jobs else None


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    made = synthesize(7, 3)
    return [Motion(motion.positions[:45], name=motion.name) for motion in made]


def simulated(motions: list[Motion], slots: int, threads: int = 1, assist: str | float = "auto") -> list[Job]:
    jobs = [begin(motion, CorrectionOptions(assist=assist), BASE) for motion in motions]
    done = list(Engine(slots, threads).run(Queue(jobs)))
    assert len(done) == len(jobs) and {id(job) for job in done} == {id(job) for job in jobs}
    return jobs


@pytest.mark.parametrize(("slots", "threads"), [(1, 1), (3, 2), (16, 1), (16, 2)])
def test_company_and_threads_change_no_bit(motions: list[Motion], slots: int, threads: int) -> None:
    together = simulated(motions, 7)
    for one, other in zip(together, simulated(motions, slots, threads), strict=True):
        assert np.array_equal(one.positions, other.positions)
        assert np.array_equal(one.residual, other.residual)
        assert (one.plan.rung == other.plan.rung).all() and one.plan.attempts == other.plan.attempts


def test_order_changes_no_bit(motions: list[Motion]) -> None:
    for one, other in zip(simulated(motions, 3), simulated(motions[::-1], 3)[::-1], strict=True):
        assert np.array_equal(one.positions, other.positions)


@pytest.mark.parametrize("limit", [0.0, 30.0])
def test_a_fixed_limit_is_kept(motions: list[Motion], limit: float) -> None:
    for job in simulated(motions, 4, assist=limit):
        norms = np.linalg.norm(job.residual.reshape(-1, 2, 3), axis=-1)
        assert norms.max() <= limit * (1 + 1e-9)
        assert job.plan.attempts == 1


def test_help_stays_where_it_is_needed(motions: list[Motion]) -> None:
    for job in simulated(motions, 7):
        norms = np.linalg.norm(job.residual[:, :3], axis=-1)
        allowed = np.array([job.plan.at(step).newtons for step in range(len(norms))])
        assert (norms <= allowed + 1e-6).all()


def test_a_body_that_breaks_down_leaves_its_neighbours_alone(
    motions: list[Motion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that asks for torques beyond all measure ends as broken; the others do not feel it."""
    monkeypatch.chdir(tmp_path)
    jobs = [begin(motion, CorrectionOptions(), BASE) for motion in motions[:3]]
    bad = begin(motions[3], CorrectionOptions(), BASE)
    bad.reference.rows[5:, 252:441] = 1e9
    done = list(Engine(4).run(Queue([jobs[0], bad, jobs[1], jobs[2]])))
    assert len(done) == 4
    assert bad.broken is not None and np.isfinite(bad.positions).all()
    assert not list(tmp_path.iterdir())  # MuJoCo would leave a log
    for one, other in zip(jobs, simulated(motions[:3], 4), strict=True):
        assert np.array_equal(one.positions, other.positions)


def test_a_cancelled_job_leaves_its_slot(motions: list[Motion]) -> None:
    engine = Engine(1)
    first, second = (begin(motion, CorrectionOptions(), BASE) for motion in motions[:2])
    queue = Queue([first, second])
    engine.advance(queue)
    first.cancelled = True
    done = list(engine.run(queue))
    assert done == [first, second] and second.step == len(second.reference) - 1


def test_the_sole_lies_below_the_ball_of_the_foot() -> None:
    model, points = build_model(REST_OFFSETS), sole_points(REST_OFFSETS)
    assert model.nbody == 23 and model.nv == 69
    assert model.body_mass.sum() == pytest.approx(70, rel=1e-4)
    ball = REST_OFFSETS[10][1]
    assert points[:4, 1] == pytest.approx(ball - 0.02)
    assert points[8:, 1] == pytest.approx(-0.02)


class Pusher(BasePolicy):
    """A learned policy, as far as the ladder knows."""

    name = "pusher"
    learned = True

    def __init__(self) -> None:
        self.asked = 0

    def act(self, state: BodyState, step: StepFields, limit: np.ndarray) -> Residual:
        self.asked += len(limit)
        return super().act(state, step, limit)


def test_the_learned_policy_acts_where_the_controller_alone_would_fall(motions: list[Motion]) -> None:
    policy = Pusher()
    (easy,), (hard,) = (synthesize(1, 3, actions=[action]) for action in ("wave", "run"))
    jobs = [begin(motion, CorrectionOptions(), policy) for motion in (easy, hard)]
    assert list(Engine(1).run(Queue([jobs[0]]))) and policy.asked == 0
    assert list(Engine(1).run(Queue([jobs[1]]))) and policy.asked > 0
    assert jobs[1].plan.at(int(jobs[1].plan.rung.argmax())).learned
    fixed = begin(easy, CorrectionOptions(assist=0.0), policy)
    assert list(Engine(1).run(Queue([fixed]))) and policy.asked >= len(fixed.reference) - 1


def test_without_the_controller_nothing_holds_the_body_up() -> None:
    (walk,) = synthesize(1, 3, actions=["walk"])
    means = {}
    for policy in (ZeroPolicy(), BASE):
        job = begin(Motion(walk.positions[:45]), CorrectionOptions(assist=25.0), policy)
        list(Engine(1).run(Queue([job])))
        means[policy.name] = job.distance.mean()
    assert means["base"] < 0.05 < means["zero"]
