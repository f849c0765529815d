"""Steps of a motion in which a joint, or the whole body, is suddenly somewhere else.

The bounds were derived from motion capture of walks, runs, kicks, flips and rolls, from outputs of text-to-motion
models, and from both with 2 cm of white noise: at 20 frames/s none of them comes nearer to a bound than two thirds.
"""

from __future__ import annotations

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.skeleton import JOINT_NAMES

MIN_JUDGED_FRAMES = 10
"""In shorter motions nothing tells a jump from a fast movement."""

BODY_FLOOR_M = 0.075
"""Smallest jump of the body, the mean over its joints, at 20 frames/s [m]."""
JOINT_FLOOR_M = np.array(
    [
        0.6
        if any(word in name for word in ("ankle", "foot", "wrist"))
        else 0.3
        if name[-4:] in ("knee", "lbow")
        else 0.25
        for name in JOINT_NAMES
    ]
)
"""Smallest jump of each joint at 20 frames/s [m]; hands and feet are the fastest."""

_SIDE = 2  # neighbours on each side
_SCALE_FACTOR = 2.0
_SCALE_PERCENTILE = 80.0
_SCALE_WINDOW_S = 0.5
_FEWEST_SCALE_STEPS = 10
_SKIPPED_STEPS = 2  # a jump disturbs the residuals of this many steps on each side
_END_FACTOR = 1.5
_REFERENCE_FPS = 20.0
_LOWEST_RATE_FACTOR = 0.5
_CHUNK_STEPS = 4096


def step_residuals(positions: FloatArray) -> FloatArray:
    """Compute how far each step of each joint is from what its neighbours let expect.

    With the steps d[t] = p[t + 1] - p[t], the residual is |d[t] - median(d[t-2], d[t-1], d[t+1], d[t+2])|, the median
    taken of each coordinate. A movement that begins, ends or turns quickly has steps like it on one side at least. A
    jump has none, not even if it takes two steps or goes back at once. At the ends the four nearest steps are taken.

    Args:
        positions: (frames, joints, 3) [m], at least 6 frames.

    Returns:
        Residuals (frames - 1, joints) [m].
    """
    steps = np.diff(np.asarray(positions, np.float64), axis=0)
    first = np.clip(np.arange(len(steps)) - _SIDE, 0, len(steps) - 2 * _SIDE - 1)[:, None]
    index = first + np.arange(2 * _SIDE)
    index += index >= np.arange(len(steps))[:, None]  # without the step itself
    residuals = np.empty(steps.shape[:2])
    for begin in range(0, len(steps), _CHUNK_STEPS):
        part = slice(begin, begin + _CHUNK_STEPS)
        around = np.sort(steps[index[part]], axis=1)
        residuals[part] = np.linalg.norm(steps[part] - (around[:, 1] + around[:, 2]) / 2, axis=-1)
    return residuals


def rate_factor(fps: float) -> float:
    """Return the factor on the bounds at a frame rate, 1 at 20 frames/s.

    The residuals of smooth motion are accelerations times 1 / fps². Below 20 frames/s the bounds follow them. Above,
    they follow 1 / fps down to one half, because the noise of a recording does not shrink.
    """
    ratio = _REFERENCE_FPS / fps
    return ratio**2 if ratio > 1 else max(ratio, _LOWEST_RATE_FACTOR)


def jump_bounds(residuals: FloatArray, fps: float, floor_m: FloatArray | float) -> FloatArray:
    """Compute the bounds above which residuals are jumps.

    The bound is floor_m * rate_factor(fps) + 2 * s, where s is the 80th percentile of the residuals within half a
    second (10 steps at least) on both sides, without the step itself and two beside it. So a fast or noisy passage has
    to jump further. The floor is half as high again for the two steps at each end, whose neighbours lie farther away.
    Where the residual is below the floor the bound is infinite.

    Args:
        residuals: (steps, k) residuals of k joints, or of the body [m].
        fps: frames per second.
        floor_m: (k,) floors at 20 frames/s, or one number [m].

    Returns:
        Bounds (steps, k) [m].
    """
    floor = np.broadcast_to(np.asarray(floor_m) * rate_factor(fps), residuals.shape).copy()
    floor[:_SIDE] *= _END_FACTOR
    floor[-_SIDE:] *= _END_FACTOR
    bounds = np.full(residuals.shape, np.inf)
    reach = max(_FEWEST_SCALE_STEPS, round(_SCALE_WINDOW_S * fps))
    for step, k in np.argwhere(residuals > floor):
        near = residuals[max(0, step - reach) : step + reach + 1, k]
        apart = np.abs(np.arange(len(near)) + max(0, step - reach) - step) > _SKIPPED_STEPS
        scale = float(np.percentile(near[apart], _SCALE_PERCENTILE)) if apart.any() else np.inf
        bounds[step, k] = floor[step, k] + _SCALE_FACTOR * scale
    return bounds


def body_jumps(residuals: FloatArray, fps: float) -> BoolArray:
    """Return the (frames - 1,) mask of steps in which the body jumps, from the residuals of its joints [m]."""
    mean = residuals.mean(axis=1, keepdims=True)
    return (mean > jump_bounds(mean, fps, BODY_FLOOR_M))[:, 0]


def joint_jumps(residuals: FloatArray, fps: float) -> BoolArray:
    """Return the (frames - 1, 22) mask of steps in which a joint jumps, from the residuals of the joints [m]."""
    return residuals > jump_bounds(residuals, fps, JOINT_FLOOR_M)
