"""A grid of recipes: one recipe with some of its settings varied."""

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
    """One place of the grid.

    Attributes:
        name: what it is called, and its folder: `data.n=64,arms.corrected.gamma=1.0`.
        values: what is varied, by its path.
        table: the recipe, as a plain table.
    """

    name: str
    values: dict[str, Any]
    table: dict[str, Any]


def parse_variation(text: str) -> tuple[str, list[Any]]:
    """`PATH=VALUE,VALUE,...`, values as TOML has them (texts may do without quotes).

    Raises:
        InvalidInput: there is no path or no value.
    """
    path, equals, values = text.partition("=")
    if not equals or not path.strip() or not values.strip():
        raise InvalidInput.of("--vary", f"has {text!r}; must be PATH=VALUE,VALUE,..., as data.n=64,128")
    try:
        return path.strip(), tomllib.loads(f"values = [{values}]")["values"]  # commas in lists and texts are theirs
    except tomllib.TOMLDecodeError:
        return path.strip(), [_value(value.strip()) for value in values.split(",")]


def cells(table: Mapping[str, Any], varied: Mapping[str, Sequence[Any]]) -> Iterator[Cell]:
    """The recipe `table` with each combination of the values of `varied`, by path.

    A path goes down tables by their keys, and into a list of tables by the `name` of one of them
    (`arms.corrected.gamma`); the last key need not be there yet.

    Raises:
        InvalidInput: a path leads nowhere.
    """
    for combination in itertools.product(*varied.values()):
        values = dict(zip(varied, combination, strict=True))
        changed = copy.deepcopy(dict(table))
        for path, value in values.items():
            _set(changed, path, value)
        yield Cell(",".join(f"{path}={value}" for path, value in values.items()).replace("/", "_"), values, changed)


def _set(table: dict[str, Any], path: str, value: Any) -> None:
    place: Any = table
    way, key = path, ""
    while "." in way:
        key, way = _first(place, way)
        if isinstance(place, list):
            found = [entry for entry in place if isinstance(entry, dict) and entry.get("name") == key]
            place = found[0] if found else None
        else:
            place = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, dict | list):
            raise InvalidInput.of("--vary", f"has {path!r}; the recipe has no {key!r} there")
    if not isinstance(place, dict):
        raise InvalidInput.of("--vary", f"has {path!r}; {key!r} is a list, of which one must be named")
    place[way] = value


def _first(place: Any, way: str) -> tuple[str, str]:
    """The first key of a path, and the rest: of a list the longest name in it that the path begins with, for a name may
    have dots in it."""
    entries = place if isinstance(place, list) else []
    names = [str(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    for name in sorted(names, key=len, reverse=True):
        if way.startswith(f"{name}."):
            return name, way.removeprefix(f"{name}.")
    key, _, rest = way.partition(".")
    return key, rest


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
