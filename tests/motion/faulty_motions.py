"""Sound motions, and the bad moments that are put into them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motion.array_types import FloatArray
from motion.motion import Motion
from motion.synthesis import synthesize

Spoil = Callable[[FloatArray, np.random.Generator], tuple[FloatArray, int, int]]
"""Function of positions and a source of randomness that returns spoilt positions, and start and stop of the frames."""


def sound_motions(count: int = 12, seed: int = 5, actions: list[str] | None = None) -> list[Motion]:
    """Return motions without faults, of many kinds unless some are named."""
    return list(synthesize(count, seed, actions=actions))


def two_takes() -> tuple[Motion, Motion]:
    """Return a walk, and another motion that begins elsewhere."""
    (walk,), (wave,) = (synthesize(1, 5, actions=[action]) for action in ("walk", "wave"))
    return walk, wave.with_positions(wave.positions[:60] + np.array([2.0, 0.0, 1.0], np.float32))


def displaced(joints: list[int] | slice, metres: float, frames: int) -> Spoil:
    """Move joints together in a random direction."""

    def spoil(positions: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, int, int]:
        start, stop = _span(positions, frames, rng)
        direction = rng.normal(size=3)
        positions[start:stop, joints] += metres * direction / np.linalg.norm(direction)
        return positions, start, stop

    return spoil


def scattered(metres: float, frames: int) -> Spoil:
    """Move every joint of every frame in another direction."""

    def spoil(positions: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, int, int]:
        start, stop = _span(positions, frames, rng)
        positions[start:stop] += rng.normal(0, metres, (stop - start, *positions.shape[1:]))
        return positions, start, stop

    return spoil


def collapsed(joints: list[int] | slice, frames: int, to_root: bool) -> Spoil:
    """Put joints at the root, or at the origin."""

    def spoil(positions: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, int, int]:
        start, stop = _span(positions, frames, rng)
        positions[start:stop, joints] = positions[start:stop, :1] if to_root else 0
        return positions, start, stop

    return spoil


def _span(positions: FloatArray, frames: int, rng: np.random.Generator) -> tuple[int, int]:
    start = int(rng.integers(2, len(positions) - frames - 2))
    return start, start + frames


LEFT_ARM = [16, 18, 20]
GLITCHES: dict[str, tuple[Spoil, float]] = {
    "body": (displaced(slice(None), 1.0, 1), 0.15),
    "body a little": (displaced(slice(None), 0.3, 1), 0.15),
    "body for some frames": (displaced(slice(None), 1.0, 4), 0.15),
    "scattered": (scattered(0.3, 2), 0.15),
    "wrist": (displaced([20], 1.0, 2), 0.15),
    "arm": (displaced(LEFT_ARM, 1.0, 3), 0.15),
    "knee": (displaced([4], 0.5, 2), 0.15),
    "pelvis": (displaced([0], 0.5, 1), 0.15),
    "body at the origin": (collapsed(slice(None), 3, False), 0.15),
    "body at the root": (collapsed(slice(None), 3, True), 0.15),
    "arm at the root": (collapsed(LEFT_ARM[1:], 5, True), 0.3),
    "leg at the origin": (collapsed([4, 7, 10], 4, False), 0.3),
}
"""Glitches and losses, each with the largest error of the bridge over the displaced joints [m]."""
