"""Files that are either whole or not there: written beside their target, then renamed onto it."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from motion.errors import InvalidInput

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO}


def check_target(path: str | os.PathLike[str]) -> Path:
    """`path` as a `Path`, if a file can be written there; to be asked before long work whose result goes there.

    Raises:
        InvalidInput: its folder is missing or not writable, or it is itself a folder.
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
    """Yields a temporary path beside `path`, with its suffix; it is renamed onto `path` when the block ends well.

    When the block raises, the temporary file is removed and what was at `path` stays.

    Raises:
        InvalidInput: `path` cannot be written (see `check_target`), or the disk refused the bytes.
    """
    with atomic_group([path]) as (temporary,):
        yield temporary


@contextmanager
def atomic_group(paths: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[Path, ...]]:
    """As `atomic_path` for files that belong together, of which the last is the one that makes the set exist.

    The last is taken away first and put in place last, so that whoever finds it finds the others beside it. A member
    that the block leaves unwritten is removed from the set.
    """
    targets = [check_target(path) for path in paths]
    mark = uuid.uuid4().hex[:8]
    temporaries = tuple(target.with_name(f".{mark}.tmp.{target.name}") for target in targets)
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
    """Have the bytes on the disk before the name points at them."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
