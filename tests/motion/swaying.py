"""A made-up person who sways, turns and swings arms and legs: motion with rigid bones, from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motion import kinematics, rotation
from motion.motion import Motion
from motion.motion_set import MotionSet


def swaying(frames: int = 60, seed: int = 0, fps: float = 20.0, name: str | None = None) -> Motion:
    """Each joint turns about random axes, by up to half a radian, in slow sines; the pelvis drifts and turns."""
    random = np.random.default_rng(seed)
    times = np.arange(frames)[:, None, None] / fps
    phases, speeds = random.uniform(0, 2 * np.pi, (22, 3)), random.uniform(1, 3, (22, 3))
    turns = random.uniform(-0.3, 0.3, (22, 3)) * np.sin(speeds * times + phases)
    turns[:, 0, 1] += 0.8 * times[:, 0, 0]
    root = np.array([0.0, 0.95, 0.0]) + np.array([0.3, 0.0, 0.6]) * times[:, 0]
    positions = kinematics.forward(rotation.exp(turns), root, kinematics.REST_OFFSETS)
    positions[..., 1] -= positions[..., 1].min()
    return Motion(positions.astype(np.float32), fps=fps, caption="a person sways", name=name)


def swaying_set(count: int = 3) -> MotionSet:
    """Motions of different lengths and rates, one without captions, with metadata."""
    captions = [("a person sways", "someone swings — slowly") if i != 1 else () for i in range(count)]
    motions = [swaying(40 + 7 * i, seed=i, fps=(20.0, 30.0)[i % 2], name=f"sway_{i}") for i in range(count)]
    motions = [
        replace(motion, caption=next(iter(texts), None)) for motion, texts in zip(motions, captions, strict=True)
    ]
    metadata = [{"frames": len(motion), "source": {"take": i}} for i, motion in enumerate(motions)]
    return MotionSet(tuple(motions), tuple(captions), tuple(metadata))
