"""Running motions, blurred as generators blur them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion.synthesis import synthesize

_FPS = 20


def blurred_runs(frames: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield runs, each also blurred, and also blurred with a bounce.

    The bounce has 2.5 periods a second and accelerates downward at up to 9.9 m/s², as in a run.

    Args:
        frames: standard deviation of the Gaussian that blurs the postures.

    Yields:
        The three variants, (frames, 22, 3) each.
    """
    for motion in synthesize(6, 3, actions=["jog"]):
        run = motion.positions.astype(np.float64)
        path = run[:, :1] * (1, 0, 1)
        blurred = path + gaussian_filter1d(run - path, frames, axis=0, mode="nearest")
        blurred[..., 1] -= blurred[..., 1].min()
        bounce = 0.04 * (1 + np.sin(2 * np.pi * 2.5 * np.arange(len(run)) / _FPS))
        yield run, blurred, blurred + bounce[:, None, None] * (0, 1, 0)
