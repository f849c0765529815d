"""Motions at the rate of the control steps, and which of them can be corrected."""

from __future__ import annotations

import sys

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.resample import frames_covering, resample
from motion.validation import MAX_MESSAGE_FRAMES, as_motion
from sim_server.body.humanoid import CONTROL_FPS

MIN_FRAMES = 4
MAX_FRAMES = MAX_MESSAGE_FRAMES
"""Most frames of a motion, counted at `CONTROL_FPS`; longer ones than a stretch may have are corrected in stretches."""


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
