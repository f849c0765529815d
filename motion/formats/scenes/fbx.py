"""Read the motions in FBX files, which MotionBuilder, Maya, Unreal, Unity, Blender and Mixamo write.

The library ufbx of the extra `fbx` evaluates the file, in a process of its own (`motion.formats.scenes.fbx_process`).
Unit, axes and rate are those that the file states; its skeletons are understood as those of `.bvh` files are.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.motion_file import MotionFile
from motion.formats.npz import require_file
from motion.formats.read_options import ReadOptions
from motion.formats.scenes.node_scene import NodeScene
from motion.formats.scenes.scene_motions import SceneFacts, motions_of_scene
from motion.orientation import Axis
from motion.shell.extras import explained_imports

MAX_FBX_BYTES = 4 << 30
"""Longest file that is read."""
_BINARY = b"Kaydara FBX Binary"
_SECONDS = 900.0
_AXES: tuple[Axis, ...] = ("x", "-x", "y", "-y", "z", "-z")
"""The numbers that ufbx has for axes."""


def read_fbx(path: Path, options: ReadOptions) -> MotionFile:
    """Read the first take of an FBX file: a motion for each body.

    Args:
        path: the file.
        options: what the user says of the file. Its keys are at times, not frames, so `input_fps` is the rate at which
            they are sampled.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is no FBX, damaged or too large, or has no skeleton, no animation or no body.
        MissingExtra: ufbx is not installed.
    """
    require_file(path)
    arrays = _evaluated(path, options.input_fps or 0.0)
    facts = json.loads(str(arrays["facts"]))
    scene = NodeScene(
        names=tuple(facts["names"]),
        parents=tuple(arrays["parents"].tolist()),
        bones=tuple(arrays["bones"].tolist()),
        **{name: arrays[name] for name in arrays if name not in ("parents", "bones", "facts")},
    )
    right, up, front = facts["axes"]
    known = max(right, up, front) < len(_AXES)
    stated = SceneFacts(
        fps=facts["fps"],
        unit_m=facts["unit_m"],
        up=_AXES[up] if known else None,
        to_y_up=_to_y_up(right, up, front) if known else np.eye(3),
        takes=tuple(facts["takes"]),
    )
    try:
        source = motions_of_scene(path, "fbx", scene, stated, options)
    except InvalidInput as error:
        raise error.within(str(path)) from error
    if not options.input_fps and facts["fps"] != facts["stated_fps"]:
        note = f"states a rate of {facts['stated_fps']:g} fps; read at {facts['fps']:g} (--input-fps says another)"
        source = replace(source, notes=(*source.notes, note))
    return source


def _evaluated(path: Path, rate: float) -> dict[str, np.ndarray]:
    """Return the arrays that the process of ufbx makes of a file."""
    with path.open("rb") as stream:
        head = stream.read(1024)
    if not head.startswith(_BINARY) and b"FBX" not in head:
        raise InvalidInput.of(str(path), f"is no FBX file, it begins with {head[:12]!r}; must be binary or text of FBX")
    if (size := path.stat().st_size) > MAX_FBX_BYTES:
        raise InvalidInput.of(str(path), f"has {size} bytes; must have at most {MAX_FBX_BYTES}")
    with explained_imports():
        import ufbx  # noqa: F401  # only to name the extra that brings it
    command = [sys.executable, "-m", "motion.formats.scenes.fbx_process", str(path.resolve()), repr(rate)]
    folder = Path(__file__).resolve().parents[3]  # where this package is
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, cwd=folder, check=False)
    except subprocess.TimeoutExpired as error:
        raise InvalidInput.of(str(path), f"takes longer than {_SECONDS:g} s to read; must be a part of it") from error
    try:
        with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput.of(str(path), f"cannot be read as FBX, ufbx ended with status {done.returncode}") from error
    if "refused" in arrays:
        raise InvalidInput.of(str(path), str(arrays["refused"]))
    return arrays


def _to_y_up(right: int, up: int, front: int) -> FloatArray:
    """Return the matrix (3, 3) from the file's axes to X to the right, Y up, Z to the front."""
    matrix = np.zeros((3, 3))
    for row, axis in enumerate((right, up, front)):
        matrix[row, axis // 2] = -1.0 if axis % 2 else 1.0
    return matrix
