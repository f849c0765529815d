"""The steps of one motion's correction that surround the simulation, as pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import mujoco
import numpy as np

from motion.metrics import PhysicalErrors, completion, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction, Report
from motion.resample import resample
from sim_server.body.humanoid import CONTROL_FPS, SOLE_M
from sim_server.body.retarget import Reference
from sim_server.control_rate import at_control_rate
from sim_server.engine.job import Job
from sim_server.path_change import added_path, travel_note
from sim_server.policies.policy import Policy
from sim_server.preparation import prepare
from sim_server.projection import (
    FEASIBLE_NOTE,
    is_feasible,
    kept_report,
    may_be_feasible,
    missing_forces,
    reason_to_keep,
)
from sim_server.reference import reference_from_positions
from sim_server.tracing import build_trace
from sim_server.verdict import judge


class NotSimulable(Exception):
    """A motion passed all checks, but no body can be built for it."""


def create_job(motion: Motion, options: CorrectionOptions, policy: Policy) -> Job:
    """Prepare a checked motion for the engine.

    Raises:
        NotSimulable: no body can be built for the motion.
    """
    return Job(build_reference(motion), options, policy)


def build_reference(motion: Motion) -> Reference:
    """Prepare and retarget a checked motion.

    Raises:
        NotSimulable: no body can be built for the motion.
    """
    with refusing_odd_bodies():
        reference = reference_from_positions(at_control_rate(motion))
    if not (np.isfinite(reference.rows).all() and np.isfinite(reference.qpos).all()):
        raise NotSimulable("its reference is not finite")
    return reference


@contextmanager
def refusing_odd_bodies() -> Iterator[None]:
    """Raise `NotSimulable` for the errors of a motion that no body can be built for."""
    try:
        yield
    except (np.linalg.LinAlgError, mujoco.FatalError, ValueError) as error:
        raise NotSimulable(str(error)) from error


def build_correction(
    motion: Motion, job: Job, seed: int, options: CorrectionOptions, start_s: float = 0.0
) -> Correction:
    """Build the correction of a motion from its finished job, at the motion's own rate and length.

    Args:
        motion: the checked motion, or a stretch of one.
        job: its finished job.
        seed: the seed that the report carries.
        options: how to correct the motion.
        start_s: time of the stretch's first frame in the motion that it is from [s].
    """
    lowered = job.positions - (0, SOLE_M, 0)
    source = at_control_rate(motion)
    note = travel_note(job.reference.positions, source)
    if options.in_place:
        lowered = lowered - added_path(job.reference.positions, source)[:, None]
        note = ""
    corrected = motion.with_positions(resample(lowered, CONTROL_FPS, motion.fps, len(motion)))
    status, reason = judge(job, options, start_s)
    force, torque = np.linalg.norm(job.assist.reshape(-1, 2, 3), axis=-1).T
    report = Report(
        status=status,
        completed=completion(job.positions, job.reference.positions)[0],
        mpjpe_global_mm=mpjpe_global(corrected.positions, motion.positions),
        mpjpe_local_mm=mpjpe_local(corrected.positions, motion.positions),
        before=physical_errors(motion.positions, motion.fps),
        after=physical_errors(corrected.positions, motion.fps),
        residual_force_n_mean=float(force.mean()),
        residual_force_n_max=float(force.max()),
        residual_torque_nm_mean=float(torque.mean()),
        assist_limit_n=job.plan.highest_limit_n,
        attempts=job.plan.attempts,
        policy=job.policy.name,
        mujoco=mujoco.__version__,
        seed=seed,
        seconds=job.steps_simulated / CONTROL_FPS,
        completed_strict=completion(job.positions, job.reference.positions, strict=True)[0],
        reason=reason,
        notes=(*(each.tell(start_s) for each in job.reference.notes), *([note] if note else [])),
    )
    if not options.simulates_always and status != "FAILED" and (why := reason_to_keep(motion, corrected, report)):
        return Correction(motion, kept_report(report, why))
    return Correction(corrected, report, build_trace(job.path) if options.wants_trace else None)


def correct_without_simulation(
    motion: Motion, options: CorrectionOptions, policy: str, seed: int, start_s: float = 0.0
) -> Correction | None:
    """Correct a motion that needs no simulation: it is feasible as it is, or the effort is `kinematic`.

    Args:
        motion: the checked motion, or a stretch of one.
        options: how to correct the motion.
        policy: name of the policy that would act.
        seed: the seed that the report carries.
        start_s: time of the stretch's first frame in the motion that it is from [s].

    Returns:
        The correction; None if the motion has to be simulated.

    Raises:
        NotSimulable: no body can be built for the motion.
    """
    kinematic = options.effort == "kinematic"
    if options.simulates_always and not kinematic:
        return None
    errors = physical_errors(motion.positions, motion.fps)
    report = _unsimulated_report(errors, policy, seed)
    with refusing_odd_bodies():
        if may_be_feasible(errors) and is_feasible(missing_forces(motion), errors):
            return Correction(motion, kept_report(report, FEASIBLE_NOTE))
        if not kinematic:
            return None
        prepared = prepare(at_control_rate(motion))
    corrected = motion.with_positions(resample(prepared.positions, CONTROL_FPS, motion.fps, len(motion)))
    report = replace(
        report,
        mpjpe_global_mm=mpjpe_global(corrected.positions, motion.positions),
        mpjpe_local_mm=mpjpe_local(corrected.positions, motion.positions),
        after=physical_errors(corrected.positions, motion.fps),
        notes=(
            *(note.tell(start_s) for note in prepared.notes),
            "cleaned without a simulation; no body was tried on it",
        ),
    )
    return Correction(corrected, report)


def failed_correction(motion: Motion, policy: str, seed: int, error: NotSimulable) -> Correction:
    """Build the correction of a motion that cannot be simulated: the motion itself, marked FAILED."""
    report = _unsimulated_report(physical_errors(motion.positions, motion.fps), policy, seed)
    reason = f"no body fits it: {error}"
    return Correction(motion, replace(report, status="FAILED", completed=0.0, completed_strict=0.0, reason=reason))


def _unsimulated_report(errors: PhysicalErrors, policy: str, seed: int) -> Report:
    """Return the report of a motion that comes back as it came, without a simulation."""
    return Report(
        status="OK",
        completed=1.0,
        mpjpe_global_mm=0.0,
        mpjpe_local_mm=0.0,
        before=errors,
        after=errors,
        residual_force_n_mean=0.0,
        residual_force_n_max=0.0,
        residual_torque_nm_mean=0.0,
        assist_limit_n=0.0,
        attempts=0,
        policy=policy,
        mujoco=mujoco.__version__,
        seed=seed,
        seconds=0.0,
        completed_strict=1.0,
    )
