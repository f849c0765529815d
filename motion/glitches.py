"""Glitches, in which joints or the whole body jump away and back within some frames, and jumps that stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.bridging import bridge
from motion.defects import Defect, merged_defects
from motion.jumps import body_jumps, joint_jumps, step_residuals
from motion.lost_joints import longest_glitch
from motion.skeleton import CHILDREN, NUM_JOINTS, PARENTS

_RETURN_SHARE = 0.35  # a joint that misses its way by less than this share of the jump has come back
_WAY_SHARE = 0.2  # and by this share of its way meanwhile
_CONTEXT_STEPS = 6  # residuals this near to bridged frames are computed anew
_BODY_SHARE = 0.5  # the body jumps if this share of its joints does
_WITH_IT = 0.3  # joints that are displaced by this share of the farthest one belong to the glitch
_ROUNDS = 4
_WITH_BODY_M = 0.05
_WITH_JOINT_M = 0.1

Jumps = Callable[[FloatArray], BoolArray]
"""Function of residuals (steps, joints) that returns the (steps,) mask of jumps."""


@dataclass(frozen=True)
class Unbridged:
    """A step in which the body jumps and does not come back.

    Attributes:
        step: the step from this frame to the next.
        size_m: how far the joints jump, mean over the joints [m].
        whole: whether at least half of the joints jump.
    """

    step: int
    size_m: float
    whole: bool


def bridge_body_glitches(positions: FloatArray, fps: float) -> tuple[FloatArray, list[Defect], list[Unbridged]]:
    """Bridge the frames between two jumps of the body that lead away and back.

    A span of frames after a jump is bridged if it is the shortest one, of at most `longest_glitch`, for which the frame
    after it lies where the movement before and after lets expect, and the bridge has no jump of its own.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.

    Returns:
        The positions, the same array if nothing is bridged, the glitches, and the jumps that do not come back.
    """
    given, defects, unbridged, mended = positions, [], [], True

    def still_jumps(residuals: FloatArray) -> BoolArray:
        return body_jumps(residuals, fps)

    for _ in range(_ROUNDS):  # what was bridged no longer disturbs the residuals beside it
        if not mended:
            break
        residuals = step_residuals(positions)
        jumps = body_jumps(residuals, fps)
        mended, unbridged, last = False, [], -1
        for step in np.flatnonzero(jumps).tolist():
            if step <= last:
                continue
            found = _find_return(positions, step, list(range(NUM_JOINTS)), jumps, fps, still_jumps)
            if found is None:
                sizes = residuals[step]
                whole = float((sizes > sizes.mean() / 2).mean()) >= _BODY_SHARE
                unbridged.append(Unbridged(step, float(sizes.mean()), whole))
                continue
            stop, joints, bridged = found
            positions = positions.copy() if positions is given else positions
            defects.append(_glitch(positions, step + 1, stop, joints, bridged))
            positions[step + 1 : stop] = bridged
            mended, last = True, stop - 1
    return positions, defects, unbridged


def bridge_joint_glitches(positions: FloatArray, fps: float, skipped: BoolArray) -> tuple[FloatArray, list[Defect]]:
    """Bridge the frames between two jumps of a joint that lead away and back, as `bridge_body_glitches` does.

    Neighbouring joints that are displaced with it are bridged too. Jumps that do not come back are returned as defects
    that are not mended.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.
        skipped: (frames - 1,) steps to leave alone.

    Returns:
        The positions, the same array if nothing is bridged, and the defects.
    """
    given, glitches, jumped, mended = positions, [], [], True
    for _ in range(_ROUNDS):
        if not mended:
            break
        jumps = joint_jumps(step_residuals(positions), fps) & ~skipped[:, None]
        mended, jumped, last = False, [], np.full(NUM_JOINTS, -1)
        for step, joint in np.argwhere(jumps).tolist():
            if step <= last[joint]:
                continue

            def still_jumps(residuals: FloatArray, joint: int = joint) -> BoolArray:
                return joint_jumps(residuals, fps)[:, joint]

            found = _find_return(positions, step, [joint], jumps[:, joint], fps, still_jumps)
            if found is None:
                jump = positions[step + 1, joint] - positions[step, joint]
                jumped.append(Defect("jump", step + 1, step + 2, False, (joint,), float(np.linalg.norm(jump))))
                continue
            stop, joints, bridged = found
            positions = positions.copy() if positions is given else positions
            glitches.append(_glitch(positions, step + 1, stop, joints, bridged))
            positions[step + 1 : stop] = bridged
            mended, last[joints] = True, stop - 1
    return positions, merged_defects([*glitches, *jumped])


def _glitch(positions: FloatArray, start: int, stop: int, joints: list[int], bridged: FloatArray) -> Defect:
    displaced = np.linalg.norm(positions[start:stop, joints] - bridged[:, joints], axis=-1)
    size = displaced.mean(axis=1) if len(joints) == NUM_JOINTS else displaced
    return Defect("glitch", start, stop, joints=tuple(joints), size_m=float(size.max()))


def _find_return(
    positions: FloatArray, step: int, joints: list[int], jumps: BoolArray, fps: float, still_jumps: Jumps
) -> tuple[int, list[int], FloatArray] | None:
    """Find the shortest span from frame `step` + 1 whose bridge mends the jump of some joints.

    Returns:
        The frame after the span, the joints that are bridged, and the positions of the span; None if there is no span.
    """
    before = positions[step - 1 : step + 1, joints].astype(np.float64) if step else None
    for stop in range(step + 2, min(step + 1 + longest_glitch(fps), len(positions) - 1) + 1):
        if not _comes_back(positions, step, stop, joints, before, jumps):
            continue
        whole = bridge(positions, step + 1, stop, torn=jumps)
        affected = _affected(np.linalg.norm(positions[step + 1 : stop] - whole, axis=-1).max(axis=0), joints)
        if not affected:
            continue
        bridged = bridge(positions, step + 1, stop, affected, torn=jumps)
        low, high = max(0, step - _reach(fps)), min(len(positions), stop + _reach(fps))
        window = np.concatenate([positions[low : step + 1], bridged, positions[stop:high]])
        if not still_jumps(step_residuals(window))[step - low : stop - low].any():
            return stop, affected, bridged
    return None


def _reach(fps: float) -> int:
    """Return the frames beside a bridge from which the bounds of jumps are computed anew."""
    return max(10, round(0.5 * fps)) + _CONTEXT_STEPS


def _comes_back(
    positions: FloatArray,
    step: int,
    stop: int,
    joints: list[int],
    before: FloatArray | None,
    jumps: BoolArray,
) -> bool:
    """Return whether the joints are at frame `stop` about where they would be without the jump in `step`."""
    here, there = positions[step, joints].astype(np.float64), positions[stop, joints].astype(np.float64)
    tangents = []
    if before is not None and not jumps[step - 1]:
        tangents.append(before[1] - before[0])
    if stop + 1 < len(positions) and not jumps[stop]:
        tangents.append(positions[stop + 1, joints].astype(np.float64) - there)
    way = np.mean(tangents, axis=0) * (stop - step) if tangents else np.zeros_like(here)
    missed = np.linalg.norm(there - here - way, axis=-1).mean()
    first = positions[step + 1, joints] - here - way / (stop - step)
    allowed = _RETURN_SHARE * np.linalg.norm(first, axis=-1).mean() + _WAY_SHARE * np.linalg.norm(way, axis=-1).mean()
    return bool(missed < allowed)


def _affected(displaced: FloatArray, joints: list[int]) -> list[int]:
    """Return the joints that belong to a glitch of `joints`, from how far each lies from its bridge, (22,) [m]."""
    if len(joints) == NUM_JOINTS:
        faulty = displaced > max(_WITH_BODY_M, _WITH_IT * displaced.max())
        return joints if faulty.mean() > _BODY_SHARE else np.flatnonzero(faulty).tolist()
    bound = max(_WITH_JOINT_M, _WITH_IT * float(displaced[joints[0]]))
    affected, waiting = set(joints), list(joints)
    while waiting:
        joint = waiting.pop()
        for other in (*CHILDREN[joint], *([PARENTS[joint]] if joint else [])):
            if other not in affected and displaced[other] > bound:
                affected.add(other)
                waiting.append(other)
    return sorted(affected)
