"""Laws of the engine: rows never mix, the assist stays within its limits, and no job is lost when slots are few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from motion.motion import Motion
from motion.protocols import Assist, CorrectionOptions
from motion.synthesis import synthesize
from sim_server.body.reference_row import ReferenceStep, view_steps
from sim_server.correction import build_reference, create_job
from sim_server.engine.body_state import BodyState
from sim_server.engine.engine import Engine
from sim_server.engine.job import Job
from sim_server.engine.search import SearchSettings
from sim_server.engine.trial import Trial
from sim_server.policies.policy import Action, BasePolicy, Policy, ZeroPolicy

BASE = BasePolicy()
AUTO = CorrectionOptions()


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    return [Motion(motion.positions[:45], name=motion.name) for motion in synthesize(7, 3)]


SEARCH = Trial(BASE, search=SearchSettings(candidates=5, rounds=2, failures=3))


def simulated(
    motions: list[Motion], slots: int, threads: int = 1, assist: Assist = "auto", trial: Trial | None = None
) -> list[Job]:
    """Return the finished jobs in the order of their motions."""
    options = CorrectionOptions(assist=assist)
    jobs = [Job(build_reference(motion), options, BASE, trial, seed=3) for motion in motions]
    done = list(Engine(slots, threads).run(jobs))
    assert len(done) == len(jobs) and set(done) == set(jobs)
    return jobs


@pytest.mark.parametrize("trial", [None, SEARCH], ids=["ladder", "search"])
@pytest.mark.parametrize(("slots", "threads"), [(1, 1), (3, 2), (16, 2)])
def test_results_do_not_depend_on_slots_and_threads(
    motions: list[Motion], slots: int, threads: int, trial: Trial | None
) -> None:
    together = simulated(motions, 7, trial=trial)
    assert max(job.plan.attempts for job in together) > 1, "no motion needed a second attempt"
    for one, other in zip(together, simulated(motions, slots, threads, trial=trial), strict=True):
        assert np.array_equal(one.positions, other.positions)
        assert np.array_equal(one.assist, other.assist)
        assert np.array_equal(one.plan.rung_of_step, other.plan.rung_of_step)
        assert one.plan.attempts == other.plan.attempts


def test_results_do_not_depend_on_the_order_of_the_jobs(motions: list[Motion]) -> None:
    for one, other in zip(simulated(motions, 3), simulated(motions[::-1], 3)[::-1], strict=True):
        assert np.array_equal(one.positions, other.positions)


@pytest.mark.parametrize("limit", [0.0, 30.0])
def test_the_assist_keeps_to_a_fixed_limit(motions: list[Motion], limit: float) -> None:
    for job in simulated(motions, 4, assist=limit):
        norms = np.linalg.norm(job.assist.reshape(-1, 2, 3), axis=-1)
        assert norms.max() <= limit * (1 + 1e-9)
        assert job.plan.attempts == 1


def test_the_assist_keeps_to_the_rung_of_each_step(motions: list[Motion]) -> None:
    for job in simulated(motions, 7):
        norms = np.linalg.norm(job.assist[:, :3], axis=-1)
        allowed = np.array([job.plan.rung_at(step).limit_n for step in range(len(norms))])
        assert (norms <= allowed + 1e-6).all()


def test_a_free_slot_takes_the_next_job_at_once(motions: list[Motion]) -> None:
    """The first of three jobs is the shortest; the third takes over its slot in the step after it is done."""
    lengths = (10, 20, 15)
    jobs = [
        create_job(Motion(motion.positions[:length]), CorrectionOptions(assist=0.0), BASE)
        for motion, length in zip(motions, lengths, strict=False)
    ]
    engine: Engine[Job] = Engine(2)
    engine.add(jobs[0])
    engine.add(jobs[1])
    assert not engine.has_room and engine.jobs == jobs[:2]
    while not (done := engine.step()):
        pass
    assert done == [jobs[0]] and engine.has_room
    engine.add(jobs[2])
    assert engine.jobs == [jobs[1], jobs[2]]
    assert list(engine.run([])) == [jobs[1], jobs[2]]
    assert jobs[1].steps_simulated == 19 and jobs[2].steps_simulated == 14


def test_jobs_are_taken_only_when_there_is_room(motions: list[Motion]) -> None:
    taken = 0

    def prepared() -> Iterator[Job]:
        nonlocal taken
        for motion in motions[:3]:
            taken += 1
            yield create_job(motion, AUTO, BASE)

    for done, _ in enumerate(Engine(1).run(prepared()), 1):
        assert taken == done
    assert taken == 3


def test_a_diverging_body_does_not_affect_its_neighbours(
    motions: list[Motion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that asks for absurd torques diverges alone."""
    monkeypatch.chdir(tmp_path)
    jobs = [create_job(motion, AUTO, BASE) for motion in motions[:3]]
    bad = create_job(motions[3], AUTO, BASE)
    view_steps(bad.reference.rows).damping_torque[5:] = 1e12
    done = list(Engine(4).run([jobs[0], bad, jobs[1], jobs[2]]))
    assert len(done) == 4
    assert bad.diverged_at is not None and np.isfinite(bad.positions).all()
    assert bad.failed and bad.progress == 1
    assert not list(tmp_path.iterdir())  # MuJoCo would leave a log
    for one, other in zip(jobs, simulated(motions[:3], 4), strict=True):
        assert np.array_equal(one.positions, other.positions)


