"""How far a correction makes a body travel, compared with its input, and how to take that back.

Feet that slide evenly are made to stand. A walk on a treadmill, or one that a tool keeps in place, then travels, and a
body that drifts or is carried faster than its legs go is held back.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import savgol_filter

from motion.array_types import FloatArray

_SMOOTH_FRAMES = 21  # about a second: a step, and the noise of the input, are no travel
_TOLD_M = 0.5  # a smaller change is not told
_TOLD_SHARE = 0.25  # nor one that is a smaller share of the longer path
_IN_PLACE_SHARE = 0.25  # a path that is shorter than this share of the other one stays in place
_MADE_TO_TRAVEL = "steps in place were made to travel"
_FURTHER = "was made to travel further"
_HELD_BACK = "drift was taken out"


def added_path(reference: FloatArray, source: FloatArray) -> FloatArray:
    """Compute how far the pelvis was moved horizontally, (frames, 3) [m], smoothed and 0 in the first frame.

    Args:
        reference: (frames, 22, 3) joint positions that the simulation follows [m], at 20 frames/s.
        source: (frames, 22, 3) joint positions of the input [m], at the same rate.
    """
    moved = _smooth((reference[:, 0] - source[:, 0]) * (1, 0, 1))
    return moved - moved[0]


def travel_note(reference: FloatArray, source: FloatArray) -> str:
    """Say in a sentence how far the body travels if that is another distance than in the input; else return "".

    Args:
        reference: as for `added_path`.
        source: as for `added_path`.
    """
    return travel_sentence(*path_lengths(reference, source))


def path_lengths(reference: FloatArray, source: FloatArray) -> tuple[float, float]:
    """Return how far the pelvis travels in the reference and in the source [m]; arguments as for `added_path`."""
    return _path_length(reference), _path_length(source)


def says_travel(note: str) -> bool:
    """Return whether a note is one of `travel_sentence`."""
    return note.startswith((_MADE_TO_TRAVEL, _FURTHER, _HELD_BACK))


def travel_sentence(after: float, before: float) -> str:
    """Say that a body travels `after` and not `before` [m] if that is another distance; else return ""."""
    if abs(after - before) < max(_TOLD_M, _TOLD_SHARE * max(before, after)):
        return ""
    lengths = f"it travels {after:.1f} m, and {before:.1f} m in the input"
    if before < _IN_PLACE_SHARE * after:
        return f"{_MADE_TO_TRAVEL}, so that the feet stand: {lengths}; --in-place keeps the place"
    if after > before:
        return f"{_FURTHER}, so that the feet stand: {lengths}"
    return f"{_HELD_BACK}, or the body slowed to what its feet do: {lengths}"


def _path_length(positions: FloatArray) -> float:
    path = _smooth(np.asarray(positions[:, 0], np.float64) * (1, 0, 1))
    return float(np.linalg.norm(np.diff(path, axis=0), axis=-1).sum())


def _smooth(path: FloatArray) -> FloatArray:
    """Smooth a path (frames, 3) by local lines, which keep a steady pace up to the ends."""
    window = min(_SMOOTH_FRAMES, (len(path) - 1) // 2 * 2 + 1)
    return np.asarray(savgol_filter(path, window, 1, axis=0), np.float64)
