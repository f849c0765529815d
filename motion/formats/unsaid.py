"""Put right what a file did not say about its motions, after it was read: rate, unit, axis, sides, and short gaps.

What the user said in `ReadOptions` holds. The rest is found from the motions, changed only where it is certain, and
told in a note. A motion that needs nothing keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput
from motion.formats.arrays.object_file import is_object_array
from motion.formats.assumptions import rate_note, unit_note, unit_of_rig
from motion.formats.gaps import bridge_gaps
from motion.formats.motion_file import Layout, MotionFile, Origin
from motion.formats.read_options import UNIT_M, ReadOptions
from motion.formats.units import UNIT_NAMES, unit_by_size
from motion.motion import Motion
from motion.orientation import Axis, UpAxis, find_up, sides_are_exchanged, turn_from_y, turn_to_y
from motion.plausibility import STATURE_RANGE_M, stature
from motion.toe_placement import toes_at_ankles

_STATING: frozenset[str] = frozenset({".amc", ".fbx", ".glb", ".vrm", ".vrma"})
"""Suffixes of files whose reader finds rate and unit."""
_NAMED_AT_MOST = 3


def apply_options(file: MotionFile, options: ReadOptions) -> MotionFile:
    """Apply what the user said, and what can be found, to the motions of a file.

    Args:
        file: the file as its reader returned it; readers apply the options that they need themselves.
        options: what the user said.

    Raises:
        InvalidInput: `--frames` holds no frame of a motion.
    """
    work = _Work(file, options)
    work.cut()
    work.set_rate()
    work.set_unit()
    work.bridge()
    work.turn()
    work.reflect()
    return work.result()


class _Work:
    """The motions of a file while they are put right.

    Args:
        file: the file as its reader returned it.
        options: what the user said.
    """

    def __init__(self, file: MotionFile, options: ReadOptions):
        self._file, self._options = file, options
        self._motions: list[Motion] = list(file.motions.motions)
        self._origins: list[Origin | None] = list(file.origins) or [None] * len(self._motions)
        self._told: list[str] = []
        self._about: list[tuple[str, str]] = []  # names of motions, and what is told about them
        self._facts: dict[str, str] = dict(file.facts)  # what the file states
        self._stating = file.path.suffix.lower() in _STATING

    def cut(self) -> None:
        """Take the part of each motion that the user named."""
        if self._options.frames is None:
            return
        kept: list[int] = []
        refused: list[InvalidInput] = []
        for index, motion in enumerate(self._motions):
            try:
                first, end = self._options.frame_range(len(motion))
            except InvalidInput as error:
                refused.append(error)
                self._tell(motion, f"left out, {len(motion)} frames are too few for --frames {self._options.frames}")
                continue
            kept.append(index)
            origin = self._origins[index]
            self._motions[index] = motion.with_positions(motion.positions[first:end])
            self._origins[index] = origin.cut(first, end) if origin else None
        if refused and not kept:
            raise refused[0]
        self._motions = [self._motions[index] for index in kept]
        self._origins = [self._origins[index] for index in kept]
        unreadable = self._file.unreadable + len(refused)
        self._file = replace(self._file, motions=self._file.motions.select(kept), unreadable=unreadable)

    def set_rate(self) -> None:
        """Set the frame rate that the user named, or tell which one was assumed."""
        fps, known = self._options.input_fps, "stated"
        if fps is not None:
            self._motions = [replace(motion, fps=fps) for motion in self._motions]
            known = "given by --input-fps"
        elif self._states_none() and not any("no frame rate" in note for note in self._file.notes):
            self._told += rate_note(self._file)
        if any("no frame rate" in note for note in (*self._file.notes, *self._told)):
            known = "assumed"
        rates = sorted({motion.fps for motion in self._motions})
        if fps is not None or not self._stating:
            self._facts["rate"] = f"{', '.join(f'{rate:g}' for rate in rates)} fps ({known})"

    def _states_none(self) -> bool:
        """Return whether the file is an array, which states no rate; a dictionary in an `.npy` file may state it."""
        path = self._file.path
        return path.suffix.lower() == ".npy" and not (path.is_file() and is_object_array(path))

    def set_unit(self) -> None:
        """Scale the positions of arrays to metres; the readers of `.bvh` and SMPL do that themselves."""
        if self._options.unit is not None:
            self._facts["unit"] = f"{UNIT_NAMES[self._options.unit]} (given by --unit)"
        elif rig := unit_of_rig(self._file):
            self._told += unit_note(self._file)
            self._facts["unit"] = f"{rig[0]} (from the legs, which are {rig[1]:.3g} long)"
        elif not self._stating:
            self._facts["unit"] = "metres"
        by_reader = self._file.layout in ("bvh", "smpl") or self._file.path.suffix.lower() == ".bvh" or self._stating
        if not by_reader and self._file.content == "positions":
            for index, motion in enumerate(self._motions):
                unit = self._options.unit or self._unit_of(motion)
                if unit != "m":
                    scaled = motion.positions.astype(np.float64) * UNIT_M[unit]
                    self._motions[index] = motion.with_positions(scaled)

    def _unit_of(self, motion: Motion) -> str:
        """Return the unit in which the body is as tall as a person; metres for all that may be a body in metres."""
        sound = motion.positions[np.isfinite(motion.positions).all(axis=(1, 2))]
        tall = stature(sound) if len(sound) else 0.0
        if tall <= STATURE_RANGE_M[1] and tall >= STATURE_RANGE_M[0]:
            return "m"
        unit = unit_by_size(tall)
        if unit is None:
            return "m"
        note = f"the body is {tall:.4g} tall, so lengths are in {UNIT_NAMES[unit]}; turned into metres"
        self._tell(motion, f"{note} (--unit says another)")
        self._facts["unit"] = f"{UNIT_NAMES[unit]} (from the size of the body)"
        return unit

    def bridge(self) -> None:
        """Fill short gaps."""
        for index, motion in enumerate(self._motions):
            self._motions[index], notes = bridge_gaps(motion)
            for note in notes:
                self._tell(motion, note)

    def turn(self) -> None:
        """Turn the motions so that Y is up.

        The motions of one file have the same axis. One that is found for certain in some of them holds for those that
        lie or leave it open, unless others stand along another one.
        """
        up = self._options.up
        if self._file.content == "features":
            self._facts["up"] = "Y (by the form of the file)"
            return
        if up is not None:
            self._facts["up"] = f"{up.upper()} (given by --up)"
            # The reader of SMPL poses has turned them already.
            axes: list[Axis] = ["y" if self._file.layout == "smpl" else up] * len(self._motions)
        else:
            axes = self._found_axes()
        for index, axis in enumerate(axes):
            if axis != "y":
                motion, origin = self._motions[index], self._origins[index]
                self._motions[index] = motion.with_positions(turn_to_y(motion.positions, axis))
                self._origins[index] = ChangedOrigin(origin, _turn_back(axis)) if origin else None

    def _found_axes(self) -> list[Axis]:
        """Return the axis of each motion that points up, and note what was found."""
        found = [find_up(motion.positions) if _finite(motion) else UpAxis("y", False) for motion in self._motions]
        certain: set[Axis] = {each.axis for each in found if each.certain}
        common: Axis = "y"
        if len(certain) == 1:
            (common,) = certain
        axes: list[Axis] = [each.axis if each.certain else common for each in found]
        for motion, each, axis in zip(self._motions, found, axes, strict=True):
            if axis != "y":
                self._tell(motion, f"{axis.upper()} is up in this file; turned so that Y is up (--up says another)")
            elif each.axis != "y" and not certain and self._file.layout != "smpl":  # whose reader asks by itself
                self._tell(motion, lying_note(each.axis))
        known = "as the body stands" if certain else "assumed"
        names = " or ".join(sorted({axis.upper() for axis in axes}))
        if self._file.layout == "smpl":
            self._facts["up"] = "found by the reader of SMPL poses"
        elif names != "Y" or "up" not in self._file.facts:
            self._facts["up"] = f"{names} ({known})"
        return axes

    def reflect(self) -> None:
        """Reflect the motions if the user says so, and tell if the sides of a body are exchanged."""
        if self._options.mirror:
            self._motions = [_mirrored(motion) for motion in self._motions]
            self._origins = [ChangedOrigin(origin, _mirrored) if origin else None for origin in self._origins]
        self._facts["sides"] = "left is left"
        for motion in self._motions:
            if _finite(motion) and sides_are_exchanged(motion.positions):
                fault = "the left side of the body is on its right (mirrored world, or exchanged names)"
                mend = "leave out --mirror" if self._options.mirror else "--mirror reflects it"
                self._tell(motion, f"{fault}; {mend}")
                self._facts["sides"] = "left is on the right"
            if _finite(motion) and toes_at_ankles(motion.positions):
                self._tell(motion, "the toes lie at the ankles; a correction places them ahead")

    def _tell(self, motion: Motion, note: str) -> None:
        self._about.append((motion.name or "", note))

    def result(self) -> MotionFile:
        """Return the file with the motions as they are now; the same motions if nothing was changed."""
        same = all(new is old for new, old in zip(self._motions, self._file.motions.motions, strict=True))
        return replace(
            self._file,
            motions=self._file.motions if same else self._file.motions.with_motions(self._motions),
            origins=tuple(self._origins) if any(self._origins) else (),
            notes=(*self._file.notes, *self._told, *_joined(self._about, self._file.single)),
            facts=self._facts,
        )


def lying_note(axis: Axis) -> str:
    """Return the note for a body that lies with Y up, or stands along `axis`."""
    return f"with Y up the body lies, along {axis.upper()}; if it stands, read it with --up={axis}"


def _turn_back(axis: Axis) -> Callable[[Motion], Motion]:
    return lambda motion: motion.with_positions(turn_from_y(motion.positions, axis))


def _mirrored(motion: Motion) -> Motion:
    return motion.with_positions(motion.positions * np.array((-1, 1, 1), np.float32))


@dataclass(frozen=True, eq=False)
class ChangedOrigin:
    """The origin of a motion that was turned or reflected, which is undone before it is written."""

    origin: Origin
    undo: Callable[[Motion], Motion]

    @property
    def layout(self) -> Layout:
        return self.origin.layout

    def cut(self, first: int, end: int) -> Origin:
        return ChangedOrigin(self.origin.cut(first, end), self.undo)

    def write(self, path: Path, motion: Motion) -> tuple[str, ...]:
        return self.origin.write(path, self.undo(motion))


def _finite(motion: Motion) -> bool:
    return bool(len(motion)) and bool(np.isfinite(motion.positions).all())


def _joined(notes: list[tuple[str, str]], single: bool) -> list[str]:
    """Return one sentence for each different note, with the first names of the motions that it is about."""
    if single:
        return [note for _, note in notes]
    by_note: dict[str, list[str]] = {}
    for name, note in notes:
        by_note.setdefault(note, []).append(name)
    return [f"{_named(names)}: {note}" for note, names in by_note.items()]


def _named(names: list[str]) -> str:
    """Return the first few of names, and how many there are if they are more."""
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
