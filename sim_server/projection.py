"""What need not be corrected is not: a correction is a projection onto the motions that a body can do.

Two things make it one. A motion that is feasible already, by its own inverse dynamics and its contacts, comes back as
it is, without a simulation. And where a simulated motion is physically no better than the input, the input comes back:
correcting twice changes no more than correcting once, and clean recordings are not worn down.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motion.array_types import FloatArray
from motion.metrics import PhysicalErrors
from motion.motion import Motion
from motion.report import Report
from sim_server.control_rate import at_control_rate
from sim_server.feasibility.missing_wrench import missing_wrench
from sim_server.verdict import means_over_a_second

# What corrections that take no assist have themselves: by inverse dynamics of positions at 20 frames/s they lack 7 to
# 16 N on average, as contacts come and go between the frames.
FEASIBLE_MEAN_N = 16.0
"""A motion lacks at most this force on average where it is feasible."""
FEASIBLE_SECOND_N = 50.0
"""It lacks at most this force on average over any one second."""
FEASIBLE_SKATE_MM, FEASIBLE_DEPTH_MM, FEASIBLE_HEIGHT_MM = 1.0, 0.5, 1.5
"""Bounds on how it skates, penetrates the floor and floats, as `motion.metrics` measures them."""
_MM_PER_N = 0.1  # a missing force of 10 N is as bad as a physical error of 1 mm
# A correction that leaves more of what was wrong has not mended it: a simulated body skates and shakes by itself.
_BETTER = 0.75
_DEEP_MM = 2.0  # a motion that is deeper in the floor on average does not come back, whatever its other errors are

FEASIBLE_NOTE = "came back as it was: contacts explain its forces, its feet stand still and nothing is under the floor"
"""What the report of a feasible motion says."""


def missing_forces(motion: Motion) -> FloatArray:
    """Return the norm of the force that no contact supplies, in each frame at the control rate [N].

    Raises:
        ValueError: MuJoCo cannot build the body.
        mujoco.FatalError: MuJoCo refuses its mass or inertia.
        numpy.linalg.LinAlgError: the motion's bones cannot be measured.
    """
    return np.linalg.norm(missing_wrench(at_control_rate(motion)).wrench[:, :3], axis=-1)


def may_be_feasible(errors: PhysicalErrors) -> bool:
    """Return whether a motion's physical errors alone let it be feasible."""
    return (
        errors.skate_mm <= FEASIBLE_SKATE_MM
        and errors.penetrate_mm <= FEASIBLE_DEPTH_MM
        and errors.float_mm <= FEASIBLE_HEIGHT_MM
    )


def is_feasible(missing: FloatArray, errors: PhysicalErrors) -> bool:
    """Return whether a body can do a motion as it is.

    Args:
        missing: (frames,) force that no contact supplies [N].
        errors: the motion's physical errors.
    """
    most = means_over_a_second(missing).max(initial=float(missing.mean()))
    return bool(may_be_feasible(errors) and missing.mean() <= FEASIBLE_MEAN_N and most <= FEASIBLE_SECOND_N)


def harm(motion: Motion, errors: PhysicalErrors) -> float:
    """Return how far a motion is from what a body can do: its physical error, and its missing force as such [mm]."""
    return errors.phys_err_mm + _MM_PER_N * float(missing_forces(motion).mean())


def reason_to_keep(motion: Motion, corrected: Motion, report: Report) -> str:
    """Return why a motion is to come back as it was, although it was simulated; "" if the correction is better.

    Args:
        motion: the input.
        corrected: the simulated motion.
        report: its report.
    """
    # A jump floats, whoever performs it, and may outweigh all else in both; but nothing belongs into the floor.
    if report.before.penetrate_mm > max(_DEEP_MM, report.after.penetrate_mm):
        return ""
    given, made = harm(motion, report.before), harm(corrected, report.after)
    if made <= _BETTER * given:
        return ""
    return (
        f"came back as it was: the simulated motion is physically no better (physical error "
        f"{report.before.phys_err_mm:.1f} and {report.after.phys_err_mm:.1f} mm, with missing forces {given:.1f} and "
        f"{made:.1f} mm)"
    )


def kept_report(report: Report, why: str) -> Report:
    """Return the report of a motion that comes back as it was; what its simulation took stays in it."""
    return replace(
        report, kept=True, mpjpe_global_mm=0.0, mpjpe_local_mm=0.0, after=report.before, notes=(*report.notes, why)
    )
