"""Atomic writing: files are written under a temporary name and then renamed, so that they are complete or absent."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from motion.errors import InvalidInput

_DISK_ERRORS = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO}
_DISK_ERRORS |= {errno.EDQUOT} if hasattr(errno, "EDQUOT") else set()


def check_target(path: str | os.PathLike[str]) -> Path:
    """Check that a file can be written at `path`; call this before long work whose result goes there.

    Returns:
        `path` as a `Path`.

    Raises:
        InvalidInput: the folder is missing or not writable, or the path is itself a folder.
    """
    target = Path(path)
    folder = target.parent
    if not folder.exists():
        raise InvalidInput.of(str(target), f"cannot be written: the folder {folder} does not exist")
    if not folder.is_dir():
        raise InvalidInput.of(str(target), f"cannot be written: {folder} is not a folder")
    if target.is_dir():
        raise InvalidInput.of(str(target), "cannot be written: it is a folder; must be the name of a file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInput.of(str(target), f"cannot be written: the folder {folder} is not writable")
    return target


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file atomically.

    If the block ends without an exception, the temporary file is renamed to `path`. Otherwise it is removed, and an
    existing file at `path` stays as it was.

    Yields:
        A temporary path in the same folder and with the same suffix, for the block to write to.

    Raises:
        InvalidInput: `path` cannot be written (see `check_target`), or the disk is full or failing.
    """
    with atomic_group([path]) as (temporary,):
        yield temporary


@contextmanager
def atomic_group(paths: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[Path, ...]]:
    """Write files that belong together atomically; the last one marks the group as complete.

    The last file is removed first and put in place last, so that whoever finds it also finds the others. A file that
    the block does not write is removed from the group.

    Yields:
        One temporary path per file; see `atomic_path`.

    Raises:
        InvalidInput: one of the files cannot be written (see `check_target`), or the disk is full or failing.
    """
    targets = [check_target(path) for path in paths]
    prefix = f".{uuid.uuid4().hex[:8]}.tmp."
    temporaries = tuple(target.with_name(prefix + target.name) for target in targets)
    try:
        yield temporaries
        for temporary in temporaries:
            if temporary.exists():
                _flush(temporary)
        if len(targets) > 1:
            targets[-1].unlink(missing_ok=True)
        for temporary, target in zip(temporaries, targets, strict=True):
            if temporary.exists():
                os.replace(temporary, target)
            else:
                target.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _DISK_ERRORS or error.filename in map(str, temporaries):
            raise InvalidInput.of(str(targets[-1]), f"cannot be written: {error.strerror or error}") from error
        raise
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Force the content to the disk before the name points to it."""
    with path.open("r+b") as stream:  # Windows only flushes files that are open for writing
        os.fsync(stream.fileno())
