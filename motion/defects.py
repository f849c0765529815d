"""What is wrong with some frames of a motion, and the sentences that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from motion.skeleton import JOINT_NAMES, NUM_JOINTS

Kind = Literal["glitch", "lost", "lost body", "cut", "fragment", "calibration pose", "frozen", "jump"]

_TOLD_AT_MOST = 12  # sentences of one kind
_NAMED_JOINTS = 5
_BRIDGED_ORDER: tuple[Kind, ...] = ("lost", "lost body", "glitch")
_BRIDGED = frozenset(_BRIDGED_ORDER)


@dataclass(frozen=True)
class Defect:
    """Frames of a motion in which something is wrong.

    Attributes:
        kind: a "glitch" jumps away and back. A joint, or the whole body, that is "lost" has no length to its parent, or
            far too much. At a "cut" the body jumps and stays; a "fragment" between two of them is too short to be a
            motion. A "calibration pose" is held before or after a cut. A "frozen" body stands still within a movement.
            A "jump" is that of some joints which do not come back.
        start: the first frame; of a cut, the first frame after it.
        stop: the frame after the last one.
        mended: whether the frames were bridged or left out, so that they do not disturb the others.
        joints: the joints; all of them if it is the whole body.
        size_m: how far the body or the farthest joint jumps [m]; 0 where nothing jumps.
    """

    kind: Kind
    start: int
    stop: int
    mended: bool = True
    joints: tuple[int, ...] = tuple(range(NUM_JOINTS))
    size_m: float = 0.0

    def describe(self, fps: float) -> str:
        """Say in a sentence what is wrong, in which frames and at which time, and what was done."""
        where, who = _frames(self.start, self.stop, fps), _names(self.joints)
        jumps = "jumps" if len(self.joints) in (1, NUM_JOINTS) else "jump"
        bridged = "bridged" if self.mended else "left as it is"
        match self.kind:
            case "glitch":
                return f"{where}: {who} {jumps} by {self.size_m:.2g} m and back; {bridged}"
            case "lost":
                return f"{where}: {who} lost, not at the end of a bone of usual length; {bridged}"
            case "lost body":
                how = "bridged" if self.mended else "not simulated, the nearest pose is held"
                return f"{where}: the body is lost, its joints are not those of a body; {how}"
            case "cut":
                time = self.start / fps
                return (
                    f"frame {self.start} ({time:.1f} s): the body jumps by {self.size_m:.2g} m and stays, as at a cut; "
                    f"what is before and after it was corrected separately"
                )
            case "fragment":
                return f"{where}: too short between two jumps to be simulated; the nearest pose is held"
            case "calibration pose":
                return f"{where}: a calibration pose that is no part of the motion; not simulated, left as it is"
            case "frozen":
                return f"{where}: the body is frozen within a movement, all frames are the same; left as it is"
            case "jump":
                does = "does" if jumps == "jumps" else "do"
                return f"{where}: {who} {jumps} by {self.size_m:.2g} m and {does} not come back; left as it is"


def defect_notes(defects: Sequence[Defect], fps: float) -> tuple[str, ...]:
    """Return the sentences about defects in the order of their frames, with a count instead of many of one kind."""
    told: dict[Kind, int] = {}
    notes = []
    for defect in sorted(defects, key=lambda each: (each.start, each.stop)):
        told[defect.kind] = told.get(defect.kind, 0) + 1
        if told[defect.kind] <= _TOLD_AT_MOST:
            notes.append(defect.describe(fps))
    more = [
        f"{count - _TOLD_AT_MOST} more of the kind {kind!r}" for kind, count in told.items() if count > _TOLD_AT_MOST
    ]
    return (*notes, *(["frames of " + ", ".join(more)] if more else []))


def merged_defects(defects: Sequence[Defect]) -> list[Defect]:
    """Return defects of joints with those in one whose frames are the same."""
    merged: dict[tuple[str, int, int, bool], Defect] = {}
    for defect in defects:
        key = (defect.kind, defect.start, defect.stop, defect.mended)
        other = merged.get(key, defect)
        joints = tuple(sorted({*other.joints, *defect.joints}))
        merged[key] = replace(defect, joints=joints, size_m=max(other.size_m, defect.size_m))
    return list(merged.values())


def joined_defects(defects: Sequence[Defect]) -> list[Defect]:
    """Return defects with those mended ones in one that have frames in common or follow each other."""
    joined: list[Defect] = []
    for defect in sorted(defects, key=lambda each: (not each.mended, each.kind not in _BRIDGED, each.start, each.stop)):
        other = joined[-1] if joined else None
        if other is None or not {defect.kind, other.kind} <= _BRIDGED or not (defect.mended and other.mended):
            joined.append(defect)
        elif defect.start > other.stop:
            joined.append(defect)
        else:
            worse = max(defect, other, key=lambda each: (_BRIDGED_ORDER.index(each.kind), each.size_m))
            joints = tuple(sorted({*other.joints, *defect.joints}))
            if len(joints) > NUM_JOINTS / 2:
                joints = tuple(range(NUM_JOINTS))
            stop = max(defect.stop, other.stop)
            joined[-1] = replace(worse, start=other.start, stop=stop, joints=joints)
    return joined


def _frames(start: int, stop: int, fps: float) -> str:
    if stop == start + 1:
        return f"frame {start} ({start / fps:.1f} s)"
    return f"frames {start} to {stop - 1} ({start / fps:.1f} to {(stop - 1) / fps:.1f} s)"


def _names(joints: Sequence[int]) -> str:
    if len(joints) == NUM_JOINTS:
        return "the body"
    names = [JOINT_NAMES[joint] for joint in joints]
    if len(names) > _NAMED_JOINTS:
        return f"{', '.join(names[:_NAMED_JOINTS])} and {len(names) - _NAMED_JOINTS} more joints"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
