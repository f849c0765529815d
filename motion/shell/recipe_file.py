"""Recipes: TOML files that describe a piece of work completely, found by name in a package or by path."""

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
    """Return the texts of the recipes in the folder `recipes` of a package, by name."""
    folder = files(package) / "recipes"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return {name.removesuffix(".toml"): texts[name] for name in sorted(texts)}


def read_recipe(kind: type[_T], name_or_path: str | os.PathLike[str], package: str) -> _T:
    """Read a recipe.

    Args:
        kind: dataclass of the recipe; see `motion.shell.schema`.
        name_or_path: name of a recipe that ships with `package`, or path of a file that ends in `.toml`.
        package: name of the package.

    Raises:
        NotFound: there is no recipe of this name, or no such file.
        InvalidInput: the file is not TOML, or a key or value is wrong; one violation for each, with its path.
    """
    return recipe_from_table(kind, read_recipe_table(name_or_path, shipped_recipes(package)), os.fspath(name_or_path))


def read_recipe_table(name_or_path: str | os.PathLike[str], shipped: Mapping[str, str]) -> dict[str, Any]:
    """Read a recipe as a plain table, without checking its keys and values.

    Args:
        name_or_path: name of a recipe in `shipped`, or path of a file that ends in `.toml`.
        shipped: texts of recipes by name.

    Raises:
        NotFound: there is no recipe of this name, or no such file.
        InvalidInput: the file is not TOML.
    """
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
            f"there is no recipe {where!r}; there are {', '.join(shipped)}; the path of a file must end in .toml"
        )
    return _table(text, where)


def parse_recipe(kind: type[_T], text: str, where: str = "recipe") -> _T:
    """Read a recipe from TOML text; `where` names it in errors, which are those of `read_recipe`."""
    return recipe_from_table(kind, _table(text, where), where)


def recipe_from_table(kind: type[_T], table: Mapping[str, Any], where: str = "recipe") -> _T:
    """Read a recipe from a plain table; `where` names it in errors, which are those of `read_recipe`."""
    try:
        return read_table(kind, table)
    except InvalidInput as error:
        raise InvalidInput([Violation(f"{where}: {v.field}", v.description) for v in error.violations]) from error


def _table(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of(where, f"is not TOML: {error}") from error
