"""Numpy's `.npz` archives, read without pickle and written so that equal arrays give equal bytes."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_path

# What numpy and zipfile raise on damaged bytes: a header is parsed as Python, and may ask for any amount of memory.
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    MemoryError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def require_file(path: Path) -> None:
    """Raises `NotFound`, with the names of the motion files in the same folder, if there is no file at `path`."""
    if path.is_file():
        return
    if path.is_dir():
        raise NotFound(f"{path} is a folder, with {_motion_files(path)}; must be the name of a file")
    if not path.parent.is_dir():
        raise NotFound(f"{path} does not exist, nor does its folder")
    raise NotFound(f"{path} does not exist; {path.parent} has {_motion_files(path.parent)}")


def _motion_files(folder: Path) -> str:
    kinds = {".npz", ".npy", ".bvh"}
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in kinds and not entry.name.startswith("."))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(names[:8]) or "no motion files") + more


def read_npz(path: Path) -> Mapping[str, np.ndarray]:
    """All arrays of an archive by name; those that would need pickle are left out.

    Raises:
        NotFound: no file at `path`.
        InvalidInput: it is no archive, or a truncated or damaged one.
    """
    require_file(path)
    arrays: dict[str, np.ndarray] = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InvalidInput.of(str(path), "is a single array; must be an .npz archive")
            for name in archive.files:
                array = _member(archive, name)
                if array is not None:
                    arrays[name] = array
    except InvalidInput:
        raise
    except _UNREADABLE as error:
        raise InvalidInput.of(
            str(path), f"cannot be read as .npz, it is damaged or something else ({error})"
        ) from error
    return arrays


def _member(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray | None:
    try:
        return archive[name]
    except ValueError as error:
        if "allow_pickle" in str(error):
            return None
        raise


def read_npy(path: Path) -> np.ndarray:
    """The array of an `.npy` file.

    Raises:
        NotFound: no file at `path`.
        InvalidInput: it is no array of numbers, or a truncated one.
    """
    require_file(path)
    try:
        array = np.load(path, allow_pickle=False)
    except _UNREADABLE as error:
        raise InvalidInput.of(
            str(path), f"cannot be read as .npy, it is damaged or something else ({error})"
        ) from error
    if not isinstance(array, np.ndarray):
        raise InvalidInput.of(str(path), "is an .npz archive under the name of an .npy array")
    return array


def text_of(where: str, value: str | bytes) -> str:
    """A text out of an array, which may hold bytes. Raises `InvalidInput` about `where` if those are not UTF-8."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        raise InvalidInput.of(where, f"holds {value!r:.40}; must be text, in UTF-8 where it is bytes") from error


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` as a compressed archive, whole or not at all; equal arrays give equal bytes."""
    with atomic_path(path) as temporary:
        write_npz_directly(temporary, arrays)


def write_npz_directly(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """As `write_npz`, for a caller who sees to atomicity for several files at once."""
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write one array, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
