"""Training clips: motions that are mirrored, rescaled, corrupted on purpose, prepared and retargeted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.motion import Motion
from motion.skeleton import mirrored
from sim_server.body.humanoid import CONTROL_FPS, DAMPING, SERVO_JOINTS, SOLE_M
from sim_server.body.reference_row import view_steps
from sim_server.body.retarget import Reference
from sim_server.control_rate import at_control_rate
from sim_server.evaluation.corruption import corrupt
from sim_server.preparation import prepare
from sim_server.reference import reference_from_positions

_MIN_FRAMES = 12
_FOLLOWING_FRAMES = 5.0  # smoothing of the path by which the clean motion follows the reference over the floor
_NO_BODY = (ValueError, np.linalg.LinAlgError, mujoco.FatalError)


@dataclass(frozen=True, eq=False)
class Clip:
    """A motion to imitate.

    Attributes:
        name: name of the motion, and how it was changed.
        reference: what the body follows; prepared from the corrupted motion.
        truth: (frames, 22, 3) joints of the clean motion [m], which are rewarded. They are raised as the reference is,
            and follow it over the floor, because where on the floor a motion took place cannot be recovered.
        weight: relative frequency of the clip.
    """

    name: str
    reference: Reference
    truth: np.ndarray
    weight: float


def state_at(reference: Reference, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the state of a body that follows its reference, one substep into a control step.

    Args:
        reference: what the body follows.
        step: index of the control step.

    Returns:
        qpos (91,) and qvel (69,), as MuJoCo has them.
    """
    row = view_steps(reference.rows[step])
    rates = row.damping_torque[0] / DAMPING[SERVO_JOINTS, None]
    qpos = np.concatenate([row.root_position[0], row.root_rotation[0], row.servo_targets[0].ravel()])
    return qpos, np.concatenate([row.root_velocity[0], row.root_angular_velocity[0], rates.ravel()])


def make_clip(motion: Motion, weight: float, kind: str, seed: int) -> Clip:
    """Corrupt a motion, prepare it and retarget it.

    Args:
        motion: the clean motion.
        weight: relative frequency of the clip.
        kind: kind of corruption, a key of `corruption.CORRUPTIONS`.
        seed: seed of the corruption.

    Raises:
        ValueError: MuJoCo cannot build a body for the motion.
        mujoco.FatalError: MuJoCo refuses the mass or inertia of the body.
        numpy.linalg.LinAlgError: the reference cannot be computed.
    """
    clean = Motion(at_control_rate(motion), CONTROL_FPS, name=motion.name)
    reference = reference_from_positions(corrupt(clean, kind, seed).positions)
    truth = reference.positions
    if kind != "clean":
        truth = prepare(clean.positions).positions + (0, SOLE_M, 0)
        away = (reference.positions[:, :1] - truth[:, :1]) * (1, 0, 1)
        truth = truth + gaussian_filter1d(away, _FOLLOWING_FRAMES, axis=0, mode="nearest")
    return Clip(f"{motion.name}/{kind}", reference, truth.astype(np.float32), weight)


def make_clips(
    motions: Sequence[Motion],
    weights: Sequence[float],
    kinds: Mapping[str, float],
    scales: tuple[float, float],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Clip]:
    """Make clips of each motion and its mirror image, each at a random scale and once per kind of corruption.

    A motion is left out where MuJoCo cannot build a body for it, or where it is too short.

    Args:
        motions: clean motions.
        weights: relative frequency of each motion.
        kinds: relative frequency of each kind of corruption.
        scales: smallest and largest scale.
        seed: seed of the scales and corruptions.
        progress: called with the number of motions that are done and of all.
    """
    rng = np.random.default_rng(seed)
    clips: list[Clip] = []
    for done, (motion, weight) in enumerate(zip(motions, weights, strict=True), 1):
        for side, positions in (("", motion.positions), ("/mirrored", mirrored(motion.positions))):
            scaled = Motion(positions * rng.uniform(*scales), motion.fps, name=f"{motion.name}{side}")
            for kind, share in kinds.items():
                try:
                    clip = make_clip(scaled, weight * share, kind, seed)
                except _NO_BODY:
                    continue
                if len(clip.reference) >= _MIN_FRAMES and np.isfinite(clip.reference.rows).all():
                    clips.append(clip)
        if progress:
            progress(done, len(motions))
    return clips
