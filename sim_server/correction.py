"""The steps of one motion's correction that surround the simulation, as pure functions."""

from __future__ import annotations

import sys

import mujoco
import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.metrics import completion, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction, Report
from motion.resample import frames_covering, resample
from motion.validation import MAX_MESSAGE_FRAMES, as_motion
from sim_server.body.humanoid import CONTROL_FPS, SOLE_M
from sim_server.body.retarget import Reference
from sim_server.engine.job import Job
from sim_server.path_change import added_path, travel_note
from sim_server.policies.policy import Policy
from sim_server.reference import reference_from_positions
from sim_server.tracing import build_trace
from sim_server.verdict import judge

MIN_FRAMES = 4
MAX_FRAMES = MAX_MESSAGE_FRAMES
"""Most frames of a motion, counted at `CONTROL_FPS`; longer ones than a stretch may have are corrected in stretches."""


class NotSimulable(Exception):
    """A motion passed all checks, but no body can be built for it."""


def check_correctable(sample: Motion | np.ndarray) -> Motion:
    """Check what a caller hands in, and return it as a motion that the corrector takes.

    Args:
        sample: a `Motion`, or an array as `motion.validation.as_motion` takes it.

    Raises:
        InvalidInput: it is no motion, or at `CONTROL_FPS` it has fewer than `MIN_FRAMES` or more than `MAX_FRAMES`.
    """
    motion = as_motion(sample, max_frames=sys.maxsize)
    frames = frames_covering(len(motion), motion.fps, CONTROL_FPS)
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise InvalidInput.of(
            "positions",
            f"{len(motion)} frames at {motion.fps:g} fps last {motion.duration:.3g} s; must be between "
            f"{(MIN_FRAMES - 1) / CONTROL_FPS:g} and {(MAX_FRAMES - 1) / CONTROL_FPS:g} s",
        )
    return motion


def at_control_rate(motion: Motion) -> FloatArray:
    """Return the positions (frames, 22, 3) [m] of a motion at `CONTROL_FPS`, over its whole duration."""
    frames = frames_covering(len(motion), motion.fps, CONTROL_FPS)
    return resample(motion.positions.astype(np.float64), motion.fps, CONTROL_FPS, frames)


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
    try:
        reference = reference_from_positions(at_control_rate(motion))
    except (np.linalg.LinAlgError, mujoco.FatalError, ValueError) as error:
        raise NotSimulable(str(error)) from error
    if not (np.isfinite(reference.rows).all() and np.isfinite(reference.qpos).all()):
        raise NotSimulable("its reference is not finite")
    return reference


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
        notes=(*job.reference.notes, *([note] if note else [])),
    )
    return Correction(corrected, report, build_trace(job.path) if options.trace else None)


def failed_correction(motion: Motion, policy: str, seed: int, error: NotSimulable) -> Correction:
    """Build the correction of a motion that cannot be simulated: the motion itself, marked FAILED."""
    errors = physical_errors(motion.positions, motion.fps)
    report = Report(
        status="FAILED",
        completed=0.0,
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
        completed_strict=0.0,
        reason=f"no body fits it: {error}",
    )
    return Correction(motion, report)
