"""Recipes: TOML files that say a piece of work whole, called by name where they ship with a package, or by path."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from motion.errors import InvalidInput, NotFound, Violation
from motion.shell.schema import read_table

_T = TypeVar("_T")


def shipped_recipes(package: str) -> dict[str, str]:
    """The text of each recipe in a package's folder `recipes`, by name."""
    folder = files(package) / "recipes"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return {name.removesuffix(".toml"): texts[name] for name in sorted(texts)}


def read_recipe(kind: type[_T], name_or_path: str | os.PathLike[str], package: str) -> _T:
    """The recipe of this name, or in this file: a path ends in `.toml`.

    Raises:
        NotFound: no recipe has the name, or there is no such file.
        InvalidInput: it is no TOML, or has keys or values that a recipe does not; each with its path.
    """
    return recipe_of(kind, read_recipe_table(name_or_path, shipped_recipes(package)), os.fspath(name_or_path))


def read_recipe_table(name_or_path: str | os.PathLike[str], shipped: Mapping[str, str]) -> dict[str, Any]:
    """The plain table of the recipe of this name among `shipped`, or in this file, with no look at its keys. Raises as
    `read_recipe`."""
    where = os.fspath(name_or_path)
    if where.endswith(".toml"):
        try:
            text = Path(where).read_text("utf-8")
        except FileNotFoundError:
            raise NotFound(f"there is no recipe file {where}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput.of(where, f"cannot be read ({error})") from error
    elif where in shipped:
        text = shipped[where]
    else:
        raise NotFound(
            f"there is no recipe {where!r}; there are {', '.join(shipped)}, and a file of one's own ends in .toml"
        )
    return _table(text, where)


def parse_recipe(kind: type[_T], text: str, where: str = "recipe") -> _T:
    """The recipe that a TOML text says; `where` names it in errors. Raises as `read_recipe`."""
    return recipe_of(kind, _table(text, where), where)


def recipe_of(kind: type[_T], table: Mapping[str, Any], where: str = "recipe") -> _T:
    """The recipe in a plain table. Raises as `read_recipe`."""
    try:
        return read_table(kind, table)
    except InvalidInput as error:
        raise InvalidInput([Violation(f"{where}: {v.field}", v.description) for v in error.violations]) from error


def _table(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of(where, f"is not TOML: {error}") from error
