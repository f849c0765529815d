"""Joints, or whole bodies, that are lost for some frames: at the end of a bone of no possible length.

Trackers put what they do not see at the origin or at the root, and arrays are padded with zeros.
"""

from __future__ import annotations

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.bridging import bridge
from motion.defects import Defect, merged_defects
from motion.skeleton import CHILDREN, NUM_JOINTS, PARENTS, bone_lengths

LONGEST_LOSS_S = 1.0
"""Longest time for which a joint is bridged [s]."""
# Bones of outputs of text-to-motion models come within 4 cm of the first, those with 2 cm of white noise within 1 cm.
_DEVIATION_M = 0.1
_DEVIATIONS = 6.0
_SIGMA_PER_MEDIAN = 1.4826  # standard deviation of normal numbers over the median of their absolute values
_EXTREME = (0.3, 3.0)  # lengths over their median beyond which a bone is none
_TOLD_BONE_M = 0.04  # a shorter bone shows nothing
_LOST_SHARE = 0.5  # a body is lost if this share of its bones is none
_PARENT_RATIO = 1.5
_SPOILT_SHARE = 0.25  # beside a lost body, a frame with this share of its bones broken is lost too


def longest_glitch(fps: float) -> int:
    """Return the most frames over which a whole body is bridged: a quarter of a second, at least three."""
    return max(3, round(0.25 * fps))


def bridge_lost_bodies(positions: FloatArray, fps: float) -> tuple[FloatArray, list[Defect]]:
    """Bridge the frames in which half of the bones have less than 0.3 or more than 3 times their usual length.

    Frames beside them are as bad if a quarter of their bones breaks as in `bridge_lost_joints`.
    Only spans of at most `longest_glitch` with frames on both sides are bridged; the others are returned as defects
    that are not mended.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.

    Returns:
        The positions, the same array if nothing is bridged, and the defects.
    """
    lengths = bone_lengths(positions)
    usual = np.median(lengths, axis=0)
    told = usual > _TOLD_BONE_M
    if not told.any():
        return positions, []
    lost = _extreme(lengths, usual)[:, told].mean(axis=1) >= _LOST_SHARE
    if not lost.any():
        return positions, []
    spoilt = lost | (_broken(lengths, usual)[:, told].mean(axis=1) >= _SPOILT_SHARE)
    for start, stop in spans(spoilt):
        lost[start:stop] |= lost[start:stop].any() and stop - start <= longest_glitch(fps)
    defects = []
    for start, stop in spans(lost):
        mended = 0 < start and stop < len(positions) and stop - start <= longest_glitch(fps)
        if mended:
            positions = positions.copy()
            positions[start:stop] = bridge(positions, start, stop, torn=_beside(lost))
        defects.append(Defect("lost body", start, stop, mended))
    return positions, defects


def bridge_lost_joints(positions: FloatArray, fps: float, skipped: BoolArray) -> tuple[FloatArray, list[Defect]]:
    """Bridge the joints whose bone changes its length by more than 0.1 m + 6 sigma from its median.

    Sigma is 1.4826 times the median deviation of the bone, which is that of noise. A joint whose own bone is sound
    moves along with its parent. If the parent jumped, and not the joint, the parent is to blame.
    Losses of more than a second are bridged nowhere; if the bone is none (see `bridge_lost_bodies`) they are returned
    as defects that are not mended.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.
        skipped: (frames,) frames to leave alone.

    Returns:
        The positions, the same array if nothing is bridged, and the defects.
    """
    lengths = bone_lengths(positions)
    usual = np.median(lengths, axis=0)
    sigma = _sigma(lengths, usual)
    extreme = _extreme(lengths, usual) & (usual > np.maximum(_TOLD_BONE_M, 4 * _DEVIATIONS * sigma))
    broken = np.zeros((len(positions), NUM_JOINTS), bool)
    broken[:, 1:] = _broken(lengths, usual) | extreme
    broken[skipped] = False
    if not broken.any():
        return positions, []
    torn = broken | skipped[:, None]
    blamed = _blame(positions, broken, fps)
    follows = _follows(positions, broken, blamed, fps)
    old, positions, defects = positions, np.asarray(positions, np.float64).copy(), []
    longest = max(3, round(LONGEST_LOSS_S * fps))
    for joint in range(NUM_JOINTS):
        if joint:
            moved = positions[:, PARENTS[joint]] - old[:, PARENTS[joint]]
            positions[:, joint] += np.where(follows[:, joint, None], moved, 0)
        for start, stop in spans(blamed[:, joint]):
            if stop - start <= longest:
                positions[start:stop] = bridge(positions, start, stop, [joint], _beside(torn[:, joint]))
                defects.append(Defect("lost", start, stop, True, (joint,)))
            elif joint and extreme[start:stop, joint - 1].mean() >= _LOST_SHARE:
                defects.append(Defect("lost", start, stop, False, (joint,)))
    if not any(defect.mended for defect in defects):
        positions = old
    return positions, merged_defects(defects)


