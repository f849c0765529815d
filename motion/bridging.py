"""Bridge frames in which joints are not where they should be."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.skeleton import NUM_JOINTS, PARENTS

_NO_LENGTH_M = 1e-9


def bridge(
    positions: FloatArray,
    start: int,
    stop: int,
    joints: Collection[int] = range(NUM_JOINTS),
    torn: BoolArray | None = None,
) -> FloatArray:
    """Interpolate joints over some frames from the sound frames around them.

    The pelvis is interpolated by a cubic Hermite spline, whose tangents are the steps before and after the frames.
    Other joints are placed by their bones: the vector from the parent is interpolated in the same way and given the
    length that is interpolated from both sides, so that the bone turns and keeps its length. Joints that are not named
    stay where they are. Without a frame on one side, pelvis and bones are held as they are on the other.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        start: first frame to bridge.
        stop: the frame after the last one.
        joints: the joints to bridge.
        torn: (frames - 1,) steps that are jumps and give no tangent; None for none.

    Returns:
        The positions (stop - start, 22, 3) of these frames [m], float64.

    Raises:
        ValueError: there is no frame on either side.
    """
    positions = np.asarray(positions[max(0, start - 2) : stop + 2], np.float64)
    origin = max(0, start - 2)
    torn = np.zeros(len(positions) - 1, bool) if torn is None else torn[origin : origin + len(positions) - 1]
    first, last = start - origin, stop - origin
    bridged = positions[first:last].copy()
    for joint in sorted(joints):  # parents come before their children
        parent = PARENTS[joint]
        bones = positions[:, joint] - positions[:, parent] if joint else positions[:, 0]
        between = _interpolate(bones, first, last, torn)
        if joint:
            between = _with_lengths(between, bones, first, last)
            between = between + bridged[:, parent]
        bridged[:, joint] = between
    return bridged


def _interpolate(values: FloatArray, first: int, last: int, torn: BoolArray) -> FloatArray:
    """Interpolate rows first..last - 1 of `values` (n, 3) from the two rows on each side, as far as they are there."""
    if first == 0 and last == len(values):
        raise ValueError("there is no frame to bridge from")
    if first == 0 or last == len(values):
        return np.repeat(values[last if first == 0 else first - 1][None], last - first, axis=0)
    length = last - first + 1
    before, after = values[first - 1], values[last]
    leaving = values[first - 1] - values[first - 2] if first > 1 and not torn[first - 2] else None
    arriving = values[last + 1] - values[last] if last + 1 < len(values) and not torn[last] else None
    chord = (after - before) / length
    leaving, arriving = (chord if tangent is None else tangent for tangent in (leaving, arriving))
    s = (np.arange(1, length) / length)[:, None]
    return (
        (1 + 2 * s) * (1 - s) ** 2 * before
        + s * (1 - s) ** 2 * length * leaving
        + s**2 * (3 - 2 * s) * after
        + s**2 * (s - 1) * length * arriving
    )


def _with_lengths(between: FloatArray, bones: FloatArray, first: int, last: int) -> FloatArray:
    """Scale bones (last - first, 3) to lengths that lead from those on one side to those on the other."""
    known = [np.linalg.norm(bones[row]) for row in (first - 1, last) if 0 <= row < len(bones)]
    lengths = np.linspace(known[0], known[-1], last - first + 2)[1:-1, None]
    norms = np.linalg.norm(between, axis=-1, keepdims=True)
    return np.where(norms > _NO_LENGTH_M, between * lengths / np.maximum(norms, _NO_LENGTH_M), between)
