"""Grids of recipes: one recipe with some of its settings varied."""

from __future__ import annotations

import copy
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motion.errors import InvalidInput


@dataclass(frozen=True)
class Cell:
    """One cell of the grid.

    Attributes:
        name: names its folder, such as `data.n=64,arms.corrected.gamma=1.0`.
        values: the varied values by path.
        table: the recipe as a plain table.
    """

    name: str
    values: dict[str, Any]
    table: dict[str, Any]


def parse_variation(text: str) -> tuple[str, list[Any]]:
    """Parse `PATH=VALUE,VALUE,...`, with values as in TOML; texts may do without quotes.

    Returns:
        The path and its values.

    Raises:
        InvalidInput: the path or the values are missing.
    """
    path, equals, values = text.partition("=")
    if not equals or not path.strip() or not values.strip():
        raise InvalidInput.of("--vary", f"has {text!r}; must be PATH=VALUE,VALUE,..., such as data.n=64,128")
    try:
        # TOML knows which commas are inside of lists and texts.
        return path.strip(), tomllib.loads(f"values = [{values}]")["values"]
    except tomllib.TOMLDecodeError:
        return path.strip(), [_parse_value(value.strip()) for value in values.split(",")]


def cells(table: Mapping[str, Any], varied: Mapping[str, Sequence[Any]]) -> Iterator[Cell]:
    """Yield the recipe with each combination of the varied values.

    Args:
        table: the recipe as a plain table; it is not changed.
        varied: values by path. A path goes down tables by key, and into a list of tables by the `name` of an entry
            (`arms.corrected.gamma`). The last key need not exist yet.

    Raises:
        InvalidInput: a path does not exist.
    """
    for combination in itertools.product(*varied.values()):
        values = dict(zip(varied, combination, strict=True))
        changed = copy.deepcopy(dict(table))
        for path, value in values.items():
            _set_value(changed, path, value)
        yield Cell(",".join(f"{path}={value}" for path, value in values.items()).replace("/", "_"), values, changed)


def _set_value(table: dict[str, Any], path: str, value: Any) -> None:
    node: Any = table
    rest, key = path, ""
    while "." in rest:
        key, rest = _split_first_key(node, rest)
        if isinstance(node, list):
            found = [entry for entry in node if isinstance(entry, dict) and entry.get("name") == key]
            node = found[0] if found else None
        else:
            node = node.get(key) if isinstance(node, dict) else None
        if not isinstance(node, dict | list):
            raise InvalidInput.of("--vary", f"has {path!r}; the recipe has no {key!r} there")
    if not isinstance(node, dict):
        raise InvalidInput.of("--vary", f"has {path!r}; {key!r} is a list, so the path must name one of its entries")
    node[rest] = value


def _split_first_key(node: Any, path: str) -> tuple[str, str]:
    """Split a path into its first key and the rest.

    Names of list entries may contain dots, so in a list the longest name that the path begins with is the key.
    """
    entries = node if isinstance(node, list) else []
    names = [str(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    for name in sorted(names, key=len, reverse=True):
        if path.startswith(f"{name}."):
            return name, path.removeprefix(f"{name}.")
    key, _, rest = path.partition(".")
    return key, rest


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
