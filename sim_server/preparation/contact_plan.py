"""The contact plan: what does not fall is carried, so something of it has to touch the floor.

Generators let bodies hover a few centimetres over the floor, and blur steps until neither foot ever rests. The
simulation finds nothing then that could carry the body. Where a motion does not fall, it is brought down to the floor,
and a foot is chosen that carries it. Parts of the body that are in the floor raise it.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from motion.array_types import BoolArray, FloatArray
from motion.physics import GRAVITY_M_S2
from sim_server.body.humanoid import CONTROL_FPS, SUBSTEP_S, SUBSTEPS
from sim_server.body.substep_path import sample_times, smooth_path
from sim_server.preparation.spans import true_spans

_SUPPORTED = 0.35  # share of the weight that something must carry, from which on something is expected to
_NEAR_FLIGHT_FRAMES = 2  # sampling and smoothing blur a landing and a take-off over so many frames
_END_FRAMES = 3  # at both ends, where the smoothed path bends
_TOUCH_M = 0.02  # what is higher touches nothing
_CONTACT_M = 0.015  # a sole that is higher carries nothing in the simulation
_SLACK_M = 0.005  # a body that hovers lower stays there
_DEPTH_M = 0.01  # other parts than feet may be so deep in the floor: they are soft, and their shape is estimated
_LARGEST_SHIFT_M = 0.35
# The shift follows the gaps like a filter of this time constant; where nothing is known it returns to 0.
_SHIFT_S, _FREE_WEIGHT = 0.08, 0.01
_NEARBY_FRAMES = 5
_BODY_CARRIES_M = 0.04  # another part of the body that is lower than this and lower than the feet carries it
_REACH_M, _FASTEST_M_S = 0.10, 1.0  # a foot that is higher or faster does not come down to carry
_REACH_SCALE_M, _SPEED_SCALE_M_S = 0.03, 0.5  # height and speed that speak equally against a foot


def vertical_support(centre_height: FloatArray) -> FloatArray:
    """Compute the share of its weight that something must carry of a body.

    By Newton's second law it is s = (g + c'') / g, with c the height of the center of mass. c'' is taken from the path
    that the simulation's forces are computed from: a natural cubic spline, smoothed, at the substeps. A frame
    gets the mean of the control steps that lead to it and from it.

    Args:
        centre_height: (frames,) of the center of mass [m], at 20 frames/s, at least two frames.

    Returns:
        (frames,) 1 for a body at rest, 0 in free fall.
    """
    frames = len(centre_height)
    spline = CubicSpline(np.arange(frames), centre_height, bc_type="natural")
    path = smooth_path(spline(sample_times(frames)))
    acceleration = np.gradient(np.gradient(path, SUBSTEP_S), SUBSTEP_S)[1::SUBSTEPS]
    steps = 1 + acceleration / GRAVITY_M_S2
    support = np.concatenate([steps[:1], (steps[1:] + steps[:-1]) / 2, steps[-1:]])
    ends = min(_END_FRAMES, (frames - 1) // 2)
    return np.pad(support[ends : frames - ends], ends, mode="edge")


def surely_supported(supported: BoolArray, touching: BoolArray) -> BoolArray:
    """Return the frames that are supported beyond doubt.

    Near a flight nobody can tell. But a body that is supported for a while, and touches nothing in that time, cannot
    have been near the floor before or after a flight either: all of that time counts.

    Args:
        supported: (frames,) whether something must carry the body.
        touching: (frames,) whether anything touches the floor.
    """
    sure = np.zeros(len(supported), bool)
    for start, stop in true_spans(supported):
        if touching[start:stop].any():
            start += _NEAR_FLIGHT_FRAMES * (start > 0)
            stop -= _NEAR_FLIGHT_FRAMES * (stop < len(supported))
        sure[start:stop] = True
    return sure


def plan_height_shift(feet: FloatArray, body: FloatArray, support: FloatArray) -> FloatArray:
    """Plan how far the whole body is raised or lowered, so that it touches the floor where something must carry it.

    The shift y minimizes  sum_t w (y + l)^2 + T^6 sum_t y'''^2,  with l the gap under the body (negative: its depth in
    the floor), T a time constant, and w = 1 where l is known, little else. It is a weighted smoothing (Whittaker, "On a
    new method of graduation", 1923), whose normal equations have seven bands. Its overshoot is cut off: nowhere is y
    larger than the gaps and depths nearby.

    Args:
        feet: (frames, 2) heights of the soles [m].
        body: (frames,) height of the lowest other point of the body [m].
        support: (frames,) from `vertical_support`; zeros if nothing is known of it.

    Returns:
        (frames,) upwards [m]; zeros if the body is nowhere too high or too low.
    """
    lowest = np.minimum(feet.min(1), body)
    sure = surely_supported(support > _SUPPORTED, lowest < _TOUCH_M)
    for start, stop in true_spans(sure):
        # So high a body is in the air, whether it falls as it should or not.
        sure[start:stop] = lowest[start:stop].max() < _LARGEST_SHIFT_M
    deep = body < -_DEPTH_M
    if len(feet) < 4 or not (deep | (sure & (lowest > _CONTACT_M))).any():
        return np.zeros(len(feet))
    gap = np.where(deep, body + _DEPTH_M, np.where(sure, np.maximum(lowest - _SLACK_M, 0), 0))
    shift = _smooth_path_through(-gap, np.where(sure | deep, 1.0, _FREE_WEIGHT))
    return np.clip(shift, -_highest_nearby(gap), np.minimum(_highest_nearby(-gap), _LARGEST_SHIFT_M))


def choose_carrying_feet(
    feet: FloatArray, speed: FloatArray, cleaned_feet: FloatArray, cleaned_body: FloatArray, support: FloatArray
) -> BoolArray:
    """Choose the feet that must carry the body where nothing else does.

    It is the foot that is lower and slower, if it can be on the floor at all.

    Args:
        feet: (frames, 2) heights of the soles before their contacts are cleaned [m].
        speed: (frames, 2) of the slower end of each foot then [m/s].
        cleaned_feet: (frames, 2) heights of the soles afterwards [m].
        cleaned_body: (frames,) height of the lowest other point of the body then [m].
        support: (frames,) from `vertical_support` then.

    Returns:
        (frames, 2) mask of the left and the right foot.
    """
    stands = np.any(cleaned_feet < _CONTACT_M, axis=1)
    step_stands = np.logical_or(
        stands[:-1], stands[1:]
    )  # a control step has a foot if it is down at its beginning or at its end
    before, after = np.append(True, step_stands), np.append(step_stands, True)
    body_carries = (cleaned_body < _BODY_CARRIES_M) & (cleaned_body < cleaned_feet.min(1) - 0.01)
    sure = surely_supported(support > _SUPPORTED, stands)
    needed = sure & ~(before & after) & ~body_carries
    cost = gaussian_filter1d(np.maximum(feet, 0) / _REACH_SCALE_M + speed / _SPEED_SCALE_M_S, 1.0, axis=0)
    able = (feet < _REACH_M) & (speed < _FASTEST_M_S)
    return needed[:, None] & able & (np.arange(2) == cost.argmin(1)[:, None])


def _highest_nearby(values: FloatArray) -> FloatArray:
    """Return the largest of the positive values (frames,) near each frame, 0 for none."""
    return maximum_filter1d(np.maximum(values, 0), 2 * _NEARBY_FRAMES + 1)


def _smooth_path_through(targets: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the path (frames,) that is near weighted targets (frames,) and has a small third derivative."""
    frames = len(targets)
    third = np.array([-1.0, 3.0, -3.0, 1.0]) * (_SHIFT_S * CONTROL_FPS) ** 3
    bands = np.zeros((4, frames))
    bands[3] = weight
    for i in range(4):
        for j in range(i, 4):
            bands[3 - (j - i), j : frames - 3 + j] += third[i] * third[j]
    return solveh_banded(bands, weight * targets)
