"""Read NumPy's `.npy` and `.npz` files without pickle, and write them so that equal arrays give equal bytes."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput, NotFound
from motion.formats.arrays.array_size import check_archive, check_array
from motion.shell.atomic import atomic_path

# NumPy and zipfile raise all of these on damaged files, because NumPy evaluates the header as a Python literal and
# allocates whatever shape it states.
_NPY_MAGIC = b"\x93NUMPY"
UNREADABLE = (
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
_LFS = b"version https://git-lfs"


def require_file(path: Path) -> None:
    """Check that a file exists.

    Args:
        path: the file.

    Raises:
        NotFound: there is no file; the text lists the motion files in the same folder.
        InvalidInput: Git LFS has left a pointer in place of the file.
    """
    if path.is_file():
        _refuse_pointer(path)
        return
    if path.is_dir():
        raise NotFound(f"{path} is a folder, with {_motion_files(path)}; must be the name of a file")
    if not path.parent.is_dir():
        raise NotFound(f"{path} does not exist, nor does its folder")
    raise NotFound(f"{path} does not exist; {path.parent} has {_motion_files(path.parent)}")


def _refuse_pointer(path: Path) -> None:
    """Refuse what stands for a file in a clone that was made without Git LFS."""
    try:
        with path.open("rb") as stream:
            pointer = stream.read(len(_LFS)) == _LFS
    except OSError:
        return  # the reader says why
    if pointer:
        raise InvalidInput.of(str(path), "is a pointer of Git LFS, not the file itself; must be fetched: git lfs pull")


def _motion_files(folder: Path) -> str:
    kinds = {".npz", ".npy", ".bvh", ".fbx", ".glb"}
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in kinds and not entry.name.startswith("."))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(names[:8]) or "no motion files") + more


def read_npz(path: Path) -> Mapping[str, np.ndarray]:
    """Read all arrays of an archive by name; arrays that need pickle are skipped.

    Args:
        path: the file.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is not an archive, or it is truncated or damaged.
    """
    require_file(path)
    arrays: dict[str, np.ndarray] = {}
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InvalidInput.of(str(path), "is a single array; must be an .npz archive")
            for name in archive.files:
                array = _member(archive, name)
                if array is not None:
                    arrays[name] = array
    except InvalidInput:
        raise
    except UNREADABLE as error:
        raise InvalidInput.of(
            str(path), f"cannot be read as .npz, it is damaged or of another format ({error})"
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
    """Read the array of an `.npy` file.

    Args:
        path: the file.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is not an array, needs pickle, or is truncated or damaged.
    """
    require_file(path)
    try:
        check_array(path)
        array = np.load(path, allow_pickle=False)
    except InvalidInput:
        raise
    except UNREADABLE as error:
        with path.open("rb") as stream:
            began = stream.read(len(_NPY_MAGIC)) == _NPY_MAGIC
        # Of another file NumPy says only that it might be a pickle, and how to run it.
        why = f" ({error})" if began else ""
        raise InvalidInput.of(str(path), f"cannot be read as .npy, it is damaged or of another format{why}") from error
    if not isinstance(array, np.ndarray):
        raise InvalidInput.of(str(path), "is an .npz archive with the suffix .npy")
    return array


def decode_text(where: str, value: str | bytes) -> str:
    """Convert an element of a text array, which may be bytes, to a string.

    Args:
        where: name of the field for the error.
        value: the element.

    Raises:
        InvalidInput: the bytes are not UTF-8.
    """
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        raise InvalidInput.of(where, f"holds {value!r:.40}; must be text, in UTF-8 where it is bytes") from error


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as a compressed archive, atomically; equal arrays give equal bytes.

    Args:
        path: the file.
        arrays: the arrays by name.

    Raises:
        InvalidInput: the path cannot be written.
    """
    with atomic_path(path) as temporary:
        write_npz_nonatomic(temporary, arrays)


def write_npz_nonatomic(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as `write_npz` does, for callers that make several files atomic together."""
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write one array as `.npy`, atomically.

    Args:
        path: the file.
        array: the array.

    Raises:
        InvalidInput: the path cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
