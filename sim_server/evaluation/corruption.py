"""Typical faults of generators, added to clean motions so that a correction can be compared with the original."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion

_Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""Changes positions (frames, 22, 3) [m], given their frames per second and a source of randomness."""


def _lower(metres: float) -> _Change:
    return lambda positions, fps, rng: positions - (0, metres, 0)


def _drift(metres_per_second: float) -> _Change:
    """Make a change that moves the whole body at a constant speed in a random horizontal direction."""

    def change(positions: np.ndarray, fps: float, rng: np.random.Generator) -> np.ndarray:
        heading = rng.uniform(0, 2 * np.pi)
        velocity = metres_per_second * np.array([np.cos(heading), 0, np.sin(heading)])
        return positions + velocity * (np.arange(len(positions)) / fps)[:, None, None]

    return change


def _jitter(metres: float) -> _Change:
    """Make a change that adds white noise of this standard deviation to every coordinate of every joint."""
    return lambda positions, fps, rng: positions + rng.normal(0, metres, positions.shape)


CORRUPTIONS: dict[str, tuple[_Change, ...]] = {
    "clean": (),
    "sink": (_lower(0.10),),
    "float": (_lower(-0.10),),
    "drift": (_drift(0.3),),
    "jitter": (_jitter(0.02),),
    "all": (_lower(0.05), _drift(0.3), _jitter(0.01)),
}
"""The kinds of corruption, each a sequence of changes."""


def corrupt(motion: Motion, kind: str, seed: int = 0) -> Motion:
    """Corrupt a motion; the result depends only on the motion, its name, the kind and the seed.

    Args:
        motion: the clean motion.
        kind: a key of `CORRUPTIONS`.
        seed: seed of the random changes.

    Raises:
        InvalidInput: there is no such kind, or the seed is negative.
    """
    if kind not in CORRUPTIONS:
        raise InvalidInput.of("corrupt", f"is {kind!r}; must be one of {', '.join(CORRUPTIONS)}")
    if seed < 0:
        raise InvalidInput.of("seed", f"is {seed}; must not be negative")
    rng = np.random.default_rng([seed, zlib.crc32((motion.name or "").encode())])
    positions = motion.positions.astype(np.float64)
    for change in CORRUPTIONS[kind]:
        positions = change(positions, motion.fps, rng)
    return motion.with_positions(positions)
