"""The JSON files of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from motion.errors import InvalidInput
from motion.shell.atomic import atomic_path

_T = TypeVar("_T")


def read_json(path: Path) -> Any:
    """Read the document of a JSON file.

    Raises:
        InvalidInput: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(path), f"cannot be read ({error})") from error


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file atomically, and make its folder if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_or_make_json(path: Path, make: Callable[[], _T]) -> _T:
    """Read the document of a JSON file, which is made and written first if the file is missing."""
    if not path.exists():
        write_json(path, make())
    return read_json(path)
