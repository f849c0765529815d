"""Training clips: real and synthesised motion, mirrored, rescaled, spoilt on purpose, prepared and retargeted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.motion import Motion
from motion.skeleton import mirrored
from sim_server.body.humanoid import DAMPING, DEPTH_FIRST, SOLE_M
from sim_server.body.retarget import CONTROL_FPS, SUBSTEPS, Reference, fields_of, retarget
from sim_server.correction import at_control_rate
from sim_server.evaluation.corruption import corrupted
from sim_server.preparation import prepare

_MIN_FRAMES = 12
_CARRIED_FRAMES = 5.0
_JOINT_DAMPING = np.repeat(DAMPING[DEPTH_FIRST[1:]], 3)


@dataclass(frozen=True, eq=False)
class Clip:
    """One motion to imitate.

    Attributes:
        name: of the motion, with what was done to it.
        reference: what the body is given to follow; prepared from the motion as it was spoilt.
        truth: (frames, 22, 3) the joints of the sound motion, raised as the reference is and carried along with it
            over the floor: what is rewarded. Where on the floor a motion takes place no simulation can put right.
        weight: how often it is drawn, relative to the others.
    """

    name: str
    reference: Reference
    truth: np.ndarray
    weight: float


def state_at(reference: Reference, step: int) -> tuple[np.ndarray, np.ndarray]:
    """qpos (91,) and qvel (69,) of a body that follows its reference, one substep into control step `step`."""
    row = fields_of(reference.rows[step])
    local = row.servo.reshape(SUBSTEPS, -1)[0]
    rates = row.servo_rate.reshape(SUBSTEPS, -1)[0] / _JOINT_DAMPING
    return np.concatenate([row.root, row.root_turn, local]), np.concatenate([row.root_velocity, row.root_spin, rates])


def clip_of(motion: Motion, weight: float, kind: str, seed: int) -> Clip:
    """A clip of `motion`, spoilt by `kind` (a key of `corruption.CORRUPTIONS`) before it was prepared.

    Raises:
        ValueError, LinAlgError, mujoco.FatalError: no body fits.
    """
    sound = Motion(at_control_rate(motion), CONTROL_FPS, name=motion.name)
    reference = retarget(prepare(corrupted(sound, kind, seed).positions))
    truth = reference.positions
    if kind != "clean":
        truth = prepare(sound.positions).positions + (0, SOLE_M, 0)
        away = (reference.positions[:, :1] - truth[:, :1]) * (1, 0, 1)
        truth = truth + gaussian_filter1d(away, _CARRIED_FRAMES, axis=0, mode="nearest")
    return Clip(f"{motion.name}/{kind}", reference, truth.astype(np.float32), weight)


def make_clips(
    motions: Sequence[Motion],
    weights: Sequence[float],
    kinds: Mapping[str, float],
    scales: tuple[float, float],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Clip]:
    """Each motion and its mirror image, each at a random scale and once for every kind of fault, weighted by `kinds`.

    A motion that no body fits is left out.
    """
    rng = np.random.default_rng(seed)
    clips: list[Clip] = []
    for done, (motion, weight) in enumerate(zip(motions, weights, strict=True), 1):
        for side, positions in (("", motion.positions), ("/mirrored", mirrored(motion.positions))):
            scaled = Motion(positions * rng.uniform(*scales), motion.fps, name=f"{motion.name}{side}")
            for kind, share in kinds.items():
                try:
                    clip = clip_of(scaled, weight * share, kind, seed)
                except (ValueError, np.linalg.LinAlgError):
                    continue
                if len(clip.reference) >= _MIN_FRAMES and np.isfinite(clip.reference.rows).all():
                    clips.append(clip)
        if progress:
            progress(done, len(motions))
    return clips
