"""Read one file: its suffix, and the names of its arrays, decide which reader gets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from motion.errors import InvalidInput
from motion.formats.arrays.array_file import ARRAY_KEYS, holds_one_motion, motion_from_arrays
from motion.formats.arrays.object_file import (
    PICKLE_SUFFIXES,
    is_object_array,
    object_member_names,
    read_object_file,
    read_object_members,
)
from motion.formats.arrays.unread_forms import unread_form
from motion.formats.assumptions import rate_note
from motion.formats.bodies.smpl_keys import find_scheme
from motion.formats.generators.generator_results import Reading, read_mapping, read_numbers, read_value
from motion.formats.motion_file import Layout, MotionFile, set_of_one
from motion.formats.npz import read_npy, read_npz, require_file
from motion.formats.packed import PACKED_KEYS, PackedPaths, read_packed
from motion.formats.read_options import ReadOptions
from motion.formats.rigs.asf_amc import AMC_SUFFIXES, read_amc
from motion.formats.rigs.bvh_reading import read_bvh_file
from motion.formats.scenes.fbx import read_fbx
from motion.formats.scenes.glb_reading import read_glb
from motion.motion_set import MotionSet


def read_by_suffix(file: Path, options: ReadOptions) -> MotionFile:
    """Read one file, or a packed set, in the format that its suffix names.

    Args:
        file: the file, or the name of a packed set.
        options: what the user says about the file beyond what it says itself.

    Raises:
        NotFound: nothing exists at `file`.
        InvalidInput: the file is damaged or of an unknown format.
    """
    suffix = file.suffix.lower()
    if suffix == ".bvh":
        bvh = read_bvh_file(file, options)
        if len(bvh.motions) != 1:
            return MotionFile(
                file, "packed", MotionSet(bvh.motions, ((),) * len(bvh.motions)), notes=bvh.notes, origins=bvh.origins
            )
        return MotionFile(file, "bvh", set_of_one(bvh.motions[0]), notes=bvh.notes, origins=bvh.origins)
    if suffix in AMC_SUFFIXES:
        return _read_amc(file, options)
    if suffix == ".fbx":
        return read_fbx(file, options)
    if suffix in (".glb", ".vrm", ".vrma"):
        return read_glb(file, options)
    if suffix == ".npy" and file.is_file() and not is_object_array(file):
        return _as_file(file, "npy", read_numbers(str(file), read_npy(file), file.stem, options))
    if suffix == ".npy" or suffix in PICKLE_SUFFIXES:
        layout: Layout = "npy" if suffix == ".npy" else "npz"
        return _as_file(file, layout, read_value(str(file), read_object_file(file), file.stem, options))
    if suffix == ".npz" or PackedPaths.of(file).arrays.is_file():
        return _read_npz(PackedPaths.of(file).arrays, options)
    require_file(file)
    raise unread_form(file, ".bvh, .fbx, .glb, .amc, .npy, .npz, .pkl, .pt")


def _read_amc(file: Path, options: ReadOptions) -> MotionFile:
    reading = read_amc(file, options)
    notes, facts, joints = reading.notes, reading.facts, reading.joints
    return MotionFile(file, "amc", set_of_one(reading.motion), notes=notes, facts=facts, joints=joints)


def _read_npz(file: Path, options: ReadOptions) -> MotionFile:
    arrays = read_npz(file)
    if set(arrays) >= PACKED_KEYS:
        return MotionFile(file, "packed", read_packed(file))
    if find_scheme(arrays) is not None:
        source = _as_file(file, "npz", read_mapping(str(file), arrays, file.stem, options))
        lost = ", ".join(object_member_names(file))
        note = f"{lost}: pickled objects, which are not read and not written back"
        return replace(source, notes=(*source.notes, note)) if lost else source
    if set(arrays) & {"offsets", "ids"}:
        lacking = ", ".join(sorted(PACKED_KEYS - set(arrays)))
        raise InvalidInput.of(str(file), f"lacks {lacking}; a packed set has positions, offsets and ids")
    if set(arrays) & ARRAY_KEYS and holds_one_motion(arrays):
        motion, content, notes = motion_from_arrays(str(file), arrays, file.stem)
        source = MotionFile(file, "npz", set_of_one(motion), content, notes)
        assumed = "fps" not in arrays and options.input_fps is None
        return replace(source, notes=(*notes, *rate_note(source))) if assumed else source
    return _as_file(file, "npz", read_mapping(str(file), {**arrays, **read_object_members(file)}, file.stem, options))


def _as_file(file: Path, layout: Layout, reading: Reading) -> MotionFile:
    """Return what was read from one file; one motion keeps the file's layout, several are a set."""
    if reading.several:
        layout = "packed"
    elif reading.smpl:
        layout = "smpl"
    motions = MotionSet(reading.motions, reading.captions)
    return MotionFile(file, layout, motions, reading.content, reading.notes, origins=reading.origins)
