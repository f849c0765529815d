"""Storage of data sets in a folder, by digests of their content.

ID.npz, ID.jsonl    a packed set
ID.digest           a digest of the two files, which tells damage from content
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.file_digests import files_digest
from motion.errors import InvalidInput, NotFound, PlumbError
from motion.formats.packed import PackedPaths, read_packed, write_packed
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

_MAX_ID_LENGTH = 64
_log = logging.getLogger(__name__)


def request_id(request: Mapping[str, Any]) -> str:
    """Return a hexadecimal digest of a training request; equal requests have equal ids."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]


def is_id(text: str) -> bool:
    """Check that a text from outside may become the name of a file."""
    return 0 < len(text) <= _MAX_ID_LENGTH and all(character in "0123456789abcdef" for character in text)


class DatasetStore:
    """The data sets of one generator.

    Damage heals: a set that cannot be read, or no longer has its digest, counts as absent and is stored anew when it is
    uploaded again.

    Args:
        folder: where they are; made when the first is stored.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writing = threading.Lock()

    def put(self, dataset: MotionSet) -> str:
        """Store a data set, unless it is stored already and whole, and return its id."""
        identity = dataset.content_id()
        target = self._folder / identity
        with self._writing:  # who stores the same set a second time would take it away from the one that has stored it
            if self._damage_of(identity) is not None:
                make_folder(self._folder)
                digest = target.with_suffix(".digest")
                digest.unlink(missing_ok=True)  # whoever finds it finds the files that it is of
                paths = write_packed(target, dataset)
                with atomic_path(digest) as temporary:
                    temporary.write_text(files_digest([paths.arrays, paths.lines]) + "\n", encoding="ascii")
        return identity

    def read(self, identity: str) -> MotionSet:
        """Read a data set.

        Raises:
            NotFound: if no data set has this id, or it is damaged.
        """
        damage = "is not stored" if not is_id(identity) else self._damage_of(identity)
        if damage is None:
            try:
                return read_packed(self._folder / identity)
            except (PlumbError, RecursionError) as error:
                damage = str(error)
        elif damage == "is not stored":
            raise NotFound(f"no data set {identity!r}; upload it first")
        _log.warning("the data set %s is damaged: %s", identity, damage)
        raise NotFound(f"the data set {identity!r} is damaged; upload it again")

    def _damage_of(self, identity: str) -> str | None:
        """Return why a data set cannot be used; None if it can."""
        paths = PackedPaths.of(self._folder / identity)
        digest = self._folder / f"{identity}.digest"
        try:
            if not paths.arrays.is_file():
                return "is not stored"
            if digest.is_file():
                kept = digest.read_text(encoding="ascii", errors="replace").strip()
                return None if files_digest([paths.arrays, paths.lines]) == kept else "its files have another digest"
            read_packed(paths.arrays)  # stored before there were digests
        except (OSError, PlumbError, RecursionError) as error:
            return str(error)
        return None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they exist.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(folder), f"cannot be created: {error.strerror or error}") from error
