"""Strict reading of tables from outside into frozen dataclasses: every key known, every value of its type and range.

A field of a dataclass says what may stand there by a rule in its type, `Annotated[int, Integer(1)]`, or by being a
dataclass itself; a bare `int` or `float` is one that is not negative. Without a default it must be in the table.
`read_table` gathers everything that is wrong in a table, each with its path (`arms[1].gamma`), its value and what would
be right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Protocol, TypeVar, get_type_hints

from motion.errors import InvalidInput, Violation

_T = TypeVar("_T")


class Rule(Protocol):
    """What may stand in a place: `read` answers with the value, or adds to `violations` and answers None."""

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any: ...


@dataclass(frozen=True)
class Key:
    """The name of a field in its table, where that is no name in Python (`lambda`)."""

    name: str


def read_table(kind: type[_T], table: Mapping[str, Any]) -> _T:
    """The dataclass `kind` that a table says.

    Raises:
        InvalidInput: with a violation for each unknown or missing key and each value out of its type or range.
    """
    violations: list[Violation] = []
    value = Table(kind).read("", table, violations)
    if violations:
        raise InvalidInput(violations)
    return value


def to_table(value: Any) -> Any:
    """The plain table that `read_table` reads as `value` again; fields that are None are left out."""
    if is_dataclass(value):
        items = {key: getattr(value, spec.name) for key, (spec, _) in _settings(type(value)).items()}
        return {key: to_table(item) for key, item in items.items() if item is not None}
    if isinstance(value, Mapping):
        return {key: to_table(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_table(item) for item in value]
    return value


def differences(ours: Any, theirs: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two plain tables differ: (path, ours, theirs), None for what one of them lacks."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = [*ours, *(key for key in theirs if key not in ours)]
        return [d for key in keys for d in differences(ours.get(key), theirs.get(key), _joined(path, key))]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [d for index, (a, b) in pairs for d in differences(a, b, f"{path}[{index}]")]
    return [] if type(ours) is type(theirs) and ours == theirs else [(path, ours, theirs)]


@dataclass(frozen=True)
class Table:
    """A table whose keys are the settings of a dataclass."""

    kind: type

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        if not isinstance(value, Mapping):
            return _refuse(path, value, "a table", violations)
        settings = _settings(self.kind)
        wrong = len(violations)
        for key in value:
            if key not in settings:
                known = ", ".join(settings)
                violations.append(Violation(_joined(path, key), f"is not a key that is known here; known are {known}"))
        values = {}
        for key, (spec, rule) in settings.items():
            if key in value:
                values[spec.name] = rule.read(_joined(path, key), value[key], violations)
            elif spec.default is MISSING and spec.default_factory is MISSING:
                violations.append(Violation(_joined(path, key), "is missing and has no default"))
        if len(violations) > wrong:
            return None
        try:
            return self.kind(**values)
        except InvalidInput as error:
            violations += error.within(path).violations if path else error.violations
            return None


@dataclass(frozen=True)
class ListOf:
    """A list with at least `least` items, each after one rule; read as a tuple."""

    item: Rule
    least: int = 0

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        if not isinstance(value, list | tuple) or len(value) < self.least:
            least = f" of at least {self.least}" if self.least else ""
            return _refuse(path, value, f"a list{least}", violations)
        return tuple(self.item.read(f"{path}[{index}]", item, violations) for index, item in enumerate(value))


@dataclass(frozen=True)
class Integer:
    """A whole number from `least` to `most`."""

    least: int = 0
    most: int = 2**31 - 1

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            return _refuse(path, value, f"a whole number from {self.least} to {self.most}", violations)
        return value


@dataclass(frozen=True)
class Number:
    """A number from `least` to `most`, both included; infinity only where `most` is."""

    least: float = 0.0
    most: float = math.inf
    finite: bool = True

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        right = isinstance(value, int | float) and not isinstance(value, bool) and self.least <= value <= self.most
        if not right or (self.finite and math.isinf(value)):
            span = f"from {self.least:g} up" if math.isinf(self.most) else f"from {self.least:g} to {self.most:g}"
            return _refuse(path, value, f"a number {span}{'' if self.finite else ', or inf'}", violations)
        return float(value)


@dataclass(frozen=True)
class Text:
    """A text that is not empty; one of `choices` where there are any."""

    choices: tuple[str, ...] = ()
    may_be_empty: bool = False

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        if self.choices and value not in self.choices:
            return _refuse(path, value, f"one of {', '.join(map(repr, self.choices))}", violations)
        if not isinstance(value, str) or not (value or self.may_be_empty):
            return _refuse(path, value, "a text" if self.may_be_empty else "a text that is not empty", violations)
        return value


@dataclass(frozen=True)
class Either:
    """What the first of several rules that takes it makes of a value; `wanted` says all of them in words."""

    rules: tuple[Rule, ...]
    wanted: str

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        for rule in self.rules:
            tried: list[Violation] = []
            result = rule.read(path, value, tried)
            if not tried:
                return result
        return _refuse(path, value, self.wanted, violations)


@dataclass(frozen=True)
class Scalars:
    """A table of any names with plain values: texts, numbers, true and false."""

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        if not isinstance(value, Mapping):
            return _refuse(path, value, "a table", violations)
        for key, item in value.items():
            if not isinstance(item, str | int | float | bool):
                _refuse(_joined(path, key), item, "a text, a number, or true or false", violations)
        return dict(value)


_PLAIN: dict[Any, Rule] = {int: Integer(), float: Number(), str: Text()}


def _settings(kind: type) -> dict[str, tuple[Field[Any], Rule]]:
    """The fields of a dataclass and their rules, by their keys in a table."""
    settings = {}
    hints = get_type_hints(kind, include_extras=True)
    for spec in fields(kind):
        extras = getattr(hints[spec.name], "__metadata__", ())
        key = next((extra.name for extra in extras if isinstance(extra, Key)), spec.name)
        hint = hints[spec.name]
        rule = next((extra for extra in extras if hasattr(extra, "read")), None) or _PLAIN.get(hint) or Table(hint)
        settings[key] = (spec, rule)
    return settings


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _refuse(path: str, value: Any, wanted: str, violations: list[Violation]) -> None:
    violations.append(Violation(path or "the recipe", f"is {value!r:.80}; must be {wanted}"))
