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


def judge(job: Job, options: CorrectionOptions) -> tuple[Status, str]:
    """Judge a finished job.

    The status is FAILED if the state diverged, if the body lost its reference, or if the mean norm of the assist force
    is above `max_assist_n`. It is ASSISTED if that mean is above `CARRIED_MEAN_N`, or if the mean over the control
    steps of any one second is above `CARRIED_SECOND_N`. A motion shorter than a second has no such second.

    Returns:
        The status, and the reason for one that is not OK, else "".
    """
    status, reason = _judge(job, options)
    if job.plan.given_up is None:
        return status, reason
    start, steps_simulated = map(_seconds, job.plan.given_up)
    spent = (
        f"the search for the least assist was given up after {steps_simulated} of simulation, so that from {start} on "
        f"the highest limit holds"
    )
    return ("ASSISTED" if status == "OK" else status), "; ".join(filter(None, (reason, spent)))


def _judge(job: Job, options: CorrectionOptions) -> tuple[Status, str]:
    if job.diverged_at is not None:
        return "FAILED", f"the simulation diverged at {_seconds(job.diverged_at)}"
    share, completed = completion(job.positions, job.reference.positions)
    if not completed:
        return "FAILED", f"fell at {_seconds(round(share * len(job.positions)))}"
    force = job.force_norms
    mean = float(force.mean())
    if options.max_assist_n is not None and mean > options.max_assist_n + _ROUNDING_N:
        return "FAILED", f"needed {mean:.3g} N of assist on average, more than the {options.max_assist_n:g} N allowed"
    if mean > CARRIED_MEAN_N + _ROUNDING_N:
        return "ASSISTED", f"carried by {mean:.0f} N on average, {mean / WEIGHT_N:.0%} of the body's weight"
    over_a_second = means_over_a_second(force)
    starts = np.flatnonzero(over_a_second > CARRIED_SECOND_N + _ROUNDING_N)
    if len(starts):
        start, stop = _seconds(int(starts[0])), _seconds(int(starts[-1]) + _WINDOW_STEPS)
        return "ASSISTED", f"carried by up to {over_a_second.max():.0f} N for a second, between {start} and {stop}"
    return "OK", ""


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


def _seconds(step: int) -> str:
    return f"{step / CONTROL_FPS:.1f} s"
