"""A body that stands and sways: the plainest motion that every corrector takes."""

from __future__ import annotations

import numpy as np

from motion.motion import Motion

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
    """A body that stands with its feet planted and sways from side to side, each seed in its own way."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi)
    time = np.arange(frames) / fps
    lean = 0.03 * np.sin(2 * np.pi * random.uniform(0.3, 0.6) * time + phase)
    positions = np.repeat(_STANDING[None], frames, axis=0)
    moving = [joint for joint in range(22) if joint not in _PLANTED]
    positions[:, moving, 0] += lean[:, None] * _STANDING[moving, 1] / _STANDING[:, 1].max()
    return Motion(positions.astype(np.float32), fps=fps, caption=caption, name=name)
