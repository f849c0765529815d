"""Errors and warnings of Plumb. Errors about input name each wrong field, its value and what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class PlumbError(Exception):
    """Base class of all errors that Plumb raises on purpose; the text is one sentence for the user.

    Attributes:
        finished: results that were there before the error, by index, where many were asked for.
    """

    finished: Mapping[int, Any] = {}


class ReadingWarning(UserWarning):
    """Something that a file does not state was guessed or put right when it was read; the text is one sentence."""


class SkippedMotionsWarning(ReadingWarning):
    """Some members of a set could not be used and were skipped; the text names them and gives the reason."""


@dataclass(frozen=True)
class Violation:
    """One field that was refused.

    Attributes:
        field: path of the field, such as `motion.positions`.
        description: its value and what would be right.
    """

    field: str
    description: str


class InvalidInput(PlumbError, ValueError):
    """An input was refused before anything was done with it.

    Over the network this is INVALID_ARGUMENT with a `google.rpc.BadRequest`; on a command line, exit status 2.

    Attributes:
        violations: the fields that were refused.
    """

    def __init__(self, violations: Sequence[Violation]):
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in self.violations))

    @classmethod
    def of(cls, field: str, description: str) -> InvalidInput:
        """Create an error about one field."""
        return cls([Violation(field, description)])

    def within(self, prefix: str) -> InvalidInput:
        """Return the error with `prefix` before each field (`positions` becomes `motion.positions`)."""
        return InvalidInput([Violation(f"{prefix}.{v.field}", v.description) for v in self.violations])


class NotFound(PlumbError, LookupError):
    """A policy, checkpoint, data set, recipe or file of this name does not exist; the text lists those that do."""


class ServiceUnavailable(PlumbError, ConnectionError):
    """A service could not be reached, or the connection was lost."""


class Overloaded(ServiceUnavailable):
    """A service accepts no more work at the moment; the same request may be sent again later."""
