"""Strict reading of tables, such as parsed TOML, into frozen dataclasses.

Each field of a dataclass has a rule: in its type, `Annotated[int, Integer(1)]`, or by being a dataclass itself. A bare
`int` or `float` must not be negative, a bare `str` not empty. Keys for fields without a default are required, unknown
keys are refused. `read_table` collects all violations of a table, each with its path (`arms[1].gamma`), its value and
what would be right.

See `docs/decisions/0002-validation-of-recipes.md` for why this is not done by a library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, get_type_hints

from motion.errors import InvalidInput, Violation

_T = TypeVar("_T")


class Rule(Protocol):
    """A condition on a value."""

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """Check and convert a value.

        Args:
            path: where the value is in the whole table, for errors.
            value: the value, as TOML or JSON give it.
            violations: a violation is appended for each fault.

        Returns:
            The converted value; None if there was a fault.
        """
        ...


@dataclass(frozen=True)
class Key:
    """The key of a field in a table, where it differs from the field's name (`lambda` is no name in Python)."""

    name: str


def read_table(kind: type[_T], table: Mapping[str, Any]) -> _T:
    """Read a table into the dataclass `kind`.

    Raises:
        InvalidInput: with a violation for each unknown or missing key and each value of a wrong type or range.
    """
    violations: list[Violation] = []
    value = Table(kind).read("", table, violations)
    if violations:
        raise InvalidInput(violations)
    return value


def to_table(value: Any) -> Any:
    """Convert a dataclass to the plain table that `read_table` reads back; fields that are None are left out."""
    if is_dataclass(value):
        items = {key: getattr(value, spec.name) for key, (spec, _) in _rules(type(value)).items()}
        return {key: to_table(item) for key, item in items.items() if item is not None}
    if isinstance(value, Mapping):
        return {key: to_table(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_table(item) for item in value]
    return value


def table_differences(ours: Any, theirs: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Compare two plain tables.

    Returns:
        (path, our value, their value) for each difference, with None for a key that one of the tables lacks.
    """
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = [*ours, *(key for key in theirs if key not in ours)]
        return [d for key in keys for d in table_differences(ours.get(key), theirs.get(key), _join(path, key))]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [d for index, (a, b) in pairs for d in table_differences(a, b, f"{path}[{index}]")]
    return [] if type(ours) is type(theirs) and ours == theirs else [(path, ours, theirs)]


@dataclass(frozen=True)
class Table:
    """A table that is read into the dataclass `kind`."""

    kind: type

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
        if not isinstance(value, Mapping):
            return _refuse(path, value, "a table", violations)
        rules = _rules(self.kind)
        violations_before = len(violations)
        for key in value:
            if key not in rules:
                violations.append(Violation(_join(path, key), f"is not a known key; known are {', '.join(rules)}"))
        values = {}
        for key, (spec, rule) in rules.items():
            if key in value:
                values[spec.name] = rule.read(_join(path, key), value[key], violations)
            elif spec.default is MISSING and spec.default_factory is MISSING:
                violations.append(Violation(_join(path, key), "is missing and has no default"))
        if len(violations) > violations_before:
            return None
        try:
            return self.kind(**values)
        except InvalidInput as error:
            violations += error.within(path).violations if path else error.violations
            return None


@dataclass(frozen=True)
class ListOf:
    """A list of at least `least` items, each of which obeys the rule `item`; it is read as a tuple."""

    item: Rule
    least: int = 0

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
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
        """See `Rule.read`."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            return _refuse(path, value, f"a whole number from {self.least} to {self.most}", violations)
        return value


@dataclass(frozen=True)
class Number:
    """A number from `least` to `most`, both included, which may be infinite unless it must be `finite`."""

    least: float = 0.0
    most: float = math.inf
    finite: bool = True

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
        right = isinstance(value, int | float) and not isinstance(value, bool) and self.least <= value <= self.most
        if not right or (self.finite and math.isinf(value)):
            span = f"from {self.least:g} up" if math.isinf(self.most) else f"from {self.least:g} to {self.most:g}"
            return _refuse(path, value, f"a number {span}{'' if self.finite else ', or inf'}", violations)
        return float(value)


@dataclass(frozen=True)
class Text:
    """A text that is not empty unless it may be; one of `choices` if there are any."""

    choices: tuple[str, ...] = ()
    may_be_empty: bool = False

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
        if self.choices and value not in self.choices:
            return _refuse(path, value, f"one of {', '.join(map(repr, self.choices))}", violations)
        if not isinstance(value, str) or not (value or self.may_be_empty):
            return _refuse(path, value, "a text" if self.may_be_empty else "a text that is not empty", violations)
        return value


@dataclass(frozen=True)
class Either:
    """A value that obeys at least one of several rules; the first that accepts it converts it.

    Attributes:
        rules: the rules, in the order in which they are tried.
        wanted: what all of them accept together, for errors.
    """

    rules: tuple[Rule, ...]
    wanted: str

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
        for rule in self.rules:
            faults: list[Violation] = []
            result = rule.read(path, value, faults)
            if not faults:
                return result
        return _refuse(path, value, self.wanted, violations)


@dataclass(frozen=True)
class Scalars:
    """A table with any keys, whose values are texts, numbers or booleans."""

    def read(self, path: str, value: Any, violations: list[Violation]) -> Any:
        """See `Rule.read`."""
        if not isinstance(value, Mapping):
            return _refuse(path, value, "a table", violations)
        for key, item in value.items():
            if not isinstance(item, str | int | float | bool):
                _refuse(_join(path, key), item, "a text, a number, or true or false", violations)
        return dict(value)


_DEFAULT_RULES: dict[Any, Rule] = {int: Integer(), float: Number(), str: Text()}


@cache
def _rules(kind: type) -> dict[str, tuple[Field[Any], Rule]]:
    """Return the fields of a dataclass and their rules, by the keys in its table."""
    rules = {}
    hints = get_type_hints(kind, include_extras=True)
    for spec in fields(kind):
        hint = hints[spec.name]
        metadata = getattr(hint, "__metadata__", ())
        key = next((item.name for item in metadata if isinstance(item, Key)), spec.name)
        rule = next((item for item in metadata if hasattr(item, "read")), None)
        rules[key] = (spec, rule or _DEFAULT_RULES.get(hint) or Table(hint))
    return rules


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _refuse(path: str, value: Any, wanted: str, violations: list[Violation]) -> None:
    violations.append(Violation(path or "the recipe", f"is {value!r:.80}; must be {wanted}"))