def test_a_cancelled_job_leaves_its_slot(motions: list[Motion]) -> None:
    engine: Engine[Job] = Engine(1)
    first, second = (create_job(motion, AUTO, BASE) for motion in motions[:2])
    engine.add(first)
    engine.step()
    first.cancelled = True
    assert list(engine.run([second])) == [first, second] and second.path.step == second.reference.steps


class Pusher(BasePolicy):
    """A policy that counts its calls and is learned, as far as the ladder knows."""

    name = "pusher"
    learned = True

    def __init__(self) -> None:
        self.bodies = 0

    def act(self, body: BodyState, reference: ReferenceStep, assist_limit: np.ndarray) -> Action:
        self.bodies += len(assist_limit)
        return super().act(body, reference, assist_limit)


def test_the_learned_policy_acts_only_where_the_controller_alone_would_fall() -> None:
    policy = Pusher()
    (easy,), (hard,) = (synthesize(1, 3, actions=[action]) for action in ("wave", "run"))
    easy_job, hard_job = (create_job(motion, AUTO, policy) for motion in (easy, hard))
    assert list(Engine(1).run([easy_job])) and policy.bodies == 0
    assert list(Engine(1).run([hard_job])) and policy.bodies > 0
    assert hard_job.plan.rung_at(int(hard_job.plan.rung_of_step.argmax())).policy is policy
    fixed = create_job(easy, CorrectionOptions(assist=0.0), policy)
    assert list(Engine(1).run([fixed])) and policy.bodies >= fixed.reference.steps


def test_progress_never_falls_when_the_ladder_goes_back() -> None:
    (jump,) = synthesize(1, 3, actions=["jump_forward"])
    job = create_job(Motion(jump.positions[:60]), AUTO, BASE)
    engine: Engine[Job] = Engine(1)
    engine.add(job)
    progress = [job.progress]
    while not engine.step():
        progress.append(job.progress)
    progress.append(job.progress)
    assert job.plan.attempts > 1, "the ladder did not go back, so that nothing was tested"
    assert progress[0] == 0 and progress[-1] == 1 and min(np.diff(progress)) >= 0


def test_without_the_contact_controller_nothing_holds_the_body_up() -> None:
    (walk,) = synthesize(1, 3, actions=["walk"])
    means = {}
    policies: tuple[Policy, ...] = (ZeroPolicy(), BASE)
    for policy in policies:
        job = create_job(Motion(walk.positions[:45]), CorrectionOptions(assist=10.0), policy)
        assert list(Engine(1).run([job])) == [job]
        means[policy.name] = job.distance.mean()
    assert means["base"] < 0.05 < means["zero"]
