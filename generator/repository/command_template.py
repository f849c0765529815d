"""Command lines with places for values, such as `python train.py --data {data} [--resume {init}]`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Set

from motion.errors import InvalidInput

_PLACE = re.compile(r"\{(\w+)\}")


class CommandTemplate:
    """A command line that is filled in without a shell, so that a value is one argument whatever is in it.

    A part in square brackets is left out if a value in it is empty.

    Args:
        text: the command line, quoted as for a shell.
        field: what it is called in errors.

    Attributes:
        places: names of the values that it has places for.

    Raises:
        InvalidInput: it is empty, or a quote or a bracket is not closed.
    """

    def __init__(self, text: str, field: str):
        self._field = field
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise InvalidInput.of(field, f"is {text!r}, which is no command line ({error})") from error
        if not words:
            raise InvalidInput.of(field, "is empty; must be a command line")
        self._parts = self._split(words)
        self.places: Set[str] = {name for _, part in self._parts for word in part for name in _PLACE.findall(word)}

    @property
    def program(self) -> str:
        """The name of the program for people: that of the script, or the first word."""
        words = [word for _, part in self._parts for word in part]
        script = next((word for word in words if word.endswith((".py", ".sh"))), words[0])
        return script.rsplit("/", 1)[-1]

    def check_places(self, known: Set[str], needed: Set[str]) -> None:
        """Check that there is a place for every value that is needed, and a value for every place.

        Raises:
            InvalidInput: naming the places.
        """
        listed = ", ".join(f"{{{name}}}" for name in sorted(known))
        if unknown := sorted(self.places - known):
            raise InvalidInput.of(self._field, f"has {{{unknown[0]}}}; must be one of {listed}, or be in settings")
        if missing := sorted(needed - self.places):
            raise InvalidInput.of(self._field, f"has no {{{missing[0]}}}; must have it, and may have {listed}")

    def fill(self, values: Mapping[str, str]) -> list[str]:
        """Return the arguments of the command with its values."""
        arguments: list[str] = []
        for optional, part in self._parts:
            names = [name for word in part for name in _PLACE.findall(word)]
            if not optional or all(values[name] for name in names):
                arguments += [_PLACE.sub(lambda place: values[place.group(1)], word) for word in part]
        return arguments

    def _split(self, words: list[str]) -> list[tuple[bool, list[str]]]:
        """Divide words into parts, each with whether it is optional."""
        parts: list[tuple[bool, list[str]]] = [(False, [])]
        for word in words:
            opens, closes = word.startswith("["), word.endswith("]")
            if opens and parts[-1][0]:
                raise InvalidInput.of(self._field, f"has a bracket in a bracket, at {word!r}; must close the first")
            if opens:
                parts.append((True, []))
            if closes and not parts[-1][0]:
                raise InvalidInput.of(self._field, f"closes a bracket that is not open, at {word!r}")
            parts[-1][1].append(word[1 if opens else 0 : -1 if closes else None])
            if closes:
                parts.append((False, []))
        if parts[-1][0]:
            raise InvalidInput.of(self._field, "has a bracket that is not closed")
        return parts
