"""Files that are read again when they change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class WatchedFiles:
    """Notices that files have changed since they were last asked about.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[Path]):
        self._paths = paths
        self._stamps = self._read_stamps()

    def have_changed(self) -> bool:
        """Return whether a file was written, replaced, made or removed since the last call."""
        before, self._stamps = self._stamps, self._read_stamps()
        return self._stamps != before

    def _read_stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
