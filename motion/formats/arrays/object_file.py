"""Read files of pickled objects (`.npy` and `.npz` of objects, `.pkl`, `.pt`) as plain values, without running them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput
from motion.formats.arrays.array_size import check_archive, read_header
from motion.formats.arrays.plain_pickle import MAX_PICKLE_BYTES, NotPlain, read_plain_pickle, read_torch_archive
from motion.formats.npz import UNREADABLE, require_file

PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth"})
_ZLIB, _GZIP = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), b"\x1f\x8b"
_ANY_HEADER = zlib.MAX_WBITS | 32
_LEAST_LIMIT, _MOST_TIMES = 64 << 20, 50  # arrays of motions become less than ten times smaller
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_MAGIC = b"\x93NUMPY"
_WHAT_TO_DO = "must hold only arrays, numbers and text; no code in it is run. Save the arrays with numpy.savez"


def is_object_array(path: Path) -> bool:
    """Return whether an `.npy` file holds pickled objects instead of numbers."""
    try:
        with path.open("rb") as stream:
            return _object_header(stream)
    except UNREADABLE:
        return False


def read_object_file(path: Path) -> Any:
    """Read the value of a file of pickled objects.

    Args:
        path: an `.npy` file of objects, a pickle, or a file of `torch.save`.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is damaged, too large, or holds more than arrays, numbers and text.
    """
    require_file(path)
    size = path.stat().st_size
    if size > MAX_PICKLE_BYTES:
        raise InvalidInput.of(str(path), f"has {size} bytes; must have at most {MAX_PICKLE_BYTES}")
    with _refusing(str(path)):
        if zipfile.is_zipfile(path):
            check_archive(path)
            with zipfile.ZipFile(path) as archive:
                return read_torch_archive(archive)
        data = _decompressed(path.read_bytes())
        if data.startswith(_OLD_TORCH):
            wanted = "must be loaded and saved again by torch.save, or its arrays by numpy.savez"
            raise InvalidInput.of(str(path), f"is of the form of PyTorch before 1.6; {wanted}")
        return _read_pickle(data)


def read_object_members(path: Path) -> dict[str, Any]:
    """Read the pickled members of an `.npz` file, which `read_npz` leaves out.

    Args:
        path: an archive that `read_npz` has read.

    Raises:
        InvalidInput: a member is damaged, or holds more than arrays, numbers and text.
    """
    members: dict[str, Any] = {}
    for name in object_member_names(path):
        with _refusing(f"{path} {name}"), zipfile.ZipFile(path) as archive:
            members[name] = _read_pickle(archive.read(f"{name}.npy"))
    return members


def object_member_names(path: Path) -> list[str]:
    """Return the names of the pickled members of an `.npz` file.

    Args:
        path: an archive that `read_npz` has read.

    Raises:
        InvalidInput: a member is damaged.
    """
    found = []
    with _refusing(str(path)), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as stream:
                if info.filename.endswith(".npy") and _object_header(stream):
                    found.append(info.filename.removesuffix(".npy"))
    return found


def _decompressed(data: bytes) -> bytes:
    """Return what joblib has compressed with zlib or gzip; other bytes as they are."""
    if not data.startswith((*_ZLIB, _GZIP)):
        return data
    most = min(MAX_PICKLE_BYTES, _LEAST_LIMIT + _MOST_TIMES * len(data))
    reader = zlib.decompressobj(wbits=_ANY_HEADER)
    found = reader.decompress(data, most)
    if reader.unconsumed_tail:
        raise NotPlain(f"is compressed, and has more than {most} bytes")
    return found


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    """Raise `InvalidInput` for what goes wrong in reading."""
    try:
        yield
    except InvalidInput:
        raise
    except NotPlain as error:
        raise InvalidInput.of(where, f"is a pickle that {error}; {_WHAT_TO_DO}") from error
    except UNREADABLE as error:
        raise InvalidInput.of(where, f"cannot be read, it is damaged ({error})") from error


def _object_header(stream: Any) -> bool:
    """Read the header of an array, and return whether objects follow."""
    header = read_header(stream)
    return header is not None and header[1].hasobject


def _read_pickle(data: bytes) -> Any:
    stream = io.BytesIO(data)
    if data.startswith(_MAGIC) and not _object_header(stream):
        raise NotPlain("is an array of numbers, no pickle")
    return read_plain_pickle(data[stream.tell() :])
