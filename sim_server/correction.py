"""One motion's way through the corrector, as pure functions: before the simulation, and after it."""

from __future__ import annotations

import mujoco
import numpy as np

from motion.errors import InvalidInput
from motion.metrics import completion, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction, Report
from motion.resample import frames_covering, resample
from motion.validation import MOST_FRAMES, as_motion
from sim_server.body.humanoid import SOLE_M
from sim_server.body.retarget import CONTROL_FPS, Reference, retarget
from sim_server.engine.engine import Job
from sim_server.policies.policy import Policy
from sim_server.preparation import prepare

MIN_FRAMES = 4
MAX_FRAMES = 2000


class NotSimulable(Exception):
    """No body could be made for a motion, though it looks like one."""


def correctable(sample: Motion | np.ndarray) -> Motion:
    """A checked motion from what a caller hands in, as `motion.validation.as_motion`, that lasts as long as can be
    simulated: whatever its rate, from `MIN_FRAMES` to `MAX_FRAMES` at `CONTROL_FPS`.

    Raises:
        InvalidInput: it is none.
    """
    motion = as_motion(sample, max_frames=MOST_FRAMES)
    frames = frames_covering(len(motion), motion.fps, CONTROL_FPS)
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise InvalidInput.of(
            "positions",
            f"{len(motion)} frames at {motion.fps:g} fps last {motion.duration:.3g} s; must be between "
            f"{(MIN_FRAMES - 1) / CONTROL_FPS:g} and {(MAX_FRAMES - 1) / CONTROL_FPS:g} s",
        )
    return motion


def at_control_rate(motion: Motion) -> np.ndarray:
    """Positions (frames, 22, 3) at `CONTROL_FPS`, for as long as the motion lasts."""
    frames = frames_covering(len(motion), motion.fps, CONTROL_FPS)
    return resample(motion.positions.astype(np.float64), motion.fps, CONTROL_FPS, frames)


def begin(motion: Motion, options: CorrectionOptions, policy: Policy) -> Job:
    """A checked motion as a job that `policy` is to do. Raises as `refer`."""
    return Job.of(refer(motion), options, policy)


def refer(motion: Motion) -> Reference:
    """Prepare and retarget a checked motion.

    Raises:
        NotSimulable: no body fits it.
    """
    try:
        reference = retarget(prepare(at_control_rate(motion)))
    except (np.linalg.LinAlgError, mujoco.FatalError, ValueError) as error:
        raise NotSimulable(str(error)) from error
    if not (np.isfinite(reference.rows).all() and np.isfinite(reference.qpos).all()):
        raise NotSimulable("its reference is not finite")
    return reference


def finish(motion: Motion, job: Job, seed: int) -> Correction:
    """The correction that a finished job made of `motion`, at the motion's own rate and length."""
    lowered = job.positions - (0, SOLE_M, 0)
    corrected = motion.with_positions(resample(lowered, CONTROL_FPS, motion.fps, len(motion)))
    share, completed = completion(job.positions, job.reference.positions)
    completed = completed and job.broken is None
    force, torque = np.linalg.norm(job.residual.reshape(-1, 2, 3), axis=-1).T
    report = Report(
        status="OK" if completed else "FAILED",
        completed=share,
        mpjpe_global_mm=mpjpe_global(corrected.positions, motion.positions),
        mpjpe_local_mm=mpjpe_local(corrected.positions, motion.positions),
        before=physical_errors(motion.positions, motion.fps),
        after=physical_errors(corrected.positions, motion.fps),
        residual_force_n_mean=float(force.mean()),
        residual_force_n_max=float(force.max()),
        residual_torque_nm_mean=float(torque.mean()),
        assist_limit_n=job.plan.highest_n,
        attempts=job.plan.attempts,
        policy=job.policy.name,
        mujoco=mujoco.__version__,
        seed=seed,
        seconds=job.steps_made / CONTROL_FPS,
        completed_strict=completion(job.positions, job.reference.positions, strict=True)[0],
    )
    return Correction(corrected, report)


def unsimulated(motion: Motion, policy: str, seed: int) -> Correction:
    """What comes back for a motion that no body could be made for: itself, marked FAILED."""
    errors = physical_errors(motion.positions, motion.fps)
    report = Report(
        "FAILED", 0.0, 0.0, 0.0, errors, errors, 0.0, 0.0, 0.0, 0.0, 0, policy, mujoco.__version__, seed, 0.0, 0.0
    )
    return Correction(motion, report)
