"""Errors of calls that a server refuses for who makes them, or how often; clients raise the same ones."""

from __future__ import annotations

from motion.errors import Overloaded, PlumbError


class Unauthenticated(PlumbError):
    """A call carries no token, or one that the server does not know."""


class PermissionDenied(PlumbError):
    """The client of a call is known, but has no right to make it."""


class RetryLater(Overloaded):
    """A client has used up what it may use for now.

    Attributes:
        seconds: time after which the same call may succeed.
    """

    def __init__(self, text: str, seconds: float):
        super().__init__(text)
        self.seconds = seconds
