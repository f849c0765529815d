"""Refuse arrays that would need far more memory than their file is long, before any memory is used for them."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from motion.errors import InvalidInput

MAX_ARCHIVE_BYTES = 8 << 30
"""Most bytes that the arrays of one archive may have: ten times those of all of HumanML3D."""
MAX_RATIO = 100
"""Most bytes that one byte of a compressed archive may become; motion has up to ten, zeros have a thousand."""
_SMALL_BYTES = 64 << 20


def check_archive(path: Path) -> None:
    """Check the sizes that the directory of an archive states, and the header of each of its arrays.

    Args:
        path: the `.npz` file; what is no archive is left to its reader.

    Raises:
        InvalidInput: the arrays are too large.
        ValueError: a header states more than the directory.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total, stored = sum(each.file_size for each in members), path.stat().st_size
        if total > MAX_ARCHIVE_BYTES or (total > _SMALL_BYTES and total > MAX_RATIO * stored):
            found = f"{stored} bytes become {total} bytes of arrays"
            most = f"must be at most {MAX_RATIO} times as many, and {MAX_ARCHIVE_BYTES >> 30} GiB"
            raise InvalidInput.of(str(path), f"is refused, {found} when it is unpacked; {most}")
        for each in members:
            if each.filename.endswith(".npy"):
                with archive.open(each) as stream:
                    _check_header(f"{path} {each.filename.removesuffix('.npy')}", stream, each.file_size)


def check_array(path: Path) -> None:
    """Check that an `.npy` file is as long as its header says.

    Args:
        path: the `.npy` file; what is no array is left to its reader.

    Raises:
        ValueError: the file is shorter than the array.
    """
    with path.open("rb") as stream:
        _check_header(str(path), stream, path.stat().st_size)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype] | None:
    """Read the shape and the type of an array; None if it is no `.npy` file of a known version.

    Args:
        stream: the file, at its beginning.

    Raises:
        ValueError: the header is damaged.
    """
    if stream.read(6) != b"\x93NUMPY":
        return None
    version = stream.read(2)
    if version == b"\x01\x00":
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == b"\x02\x00":
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        return None
    return shape, dtype


def _check_header(where: str, stream: IO[bytes], size: int) -> None:
    header = read_header(stream)
    if header is None or header[1].hasobject:
        return
    shape, dtype = header
    stated = math.prod(shape) * dtype.itemsize
    if stated > size:
        raise ValueError(f"{where} has {size} bytes, and its header says {dtype} {shape}, {stated} bytes")
