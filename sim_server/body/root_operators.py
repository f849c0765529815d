"""Banded operators from the path of the root at the frames to what the inverse dynamics see of it.

Retargeting interpolates the root's path by a natural cubic spline U, smooths it by a Gaussian S and differentiates it
twice by central differences D. All of that is linear: for each sample of the substep path, the rows of

    A = D D S U  [1/s²]        P = S U

give the acceleration and the place of the root from its positions at the n frames. A row has the same entries in every
control step, except near the two ends, and they fade away from its own time by a factor of 0.27 a frame.

A control step is represented by the samples that its first and its last substep lead to; the wrench of the one between
hardly differs from their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

from motion.array_types import FloatArray, IntArray
from sim_server.body.humanoid import SUBSTEP_S, SUBSTEPS
from sim_server.body.substep_path import sample_times, smooth_path

FRAMES_BEFORE, FRAMES_AFTER = 4, 6
"""How many frames before and after frame k step k reaches; entries beyond are at most 0.1 % of the largest."""
WIDTH = FRAMES_BEFORE + 1 + FRAMES_AFTER
"""Frames that a step reaches."""
SAMPLES_OF_STEP = (1, SUBSTEPS)
"""The samples that represent a control step, counted from the one at its frame."""
SAMPLES = len(SAMPLES_OF_STEP)
_END = 24  # steps this far from both ends of a path do not know of them, to twelve digits


@dataclass(frozen=True)
class RootOperators:
    """The operators of a motion of n frames: the rows of the samples of its n - 1 control steps.

    Entry c of step k belongs to frame k - `FRAMES_BEFORE` + c; it is zero where the motion has no such frame.

    Attributes:
        acceleration: (n - 1, `SAMPLES`, `WIDTH`) rows of A [1/s²].
        place: (n - 1, `SAMPLES`, `WIDTH`) rows of P.
    """

    acceleration: FloatArray
    place: FloatArray


def root_operators(frames: int) -> RootOperators:
    """Return the operators for a motion with this number of frames, at least two."""
    ends = _short_operators(min(frames, 2 * _END + 1))
    step = np.arange(frames - 1)
    like = np.minimum(step, _END) + np.maximum(step - (frames - 1 - _END), 0) if frames > 2 * _END + 1 else step
    return RootOperators(ends.acceleration[like], ends.place[like])


def step_samples(frames: int) -> IntArray:
    """Return the samples ((frames - 1) * `SAMPLES`,) of the substep path that represent the control steps, in order."""
    return (np.arange(frames - 1)[:, None] * SUBSTEPS + np.array(SAMPLES_OF_STEP)).ravel()


@cache
def _short_operators(frames: int) -> RootOperators:
    return RootOperators(*(_bands(operator) for operator in _dense_operators(frames)))


def _dense_operators(frames: int) -> tuple[FloatArray, FloatArray]:
    """Return A and P, (frames - 1, `SAMPLES`, frames) each."""
    spline = CubicSpline(np.arange(frames), np.eye(frames), bc_type="natural")
    place = smooth_path(spline(sample_times(frames)))
    acceleration = np.gradient(np.gradient(place, SUBSTEP_S, axis=0), SUBSTEP_S, axis=0)
    samples = step_samples(frames).reshape(-1, SAMPLES)
    return acceleration[samples], place[samples]


def _bands(operator: FloatArray) -> FloatArray:
    """Cut what `WIDTH` frames contribute to each step out of an operator (frames - 1, `SAMPLES`, frames)."""
    padded = np.pad(operator, ((0, 0), (0, 0), (FRAMES_BEFORE, FRAMES_AFTER - 1)))
    steps = np.arange(len(operator))[:, None]
    return padded[steps, :, steps + np.arange(WIDTH)].swapaxes(1, 2)
