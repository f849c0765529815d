"""Made-up bodies that sway: with planted feet for correctors, as a rigid body, and with all joints rotating."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motion import kinematics, rotation
from motion.motion import Motion
from motion.motion_set import MotionSet

# Left at +X, facing +Z, metres.
_STANDING = np.array(
    [
        (0.00, 0.93, 0.00), (0.07, 0.85, 0.00), (-0.07, 0.85, 0.00), (0.00, 1.04, -0.02), (0.09, 0.47, 0.01),
        (-0.09, 0.47, 0.01), (0.00, 1.17, -0.01), (0.09, 0.07, -0.02), (-0.09, 0.07, -0.02), (0.00, 1.22, 0.00),
        (0.11, 0.02, 0.10), (-0.11, 0.02, 0.10), (0.00, 1.42, -0.02), (0.08, 1.34, -0.02), (-0.08, 1.34, -0.02),
        (0.00, 1.50, 0.03), (0.18, 1.36, -0.03), (-0.18, 1.36, -0.03), (0.22, 1.11, -0.05), (-0.22, 1.11, -0.05),
        (0.24, 0.87, 0.00), (-0.24, 0.87, 0.00),
    ]
)  # fmt: skip
_PLANTED = (7, 8, 10, 11)


def sway(
    frames: int = 24, seed: int = 0, fps: float = 20.0, caption: str | None = None, name: str | None = None
) -> Motion:
    """Sway from side to side with planted feet: the plainest motion that every corrector accepts."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi)
    time = np.arange(frames) / fps
    lean = 0.03 * np.sin(2 * np.pi * random.uniform(0.3, 0.6) * time + phase)
    positions = np.repeat(_STANDING[None], frames, axis=0)
    moving = [joint for joint in range(22) if joint not in _PLANTED]
    positions[:, moving, 0] += lean[:, None] * _STANDING[moving, 1] / _STANDING[:, 1].max()
    return Motion(positions.astype(np.float32), fps=fps, caption=caption, name=name)


def rigid_sway(frames: int, pace: float, phase: float, name: str | None = None) -> Motion:
    """Move a rigid body in its rest pose ahead at 0.4 m/s and to and fro.

    Args:
        frames: number of frames.
        pace: angular frequency, radians per half second.
        phase: phase at the start, radians.
        name: name of the motion.
    """
    angle = pace * np.arange(frames) / 10 + phase
    root = np.stack([0.1 * np.sin(angle), 0.95 + 0.02 * np.cos(2 * angle), 0.02 * np.arange(frames)], axis=1)
    unrotated = np.tile([1.0, 0.0, 0.0, 0.0], (frames, 22, 1))
    return Motion(kinematics.forward_positions(unrotated, root, kinematics.REST_OFFSETS), name=name)


def swaying(frames: int = 60, seed: int = 0, fps: float = 20.0, name: str | None = None) -> Motion:
    """Rotate each joint of a body with rigid bones about random axes in slow sines, by up to half a radian.

    The pelvis drifts and rotates as well. No physics holds for this motion.
    """
    random = np.random.default_rng(seed)
    times = np.arange(frames)[:, None, None] / fps
    phases, speeds = random.uniform(0, 2 * np.pi, (22, 3)), random.uniform(1, 3, (22, 3))
    vectors = random.uniform(-0.3, 0.3, (22, 3)) * np.sin(speeds * times + phases)
    vectors[:, 0, 1] += 0.8 * times[:, 0, 0]
    root = np.array([0.0, 0.95, 0.0]) + np.array([0.3, 0.0, 0.6]) * times[:, 0]
    positions = kinematics.forward(rotation.exp(vectors), root, kinematics.REST_OFFSETS)
    positions[..., 1] -= positions[..., 1].min()
    return Motion(positions.astype(np.float32), fps=fps, caption="a person sways", name=name)


def swaying_set(count: int = 3) -> MotionSet:
    """Return `swaying` motions of different lengths and rates with metadata; the second one has no captions."""
    captions = [("a person sways", "someone swings — slowly") if i != 1 else () for i in range(count)]
    motions = [swaying(40 + 7 * i, seed=i, fps=(20.0, 30.0)[i % 2], name=f"sway_{i}") for i in range(count)]
    motions = [
        replace(motion, caption=next(iter(texts), None)) for motion, texts in zip(motions, captions, strict=True)
    ]
    metadata = [{"frames": len(motion), "source": {"take": i}} for i, motion in enumerate(motions)]
    return MotionSet(tuple(motions), tuple(captions), tuple(metadata))
