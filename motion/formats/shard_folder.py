"""A folder of packed sets that are written one after the other, whole or not at all, and how they are made.

    NAME.json               how all of it is made; another way needs another folder
    shard-000000.npz ...    the packed sets, see `motion.formats.packed`

A shard is done when its `.npz` is there, since that is put in place last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motion.errors import InvalidInput
from motion.shell.atomic import atomic_path


class ShardFolder:
    """A folder of shards; opening it again goes on where it ended.

    Args:
        path: the folder; it is made if it does not exist.
        manifest: name of the file that says how its shards are made.
        way: how they are made, as JSON has it; equal ways have to give equal bytes.

    Attributes:
        path: the folder.

    Raises:
        InvalidInput: the folder holds something else, or shards that are made in another way.
    """

    def __init__(self, path: Path, manifest: str, way: Mapping[str, Any]):
        self.path = path
        file = path / manifest
        if path.exists() and not path.is_dir():
            raise InvalidInput.of(str(path), "is a file; must be a folder")
        if path.is_dir() and not file.is_file() and any(path.iterdir()):
            raise InvalidInput.of(str(path), "holds other files; must be a new folder, or one of an earlier run")
        wanted = json.loads(json.dumps(way))
        if file.is_file():
            _check_same(file, wanted)
            return
        path.mkdir(exist_ok=True)
        with atomic_path(file) as written:
            written.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")

    def shard_path(self, index: int) -> Path:
        """Return the path of the packed set of a shard."""
        return self.path / f"shard-{index:06d}.npz"

    def is_done(self, index: int) -> bool:
        """Whether a shard is there; then it is whole."""
        return self.shard_path(index).exists()


def read_document(file: Path) -> dict[str, Any]:
    """Read a JSON object that belongs to a folder of shards.

    Raises:
        InvalidInput: the file cannot be read, or is something else.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error}); remove the shard, and it is made again") from error
    if not isinstance(document, dict):
        raise InvalidInput.of(str(file), "is another JSON value; must be an object")
    return document


def _check_same(manifest: Path, wanted: dict[str, Any]) -> None:
    there = read_document(manifest)
    for name, value in wanted.items():
        if there.get(name) != value:
            reason = f"was made with {name} {there.get(name)!r} and not {value!r}; must be the same, or another folder"
            raise InvalidInput.of(str(manifest.parent), reason)
