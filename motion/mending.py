"""Find the bad moments of a motion, bridge the short ones, and say which stretches of it are motion.

A motion in which nothing is found is returned as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motion.array_types import BoolArray, FloatArray
from motion.calibration_pose import is_calibration_pose
from motion.defects import Defect, defect_notes, joined_defects
from motion.glitches import Unbridged, bridge_body_glitches, bridge_joint_glitches
from motion.jumps import BODY_FLOOR_M, MIN_JUDGED_FRAMES, jump_bounds, step_residuals
from motion.lost_joints import bridge_lost_bodies, bridge_lost_joints, spans
from motion.motion import Motion

SHORTEST_SECTION_S = 0.25
"""Shortest time between two jumps that is a motion [s]; what is shorter is a fragment."""
_CUTS_PER_S = 0.5  # what jumps more often is no sequence of takes
_FEW_CUTS = 3
_CALIBRATION_FLOOR_SHARE = 0.5  # of the smallest jump, where a calibration pose is left
_STILL_M_S = 0.1
_IDENTICAL_M = 1e-5
_FROZEN_S = 0.2
_FROZEN_FEWEST = 4
_MOVING_M_S = 0.3


@dataclass(frozen=True, eq=False)
class MendedMotion:
    """A motion without its bad moments.

    Attributes:
        motion: the motion with its glitches bridged; the given object if nothing was bridged.
        sections: (start, stop) of the stretches of frames that are motion, in their order; jumps separate them.
        kept: frames outside of all sections that are to stay as they are; the others are nothing to keep.
        defects: what was found.
    """

    motion: Motion
    sections: tuple[tuple[int, int], ...]
    kept: tuple[tuple[int, int], ...] = ()
    defects: tuple[Defect, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the motion is one section."""
        return self.sections == ((0, len(self.motion)),)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the defects."""
        return defect_notes(self.defects, self.motion.fps)


def mend(motion: Motion) -> MendedMotion:
    """Find and bridge the defects of a motion (see `motion.defects.Defect`), and find its sections.

    Args:
        motion: a checked motion. If it is shorter than `jumps.MIN_JUDGED_FRAMES` nothing is looked for.
    """
    whole = ((0, len(motion)),)
    if len(motion) < MIN_JUDGED_FRAMES:
        return MendedMotion(motion, whole)
    given = positions = motion.positions
    positions, defects = bridge_lost_bodies(positions, motion.fps)
    lost = _mask([each for each in defects if not each.mended], len(motion))
    positions, found = bridge_lost_joints(positions, motion.fps, lost)
    defects += found
    positions, found, unbridged = bridge_body_glitches(positions, motion.fps)
    defects += found
    edges = lost[1:] != lost[:-1]
    cuts = _cuts(positions, motion.fps, unbridged, edges)
    torn = _near(cuts | edges | lost[1:] | lost[:-1])
    positions, found = bridge_joint_glitches(positions, motion.fps, torn)
    defects += found
    sections, kept, found = _divide(positions, motion.fps, cuts, lost)
    defects += found
    defects += _frozen(positions, motion.fps, sections)
    mended = motion if positions is given else motion.with_positions(positions)
    return MendedMotion(mended, sections or whole, kept if sections else (), tuple(joined_defects(defects)))


def calibration_step(positions: FloatArray, fps: float) -> int | None:
    """Return the step in which the body jumps out of a calibration pose that is held from the first frame on.

    Because it is known what the pose is, half of the usual jump is enough.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        fps: frames per second.
    """
    if not is_calibration_pose(positions[:1])[0]:
        return None
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1).mean(axis=1) * fps
    step = int(np.argmax(speed > _STILL_M_S))
    if speed[step] <= _STILL_M_S or not is_calibration_pose(positions[: step + 1]).all():
        return None
    low = max(0, step - round(fps))
    mean = step_residuals(positions[low : step + round(fps) + MIN_JUDGED_FRAMES]).mean(axis=1, keepdims=True)
    bound = jump_bounds(mean, fps, BODY_FLOOR_M * _CALIBRATION_FLOOR_SHARE)[step - low, 0]
    return step if mean[step - low, 0] > bound else None


def _cuts(positions: FloatArray, fps: float, unbridged: list[Unbridged], edges: BoolArray) -> BoolArray:
    """Return the (frames - 1,) mask of steps at which the motion is to be divided, besides those at lost bodies."""
    cuts = np.zeros(len(positions) - 1, bool)
    cuts[[each.step for each in unbridged if each.whole]] = True
    cuts &= ~edges
    if cuts.sum() > max(_FEW_CUTS, _CUTS_PER_S * len(positions) / fps):
        cuts[:] = False
    calibrated = _calibrated(positions, fps)
    cuts[calibrated.start - 1 : calibrated.start] = calibrated.start > 0
    cuts[calibrated.stop - 1 : calibrated.stop] = True
    return cuts


def _calibrated(positions: FloatArray, fps: float) -> range:
    """Return the frames between a calibration pose at the start and one at the end, without both."""
    first, last = (calibration_step(ordered, fps) for ordered in (positions, positions[::-1]))
    return range(0 if first is None else first + 1, len(positions) - (0 if last is None else last + 1))


def _divide(
    positions: FloatArray, fps: float, cuts: BoolArray, lost: BoolArray
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], list[Defect]]:
    """Divide a motion at its cuts and lost bodies into sections, and into frames that are kept as they are."""
    borders = [0, *(np.flatnonzero(cuts | (lost[1:] != lost[:-1])) + 1).tolist(), len(positions)]
    calibrated = _calibrated(positions, fps)
    sections: list[tuple[int, int]] = []
    kept: list[tuple[int, int]] = []
    defects: list[Defect] = []
    for start, stop in pairwise(borders):
        if lost[start]:
            continue
        if stop <= calibrated.start or start >= calibrated.stop:
            kept.append((start, stop))
            defects.append(Defect("calibration pose", start, stop))
        elif stop - start < max(4, round(SHORTEST_SECTION_S * fps)):
            defects.append(Defect("fragment", start, stop))
        else:
            sections.append((start, stop))
            if start and cuts[start - 1] and sections[:-1]:
                jump = np.linalg.norm(np.asarray(positions[start] - positions[start - 1], np.float64), axis=-1).mean()
                defects.append(Defect("cut", start, stop, size_m=float(jump)))
    return tuple(sections), tuple(kept), defects


def _frozen(positions: FloatArray, fps: float, sections: tuple[tuple[int, int], ...]) -> list[Defect]:
    """Find spans of identical frames that begin or end within a movement."""
    found = []
    for first, last in sections:
        steps = np.diff(positions[first:last], axis=0)
        speed = np.linalg.norm(steps, axis=-1).mean(axis=1) * fps
        for start, stop in spans(np.abs(steps).max(axis=(1, 2)) < _IDENTICAL_M):
            moving = speed[max(0, start - 1) : start].tolist() + speed[stop : stop + 1].tolist()
            if stop - start >= max(_FROZEN_FEWEST, round(_FROZEN_S * fps)) and max(moving, default=0) > _MOVING_M_S:
                found.append(Defect("frozen", first + start, first + stop + 1, False))
    return found


def _mask(defects: list[Defect], frames: int) -> BoolArray:
    mask = np.zeros(frames, bool)
    for defect in defects:
        mask[defect.start : defect.stop] = True
    return mask


def _near(steps: BoolArray) -> BoolArray:
    """Return the mask of steps that are set or have a neighbour that is."""
    near = steps.copy()
    near[1:] |= steps[:-1]
    near[:-1] |= steps[1:]
    return near
