"""Plan the stretches in which a motion is corrected.

A section between two cuts is one stretch if it is short enough. Longer ones are divided where the body is calm, into
stretches that overlap, because a simulation needs some time after its start, and before its end it does not see what
comes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.array_types import FloatArray
from motion.motion import Motion
from motion.resample import frames_covering
from motion.skeleton import TOES
from sim_server.body.humanoid import CONTROL_FPS

MAX_STRETCH_FRAMES = 2000
"""Most frames of a stretch, counted at `CONTROL_FPS`."""
BLEND_S = 1.0
"""Time over which one stretch is blended into the next [s]."""

_NOMINAL_S = 60.0  # aimed at where a section is divided
_SEARCH_SHARE = 0.2  # of a stretch, on each side of the middle between its neighbours
_MARGIN_S = 1.0  # of simulation before and after the blend


@dataclass(frozen=True)
class Stretch:
    """Frames of a motion that are simulated at a time.

    Attributes:
        start: the first frame.
        stop: the frame after the last one.
        border: the frame from which on the result is this stretch's, with a blend around it; `start` where nothing is
            blended.
    """

    start: int
    stop: int
    border: int

    @property
    def blends(self) -> bool:
        """Whether the stretch continues the one before."""
        return self.border > self.start


def plan_stretches(motion: Motion, sections: Sequence[tuple[int, int]]) -> list[Stretch]:
    """Plan the stretches of the sections of a motion, in the order of their frames.

    Args:
        motion: the motion.
        sections: (start, stop) frames of its sections.
    """
    return [stretch for start, stop in sections for stretch in _divide(motion, start, stop)]


def blend_span(stretch: Stretch, fps: float) -> tuple[int, int]:
    """Return the first frame in which a stretch is blended with the one before, and the frame after the last one."""
    half = max(1, round(BLEND_S * fps / 2))
    return stretch.border - half, stretch.border + half


def _divide(motion: Motion, start: int, stop: int) -> list[Stretch]:
    if frames_covering(stop - start, motion.fps, CONTROL_FPS) <= MAX_STRETCH_FRAMES:
        return [Stretch(start, stop, start)]
    count = math.ceil((stop - start) / motion.fps / _NOMINAL_S)
    length = (stop - start) / count
    reach = round(_SEARCH_SHARE * length)
    borders = [_calmest_frame(motion, round(start + k * length), reach) for k in range(1, count)]
    overlap = round((BLEND_S / 2 + _MARGIN_S) * motion.fps) + 1
    starts = [start, *(border - overlap for border in borders)]
    stops = [*(border + overlap for border in borders), stop]
    return [Stretch(*each) for each in zip(starts, stops, [start, *borders], strict=True)]


def _calmest_frame(motion: Motion, middle: int, reach: int) -> int:
    """Return the frame within `reach` of `middle` around which the body moves least, and its toes least of all."""
    half = max(1, round(BLEND_S * motion.fps / 2))
    speed = _restlessness(motion.positions[middle - reach - half : middle + reach + half + 1])
    window = np.convolve(speed, np.ones(2 * half), "valid")
    return middle - reach + int(window.argmin())


def _restlessness(positions: FloatArray) -> FloatArray:
    """Return the mean step of all joints plus that of the toes, (frames - 1,) [m]."""
    steps = np.linalg.norm(np.diff(positions.astype(np.float64), axis=0), axis=-1)
    return steps.mean(axis=1) + steps[:, TOES].mean(axis=1)
