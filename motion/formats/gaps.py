"""Bridge short gaps in the joints of a motion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.motion import Motion
from motion.skeleton import ANKLES, JOINT_NAMES, NUM_JOINTS, PARENTS, TOES

LONGEST_GAP_S = 0.25
"""Longest gap that is bridged, seconds."""
MOST_JOINTS = 2
"""Most joints of one frame that are bridged."""


def bridge_gaps(motion: Motion) -> tuple[Motion, list[str]]:
    """Fill short gaps of few joints, by interpolation of the bone to the parent.

    A gap is bridged if it lasts at most `LONGEST_GAP_S`, has sound frames before and after it, and concerns at most
    `MOST_JOINTS` joints at a time. A ball of the foot that is never there is put at the ankle, where tools put joints
    that a skeleton lacks. If one gap cannot be filled, the motion is left as it is, and
    `motion.validation.check_motion` refuses it.

    Args:
        motion: a motion whose positions may be NaN or infinite.

    Returns:
        The motion, and a sentence for each gap that was filled.
    """
    missing: BoolArray = np.any(~np.isfinite(motion.positions), axis=-1)
    if not missing.any():
        return motion, []
    positions, lost = motion.positions.astype(np.float64), missing.copy()
    notes = _put_toes_at_ankles(positions, lost)
    longest = max(1, round(LONGEST_GAP_S * motion.fps))
    gaps = [(joint, first, end) for joint in range(NUM_JOINTS) for first, end in _runs(lost[:, joint])]
    if lost.sum(axis=1).max() > MOST_JOINTS or any(
        first == 0 or end == len(motion) or end - first > longest for _, first, end in gaps
    ):
        return motion, []
    for gap in gaps:  # parents come before their children
        _bridge(positions, *gap)
    notes += [
        f"{JOINT_NAMES[joint]} has no position in {_when(first, end, motion.fps)}; bridged"
        for joint, first, end in gaps
    ]
    return motion.with_positions(np.where(missing[..., None], positions, motion.positions)), notes


def _put_toes_at_ankles(positions: FloatArray, lost: BoolArray) -> list[str]:
    """Put balls of the feet that are never there at the ankles, in both arguments, and say so."""
    notes = []
    for toe, ankle in zip(TOES, ANKLES, strict=True):
        if lost[:, toe].all():
            positions[:, toe], lost[:, toe] = positions[:, ankle], lost[:, ankle]
            notes.append(f"{JOINT_NAMES[toe]} has no position in any frame; it was put at the ankle")
    return notes


def _bridge(positions: FloatArray, joint: int, first: int, end: int) -> None:
    """Interpolate the bone that leads to a joint, in place."""
    origin = positions[:, PARENTS[joint]] if joint else np.zeros((len(positions), 3))
    before, after = (positions[frame, joint] - origin[frame] for frame in (first - 1, end))
    share = np.linspace(0, 1, end - first + 2)[1:-1, None]
    bone = (1 - share) * before + share * after
    if joint:  # a bone keeps its length while it turns
        length = (1 - share) * np.linalg.norm(before) + share * np.linalg.norm(after)
        bone *= length / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
    positions[first:end, joint] = origin[first:end] + bone


def _runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """Yield the first index of each run of true values, and the index after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _when(first: int, end: int, fps: float) -> str:
    frames = f"frame {first}" if end == first + 1 else f"frames {first} to {end - 1}"
    return f"{frames} ({(end - first) / fps:.2g} s)"