def _blame(positions: FloatArray, broken: BoolArray, fps: float) -> BoolArray:
    """Return which joints are lost, from the joints whose bones are broken, (frames, 22) both.

    It is the joint itself, unless its parent is displaced much more, compared with the bridge over these frames.
    """
    blamed = broken.copy()
    for joint in range(1, NUM_JOINTS):
        parent = PARENTS[joint]
        for start, stop in spans(broken[:, joint]):
            displaced = _displaced(positions, start, stop, fps)
            if displaced is not None and displaced[parent] > _DEVIATION_M > _PARENT_RATIO * displaced[joint]:
                blamed[start:stop, joint] = False
                blamed[start:stop, parent] = True
    return blamed


def _follows(positions: FloatArray, broken: BoolArray, blamed: BoolArray, fps: float) -> BoolArray:
    """Return which joints move along with their parent: those whose bone is sound and that were displaced with it."""
    follows = ~broken
    for joint in range(NUM_JOINTS):
        for start, stop in spans(blamed[:, joint]):
            displaced = _displaced(positions, start, stop, fps)
            if displaced is not None:
                stays = [child for child in CHILDREN[joint] if displaced[child] < displaced[joint] / 2]
                follows[start:stop, stays] = False
    return follows


def _displaced(positions: FloatArray, start: int, stop: int, fps: float) -> FloatArray | None:
    """Return how far the joints (22,) are from the straight lines over a short span [m]; None if there are none."""
    if start == 0 or stop == len(positions) or stop - start > longest_glitch(fps):
        return None
    share = np.linspace(0, 1, stop - start + 2)[1:-1, None, None]
    straight = (1 - share) * positions[start - 1] + share * positions[stop]
    return np.linalg.norm(positions[start:stop] - straight, axis=-1).max(axis=0)


def spans(mask: BoolArray) -> list[tuple[int, int]]:
    """Return the first index of each run of true values in `mask` (n,), and the index after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _extreme(lengths: FloatArray, usual: FloatArray) -> BoolArray:
    low, high = _EXTREME
    return (lengths < low * usual) | (lengths > high * np.maximum(usual, 1e-9))


def _sigma(lengths: FloatArray, usual: FloatArray) -> FloatArray:
    """Return the standard deviation of the noise in lengths (frames, 21), from the median deviation, (21,) [m]."""
    return _SIGMA_PER_MEDIAN * np.median(np.abs(lengths - usual), axis=0)


def _broken(lengths: FloatArray, usual: FloatArray) -> BoolArray:
    return np.abs(lengths - usual) > _DEVIATION_M + _DEVIATIONS * _sigma(lengths, usual)


def _beside(mask: BoolArray) -> BoolArray:
    """Return the (frames - 1,) steps that begin or end at a frame of the mask."""
    return mask[1:] | mask[:-1]
