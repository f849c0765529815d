"""Bridge short gaps in the joints of a motion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from motion.array_types import BoolArray
from motion.motion import Motion
from motion.skeleton import JOINT_NAMES, PARENTS

LONGEST_GAP_S = 0.25
"""Longest gap that is bridged, seconds."""
MOST_JOINTS = 2
"""Most joints of one frame that are bridged."""


def bridge_gaps(motion: Motion) -> tuple[Motion, list[str]]:
    """Fill short gaps of few joints, by interpolation of the bone to the parent.

    A gap is bridged if it lasts at most `LONGEST_GAP_S`, has sound frames before and after it, and concerns at most
    `MOST_JOINTS` joints at a time. If one gap cannot be bridged, the motion is left as it is, and
    `motion.validation.check_motion` refuses it.

    Args:
        motion: a motion whose positions may be NaN or infinite.

    Returns:
        The motion, and a sentence for each gap that was bridged.
    """
    lost: BoolArray = np.any(~np.isfinite(motion.positions), axis=-1)
    if not lost.any() or lost.sum(axis=1).max() > MOST_JOINTS:
        return motion, []
    longest = max(1, round(LONGEST_GAP_S * motion.fps))
    gaps = [(joint, first, end) for joint in range(len(JOINT_NAMES)) for first, end in _runs(lost[:, joint])]
    if any(first == 0 or end == len(motion) or end - first > longest for _, first, end in gaps):
        return motion, []
    positions = motion.positions.astype(np.float64)
    for joint, first, end in gaps:  # parents come before their children
        origin = positions[:, PARENTS[joint]] if joint else np.zeros((len(motion), 3))
        before, after = (positions[frame, joint] - origin[frame] for frame in (first - 1, end))
        share = np.linspace(0, 1, end - first + 2)[1:-1, None]
        bone = (1 - share) * before + share * after
        if joint:  # a bone keeps its length while it turns
            length = (1 - share) * np.linalg.norm(before) + share * np.linalg.norm(after)
            bone *= length / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
        positions[first:end, joint] = origin[first:end] + bone
    notes = [
        f"{JOINT_NAMES[joint]} has no position in {_frames(first, end)} ({(end - first) / motion.fps:.2g} s); bridged"
        for joint, first, end in gaps
    ]
    filled = np.where(lost[..., None], positions, motion.positions)
    return motion.with_positions(filled), notes


def _runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """Yield the first index of each run of true values, and the index after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _frames(first: int, end: int) -> str:
    return f"frame {first}" if end == first + 1 else f"frames {first} to {end - 1}"
