"""How good a simulated motion is, and why."""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import completion
from motion.protocols import CorrectionOptions
from motion.report import Status
from sim_server.body.humanoid import CONTROL_FPS, WEIGHT_N
from sim_server.engine.job import Job

CARRIED_MEAN_N = WEIGHT_N / 4
"""A mean force of the assist above this carries the body [N]."""
CARRIED_SECOND_N = 100.0
"""So does a mean force above this over one second [N]."""
_WINDOW_STEPS = round(CONTROL_FPS)  # one second
_ROUNDING_N = 1e-6  # the norm of a force that is cut to a limit may exceed it in its last digits


def judge(job: Job, options: CorrectionOptions, start_s: float = 0.0) -> tuple[Status, str]:
    """Judge a finished job.

    The status is FAILED if the state diverged, if the body lost its reference, or if the mean norm of the assist force
    is above `max_assist_n`. It is ASSISTED if that mean is above `CARRIED_MEAN_N`, or if the mean over the control
    steps of any one second is above `CARRIED_SECOND_N`. A motion shorter than a second has no such second.

    Args:
        job: the job.
        options: how the motion was to be corrected.
        start_s: time of the job's first frame in the motion, for the reason [s].

    Returns:
        The status, and the reason for one that is not OK, else "".
    """
    status, reason = _judge(job, options, start_s)
    if job.plan.given_up is None:
        return status, reason
    step, simulated = job.plan.given_up
    start, steps_simulated = _seconds(step, start_s), _seconds(simulated)
    spent = (
        f"the search for the least assist was given up after {steps_simulated} of simulation, so that from {start} on "
        f"the highest limit holds"
    )
    return ("ASSISTED" if status == "OK" else status), "; ".join(filter(None, (reason, spent)))


def _judge(job: Job, options: CorrectionOptions, start_s: float) -> tuple[Status, str]:
    if job.diverged_at is not None:
        return "FAILED", f"the simulation diverged at {_seconds(job.diverged_at, start_s)}"
    share, completed = completion(job.positions, job.reference.positions)
    if not completed:
        return "FAILED", f"fell at {_seconds(round(share * len(job.positions)), start_s)}"
    force = job.force_norms
    mean = float(force.mean())
    if too_much := excessive_assist(mean, options):
        return "FAILED", too_much
    if mean > CARRIED_MEAN_N + _ROUNDING_N:
        return "ASSISTED", f"carried by {mean:.0f} N on average, {mean / WEIGHT_N:.0%} of the body's weight"
    over_a_second = means_over_a_second(force)
    starts = np.flatnonzero(over_a_second > CARRIED_SECOND_N + _ROUNDING_N)
    if len(starts):
        start, stop = _seconds(int(starts[0]), start_s), _seconds(int(starts[-1]) + _WINDOW_STEPS, start_s)
        return "ASSISTED", f"carried by up to {over_a_second.max():.0f} N for a second, between {start} and {stop}"
    return "OK", ""


def excessive_assist(mean_n: float, options: CorrectionOptions) -> str:
    """Say that the mean assist of a motion [N] is above `max_assist_n`; return "" if it is not."""
    if options.max_assist_n is None or mean_n <= options.max_assist_n + _ROUNDING_N:
        return ""
    return f"needed {mean_n:.3g} N of assist on average, more than the {options.max_assist_n:g} N allowed"


def means_over_a_second(force: FloatArray) -> FloatArray:
    """Return the mean force over each second of a motion; the second number i starts with control step i.

    Args:
        force: (steps,) norm of a force in each control step [N].

    Returns:
        Means (steps - CONTROL_FPS + 1,) [N]; none if there are fewer steps than a second has.
    """
    if len(force) < _WINDOW_STEPS:
        return np.zeros(0)
    return np.lib.stride_tricks.sliding_window_view(force, _WINDOW_STEPS).mean(-1)


def _seconds(step: int, start_s: float = 0.0) -> str:
    return f"{start_s + step / CONTROL_FPS:.1f} s"
