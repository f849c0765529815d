"""What preparation changed, in sentences for the user."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion.array_types import BoolArray, FloatArray
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.body.preparation_note import PreparationNote, join_words
from sim_server.preparation.foot_contacts import foot_speeds
from sim_server.preparation.spans import true_spans
from sim_server.preparation.support import upright

_TOLD_NOISE_M = 0.005
_TOLD_OFFSET_M = 0.05  # of the whole motion
_TOLD_SHIFT_M = 0.03  # of the body at some times
_TOLD_DEPTH_M = 0.01
_TOLD_FRAMES = 5  # a foot that carries for a shorter time is not told
_TOLD_PARTS = 3
_REST_M_S = 0.3
_REST_FRAMES = 4  # a level at which the feet rest is one if they rest there for so long
_REST_RISE_M_S = 0.1
_LEVEL_GAP_M = 0.10  # steps of stairs are further apart, those on a slope are not
_LEVEL_RANGE_M = 0.08
_STRAIGHT = 0.1  # width of a path relative to its length
_SLOPE_FIT = 0.2  # deviation of the floor from a slope, relative to its own


def noise_notes(noise: float) -> list[PreparationNote]:
    """Tell the noise [m] that was smoothed."""
    return [PreparationNote(f"noise of about {1000 * noise:.0f} mm was smoothed")] if noise >= _TOLD_NOISE_M else []


def drift_notes(path: FloatArray) -> list[PreparationNote]:
    """Tell the drift that was removed, from the path (frames, 3) along which it carried the body [m]."""
    if not path.any():
        return []
    speed = np.linalg.norm(path[-1] - path[0]) / (len(path) - 1) * CONTROL_FPS
    return [PreparationNote(f"standing feet slid at {speed:.2f} m/s; this drift was taken out of the whole motion")]


def floor_notes(
    floor: FloatArray, lowest: FloatArray, positions: FloatArray
) -> tuple[list[PreparationNote], FloatArray]:
    """Tell where the floor was found, and whether it has steps or a slope.

    Args:
        floor: (frames,) its estimated height under each frame of the motion as it came [m].
        lowest: (frames,) height of the lowest point of the body then [m].
        positions: (frames, 22, 3) joint positions over that floor [m].

    Returns:
        Notes, and how far the floor has left its level where they do not explain it (frames,) [m].
    """
    notes = []
    level = float(floor.min() if np.ptp(floor) > _TOLD_SHIFT_M else np.median(floor))
    if abs(level) >= _TOLD_OFFSET_M:
        way = "raised" if level < 0 else "lowered"
        told = f"the whole motion was {way} by {100 * abs(level):.0f} cm, so that its floor is at height 0"
        notes.append(PreparationNote(told))
    away = floor - level
    if np.ptp(floor) < _LEVEL_RANGE_M:
        return notes, away
    levels = _resting_levels(lowest, positions)
    tangent, fits = _slope(floor, positions[:, 0])
    if len(levels) > 1:
        told = (
            f"the feet come to rest at {len(levels)} levels, {100 * (levels[-1] - levels[0]):.0f} cm apart in all, "
            "as on stairs or steps; they were put on one floor"
        )
    elif fits:
        degrees = np.degrees(np.arctan(tangent))
        told = f"the floor seems to slope by {degrees:.0f} degrees; the motion was put on a level one"
    else:
        return notes, away
    return [*notes, PreparationNote(told)], np.zeros_like(away)


def gait_notes(before: FloatArray, after: FloatArray) -> list[PreparationNote]:
    """Tell where a body was made to walk, from its positions before and after (frames, 22, 3) [m]."""
    if after is before:
        return []
    walks = np.linalg.norm(after - before, axis=-1).max(1) > _TOLD_SHIFT_M
    text = "the body was carried along without steps {times}; it was made to walk"
    return [PreparationNote.of(text, walks)] if walks.any() else []


def seat_notes(sits: BoolArray, stands: BoolArray) -> list[PreparationNote]:
    """Tell where a body sits on what is not there, from masks (frames,), and where its feet were put under it."""
    moved = np.zeros(len(sits), bool)
    for start, stop in true_spans(sits):
        moved[start:stop] = stands[start:stop].any()
    return [
        PreparationNote.of(f"nothing carries the body {{times}}, because what it {how} is not there; {deed}", mask)
        for mask, how, deed in (
            (moved, "sits or leans on", "both feet were put on the floor under it"),
            (sits & ~moved, "sits, hangs or leans on", "it was left as it is"),
        )
        if mask.any()
    ]


def shift_notes(shift: FloatArray, depths: FloatArray, parts: Sequence[str]) -> list[PreparationNote]:
    """Tell where the body was raised or lowered.

    Args:
        shift: (frames,) upwards [m].
        depths: (frames, n) of points of the body under the floor before, positive if they are in it [m].
        parts: (n,) the parts of the body that the points belong to.
    """
    notes = []
    if (lowered := shift < -_TOLD_SHIFT_M).any():
        text = f"the body was lowered by up to {-100 * shift.min():.0f} cm {{times}}, where nothing touched the floor"
        notes.append(PreparationNote.of(text, lowered))
    if (raised := shift > _TOLD_SHIFT_M).any():
        depth = depths[raised].max(0)
        deepest = [parts[int(point)] for point in np.argsort(-depth) if depth[point] > _TOLD_DEPTH_M]
        told = list(dict.fromkeys(deepest))[:_TOLD_PARTS]
        reason = f"the {join_words(told)} would be in the floor" if told else "it was under the floor"
        text = f"the body was raised by up to {100 * shift.max():.0f} cm {{times}}, where {reason}"
        notes.append(PreparationNote.of(text, raised))
    return notes


def foot_notes(carrying: BoolArray) -> list[PreparationNote]:
    """Tell which feet (frames, 2) were put on the floor."""
    return [
        PreparationNote.of(
            f"the {side} foot was put on the floor {{times}}, where nothing else would carry the body", mask
        )
        for side, mask in zip(("left", "right"), carrying.T, strict=True)
        if mask.sum() >= _TOLD_FRAMES
    ]


def arm_notes(lifted: BoolArray, bent: BoolArray) -> list[PreparationNote]:
    """Tell which arms were lifted out of the floor, and which hands laid on it, from masks (frames, 2)."""
    notes = []
    for mask, limb, deed in ((lifted, "arm", "lifted out of the floor"), (bent, "hand", "laid on the floor")):
        if mask.any():
            sides = [side for side, each in zip(("left", "right"), mask.T, strict=True) if each.any()]
            who = f"both {limb}s were" if len(sides) == 2 else f"the {sides[0]} {limb} was"
            notes.append(PreparationNote.of(f"{who} {deed} {{times}}", np.any(mask, axis=1)))
    return notes


def _resting_levels(lowest: FloatArray, positions: FloatArray) -> list[float]:
    """Return the heights [m] at which the feet of a body that stands come to rest, from the lowest."""
    still = foot_speeds(positions)[..., 0].min(1) < _REST_M_S
    still &= np.abs(np.gradient(lowest, 1 / CONTROL_FPS)) < _REST_RISE_M_S
    rests = np.sort(lowest[still & upright(positions)])
    groups = np.split(rests, np.flatnonzero(np.diff(rests) > _LEVEL_GAP_M) + 1)
    return [float(np.median(group)) for group in groups if len(group) >= _REST_FRAMES]


def _slope(floor: FloatArray, root: FloatArray) -> tuple[float, bool]:
    """Fit a plane to the floor (frames,) under the root (frames, 3) [m].

    Returns:
        Its rise over run, and whether the floor lies on it.
    """
    path = (root - root.mean(0))[:, [0, 2]]
    # Across a straight path nothing is known of the slope.
    slope = np.linalg.lstsq(path, floor - floor.mean(), rcond=_STRAIGHT)[0]
    deviation = (floor - floor.mean() - path @ slope).std()
    return float(np.linalg.norm(slope)), bool(deviation < _SLOPE_FIT * floor.std())
