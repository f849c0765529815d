"""Errors of calls that never ran: refused for who makes them, or how often, or without a server."""

from __future__ import annotations

from motion.errors import Overloaded, PlumbError, ServiceUnavailable


class Unauthenticated(PlumbError):
    """A call carries no token, or one that the server does not know."""


class PermissionDenied(PlumbError):
    """The client of a call is known, but has no right to make it."""


class Unreachable(ServiceUnavailable):
    """There is no server at the address, so that the call was not made."""


class RetryLater(Overloaded):
    """A client has used up what it may use for now.

    Attributes:
        seconds: time after which the same call may succeed.
    """

    def __init__(self, text: str, seconds: float):
        super().__init__(text)
        self.seconds = seconds
