"""The page of the recipes: each key with type, default and meaning, from the dataclasses that read recipes."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from generator.repository.command_recipe import CommandRecipe
from generator.training.settings import Settings
from loop_client.runs.run_recipe import Recipe as LoopRecipe
from loop_client.toy.calculations.calculation_recipe import CalculationRecipe
from loop_client.toy.toy_recipe import ToyRecipe
from sim_server.learning.training_recipe import TrainingRecipe

_HEAD = """# Recipes

This page is generated from the classes that read recipes.

A recipe is a TOML file. Every key is checked before anything runs: an unknown key, a value of the wrong type or out of
range, and a key that would be ignored are all refused, with the path of the key, its value and what would be right. A
recipe that ships is called by its name, your own by its path, which ends in `.toml`. In paths, `default` stands for the
motion set that ships and `$NAME/` at the start for the folder that the environment variable `NAME` holds.
"""
_KINDS = (
    ("Loop recipes", "of `plumb-loop run`, `sweep` and `reproduce`, on motions", LoopRecipe),
    ("Toy recipes", "of `plumb-loop reproduce` and `sweep`, on 2-D distributions and small images", ToyRecipe),
    ("Calculations", "of `plumb-loop reproduce` and `sweep`, computed without training a model", CalculationRecipe),
    ("Training recipes", "of `plumb-sim train`", TrainingRecipe),
    ("Repository recipes", "of `plumb-gen serve --repository`", CommandRecipe),
)


def recipe_page() -> str:
    """Return the Markdown page of all kinds of recipe and of the generator's settings."""
    parts = [_HEAD]
    for title, use, kind in _KINDS:
        parts.append(f"## {title}\n\nRecipes {use}. {_summary(kind)}\n")
        parts += [_table_of(path, inner, title) for path, inner in _tables(kind)]
    parts.append(
        "## Generator settings\n\nThe keys of `[generator.settings]` and `[generator.later_settings]` in a loop recipe,"
        " and of `plumb-gen train --set NAME=VALUE`.\n"
    )
    parts.append(_rows(Settings))
    return "\n".join(parts)


def _tables(kind: type, path: str = "") -> Iterator[tuple[str, type]]:
    """Yield the dataclass of a recipe and all those inside it, each with its path in the file."""
    yield path, kind
    for key, _, hint in _keys(kind):
        for inner in _dataclasses_in(hint):
            several = "[]" if getattr(hint, "__origin__", None) is not None and "tuple" in str(hint) else ""
            yield from _tables(inner, f"{path}.{key}{several}".lstrip("."))


def _table_of(path: str, kind: type, title: str) -> str:
    if not path:
        return f"{_rows(kind)}"
    bracketed = f"[[{path.removesuffix('[]')}]]" if path.endswith("[]") else f"[{path}]"
    return f"### {title}: `{bracketed.replace('[].', '.')}`\n\n{_summary(kind)}\n\n{_rows(kind)}"


def _rows(kind: type) -> str:
    meanings = attribute_texts(kind)
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key, spec, hint in _keys(kind):
        cells = (f"`{key}`", _type_text(hint, spec), _default_text(spec), meanings.get(spec.name, ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _keys(kind: type) -> Iterator[tuple[str, Field[Any], Any]]:
    """Yield each field of a dataclass with its key in the file and its type hint."""
    hints = get_type_hints(kind, include_extras=True)
    for spec in fields(kind):
        extras = getattr(hints[spec.name], "__metadata__", ())
        key = next((extra.name for extra in extras if type(extra).__name__ == "Key"), spec.name)
        yield key, spec, hints[spec.name]


def _dataclasses_in(hint: Any) -> list[type]:
    if is_dataclass(hint) and isinstance(hint, type):
        return [hint]
    return [inner for part in get_args(hint) for inner in _dataclasses_in(part)]


def _type_text(hint: Any, spec: Field[Any]) -> str:
    """Return the type of a key in words: those in which its rule refuses a wrong value."""
    rule = next((extra for extra in getattr(hint, "__metadata__", ()) if hasattr(extra, "read")), None)
    if rule is not None:
        return _rule_text(rule)
    if _dataclasses_in(hint):
        return "a table"
    plain = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    return plain.get(hint, str(hint))


def _rule_text(rule: Any) -> str:
    violations: list[Any] = []
    rule.read("", object(), violations)
    text = violations[0].description.partition("must be ")[2].replace(" to 2147483647", " up")
    item = getattr(rule, "item", None)
    text = f"{text}; each {_rule_text(item)}" if item is not None else text
    return re.sub(r"'([^']*)'", r"`\1`", text)


def _default_text(spec: Field[Any]) -> str:
    if spec.default is MISSING and spec.default_factory is MISSING:
        return "required"
    value = spec.default if spec.default is not MISSING else spec.default_factory()  # pyright: ignore[reportCallIssue]
    return _value_text(value)


def _value_text(value: Any) -> str:
    """Return a value as it stands in TOML, in code style; a table of its own has its own section."""
    if value is None:
        return "none"
    if is_dataclass(value):
        return "see below"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_value_text(item).strip('`')}" for key, item in value.items())
        return f"`{{{inner}}}`"
    if isinstance(value, list | tuple):
        return f"`[{', '.join(_value_text(item).strip('`') for item in value)}]`"
    if isinstance(value, float) and math.isinf(value):
        return "`inf`" if value > 0 else "`-inf`"
    return f"`{value}`"


def _summary(kind: type) -> str:
    """Return what stands before the attributes in the docstring of a class, as one paragraph."""
    text = inspect.getdoc(kind) or ""
    return " ".join(re.split(r"\n(?:Attributes|Args|Raises):\n", text)[0].split())


def attribute_texts(kind: type) -> dict[str, str]:
    """Return the text of each attribute in a class's docstring, in Google style; `a, b: text` is the text of both."""
    _, found, section = (inspect.getdoc(kind) or "").partition("\nAttributes:\n")
    texts: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines() if found else ():
        if line and not line.startswith(" "):
            break
        head = re.match(r"    ([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)", line)
        if head:
            names = head.group(1).split(", ")
            texts |= dict.fromkeys(names, head.group(2).strip())
        else:
            texts |= {name: f"{texts[name]} {line.strip()}".strip() for name in names}
    return texts
