"""The status of a simulated motion and its reason."""

from __future__ import annotations

import numpy as np
import pytest
from swaying_body import sway

from motion.protocols import CorrectionOptions
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.correction import build_reference
from sim_server.engine.job import Job
from sim_server.policies.policy import BasePolicy
from sim_server.verdict import CARRIED_MEAN_N, judge, means_over_a_second

FRAMES = 81
SECOND = round(CONTROL_FPS)


@pytest.fixture
def job() -> Job:
    """Return a job of four seconds that followed its reference exactly, without assist."""
    job = Job(build_reference(sway(FRAMES)), CorrectionOptions(), BasePolicy())
    job.positions[:] = job.reference.positions
    return job


def _push(job: Job, newtons: float, start: int = 0, stop: int | None = None) -> None:
    job.assist[start:stop, 1] = newtons


def test_a_motion_that_needs_nothing_is_ok_for_no_reason(job: Job) -> None:
    assert judge(job, CorrectionOptions()) == ("OK", "")


@pytest.mark.parametrize(
    ("newtons", "start", "stop", "status"),
    [
        (99.9, 0, None, "OK"),  # all the time, but little
        (100.0 + 1e-12, 0, None, "OK"),  # a fixed limit of 100 N, with the rounding of a norm
        (101.0, 30, 30 + SECOND, "ASSISTED"),
        (101.0, 30, 29 + SECOND, "OK"),  # a stumble of less than a second
        (1000.0, 30, 32, "OK"),  # 100 N over its second, not above
        (1000.0, 30, 33, "ASSISTED"),
        (101.0, FRAMES - 1 - SECOND, None, "ASSISTED"),  # the last second counts
    ],
)
def test_a_second_over_100_n_is_assisted(job: Job, newtons: float, start: int, stop: int | None, status: str) -> None:
    _push(job, newtons, start, stop)
    found, reason = judge(job, CorrectionOptions())
    assert found == status and bool(reason) == (status == "ASSISTED")


def test_the_reason_tells_how_much_and_when(job: Job) -> None:
    _push(job, 150.0, 20, 60)
    status, reason = judge(job, CorrectionOptions())
    assert status == "ASSISTED" and "150 N for a second, between 0.7 s and 3.3 s" in reason


def test_a_quarter_of_the_weight_on_average_is_assisted() -> None:
    short = Job(build_reference(sway(16)), CorrectionOptions(), BasePolicy())  # shorter than a second
    short.positions[:] = short.reference.positions
    _push(short, CARRIED_MEAN_N)
    assert judge(short, CorrectionOptions()) == ("OK", "")
    _push(short, CARRIED_MEAN_N + 1)
    status, reason = judge(short, CorrectionOptions())
    assert status == "ASSISTED" and "173 N on average, 25% of the body's weight" in reason


def test_more_than_the_assist_that_is_allowed_fails(job: Job) -> None:
    _push(job, 50.0)
    assert judge(job, CorrectionOptions(max_assist_n=50.0))[0] == "OK"
    status, reason = judge(job, CorrectionOptions(max_assist_n=49.0))
    assert status == "FAILED" and "50 N of assist on average, more than the 49 N allowed" in reason


def test_a_fall_says_when(job: Job) -> None:
    job.positions[64:] -= (0, 0.9, 0)
    _push(job, 500.0)  # a fall is worse than assist
    assert judge(job, CorrectionOptions()) == ("FAILED", "fell at 3.2 s")


def test_a_state_that_diverged_says_when(job: Job) -> None:
    job.path.diverged_at = 30
    assert judge(job, CorrectionOptions()) == ("FAILED", "the simulation diverged at 1.5 s")


def test_the_times_of_a_stretch_are_those_of_its_motion(job: Job) -> None:
    job.positions[64:] -= (0, 0.9, 0)
    assert judge(job, CorrectionOptions(), start_s=100.0) == ("FAILED", "fell at 103.2 s")


def test_a_spent_budget_is_told_and_is_never_ok(job: Job) -> None:
    job.plan.given_up = 24, 2400
    status, reason = judge(job, CorrectionOptions())
    assert status == "ASSISTED" and "after 120.0 s of simulation" in reason and "from 1.2 s on" in reason
    job.positions[64:] -= (0, 0.9, 0)
    status, reason = judge(job, CorrectionOptions())
    assert status == "FAILED" and reason.startswith("fell at 3.2 s; the search")


def test_means_over_a_second_are_those_of_every_window() -> None:
    force = np.random.default_rng(0).random(50)
    means = means_over_a_second(force)
    assert np.allclose(means, [force[i : i + SECOND].mean() for i in range(50 - SECOND + 1)])
    assert len(means_over_a_second(force[: SECOND - 1])) == 0
