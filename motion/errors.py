"""What can be wrong with what comes from outside, said field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PlumbError(Exception):
    """Root of every error that Plumb raises on purpose; its text is one sentence for a person."""


class LeftOut(UserWarning):
    """Some members of a set cannot be used and are not in what was read; the text names them and says why."""


@dataclass(frozen=True)
class Violation:
    """One field that was refused: its path, and what it holds, and what would be right."""

    field: str
    description: str


class InvalidInput(PlumbError, ValueError):
    """An input from outside was refused; nothing was done with it.

    Over the network this is INVALID_ARGUMENT with a `google.rpc.BadRequest`; on a command line, exit status 2.
    """

    def __init__(self, violations: Sequence[Violation]):
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in self.violations))

    @classmethod
    def of(cls, field: str, description: str) -> InvalidInput:
        return cls([Violation(field, description)])

    def within(self, prefix: str) -> InvalidInput:
        """The same violations, their fields under `prefix` (`positions` -> `motion.positions`)."""
        return InvalidInput([Violation(f"{prefix}.{v.field}", v.description) for v in self.violations])


class NotFound(PlumbError, LookupError):
    """A named thing (policy, checkpoint, data set, recipe, file) does not exist; the text lists what does."""


class ServiceUnavailable(PlumbError, ConnectionError):
    """A service could not be reached, or went away in the middle."""


class Overloaded(ServiceUnavailable):
    """A service has as much to do as it takes on; the same request may be sent again shortly."""
