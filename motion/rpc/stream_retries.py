"""When a call that answers in a stream is made again after it broke."""

from __future__ import annotations

from motion.errors import Overloaded, PlumbError, ServiceUnavailable
from motion.rpc.channel import MAX_ATTEMPTS
from motion.rpc.denials import RetryLater

FIRST_PAUSE_S = 0.1
_MAX_PAUSE_S = 5.0
_OVERLOAD_TIMEOUT_S = 120.0


class StreamRetries:
    """Counts the failures of one piece of work that can be resumed, and says how long to pause after each.

    The pause doubles with each failure in a row, or is what the server names. Failures are counted from the last
    progress, and after `MAX_ATTEMPTS` of them the work is given up. So is work that fails without any response, since
    gRPC itself has then repeated the call; but not where the server is overloaded, which is waited out for two
    minutes.

    Args:
        needs_response: whether a failure without any response is the last.
        attempts: number of calls after which the work is given up, where none makes progress.
    """

    def __init__(self, needs_response: bool = True, attempts: int = MAX_ATTEMPTS + 1):
        self._needs_response = needs_response
        self._attempts = attempts
        self._reached = -1
        self._failures = 0
        self._got_response = False
        self._waited_s = 0.0

    def received(self, position: int) -> None:
        """Record a response, with its place in the work."""
        self._got_response = True
        if position > self._reached:
            self._reached, self._failures, self._waited_s = position, 0, 0.0

    def pause_after(self, error: PlumbError) -> float:
        """Record a failure, and return the seconds until the next call.

        Raises:
            PlumbError: `error`, if another call is not worth it.
        """
        pause = min(FIRST_PAUSE_S * 2**self._failures, _MAX_PAUSE_S)
        got_response, self._got_response = self._got_response, False
        self._failures += 1
        if isinstance(error, Overloaded):
            pause = max(pause, error.seconds) if isinstance(error, RetryLater) else pause
            self._waited_s += pause
            if self._waited_s > _OVERLOAD_TIMEOUT_S:
                raise error
            return pause
        is_repeatable = isinstance(error, ServiceUnavailable) and (got_response or not self._needs_response)
        if not is_repeatable or self._failures >= self._attempts:
            raise error
        return pause
