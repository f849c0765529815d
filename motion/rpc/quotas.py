"""What each client uses: calls at a time, and seconds of motion an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from motion.errors import InvalidInput, Overloaded
from motion.motion import Motion
from motion.plausibility import fps_fault
from motion.rpc.denials import RetryLater
from motion.rpc.server_settings import Quotas

_SECONDS_PER_HOUR = 3600.0


class Usage:
    """What one client uses, and may use.

    Args:
        name: name of the client.
        quotas: what it may use.
        clock: returns the time [s].

    Attributes:
        name: name of the client.
        quotas: what it may use; it may change.
        calls: calls that it makes at the moment.
    """

    def __init__(self, name: str, quotas: Quotas, clock: Callable[[], float] = time.monotonic):
        self.name = name
        self.quotas = quotas
        self._clock = clock
        self.calls = 0
        self._used = 0.0  # seconds of motion that have not come back yet
        self._updated = clock()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember of this client."""
        self._update()
        return not self.calls and not self._used

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call while the block runs.

        Raises:
            Overloaded: the client makes as many calls as it may.
        """
        if self.quotas.calls is not None and self.calls >= self.quotas.calls:
            raise Overloaded(f"{self.name} makes {self.calls} calls already, which is its limit")
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1

    def charge(self, seconds: float, field: str) -> None:
        """Count seconds of motion, which are in `field` of a request.

        Raises:
            InvalidInput: they are more than the client may use in an hour.
            RetryLater: they are more than the client has left.
        """
        quota = self.quotas.seconds
        if quota is None:
            return
        if seconds > quota:
            raise InvalidInput.of(field, f"last {seconds:.4g} s; {self.name} may use {quota:g} s an hour")
        self._update()
        if (excess := self._used + seconds - quota) > 0:
            wait = excess * _SECONDS_PER_HOUR / quota
            text = f"{self.name} has used its {quota:g} s of motion an hour; try again in {wait:.0f} s"
            raise RetryLater(text, wait)
        self._used += seconds

    def refund(self, seconds: float) -> None:
        """Take back a charge for motion that was not worked on."""
        if self.quotas.seconds is not None:
            self._used = max(0.0, self._used - seconds)

    def _update(self) -> None:
        now = self._clock()
        if self.quotas.seconds is not None:
            back = (now - self._updated) * self.quotas.seconds / _SECONDS_PER_HOUR
            self._used = max(0.0, self._used - back)
        self._updated = now


_USAGE: ContextVar[tuple[Usage, float | None] | None] = ContextVar("usage", default=None)


def enter_call(usage: Usage, motion_seconds: float | None) -> None:
    """Make `usage` what `charged` charges in the rest of this task, and in the tasks that it starts.

    Args:
        usage: that of the call's client.
        motion_seconds: most seconds of motion in one request; None for no limit.
    """
    _USAGE.set((usage, motion_seconds))


def current_client() -> str:
    """Return the name of who makes the current call; empty outside of a call."""
    current = _USAGE.get()
    return current[0].name if current else ""


@contextmanager
def charged(seconds: float, field: str) -> Iterator[None]:
    """Charge the client of the current call with motion, which is taken back if the block raises.

    Args:
        seconds: duration of the motion [s].
        field: the field of the request that the motion is in.

    Raises:
        InvalidInput: the motion is longer than a request may have, or than the client may use in an hour.
        RetryLater: the client has used up its quota for now.
    """
    current = _USAGE.get()
    if current is None:
        yield
        return
    usage, limit = current
    if limit is not None and seconds > limit:
        raise InvalidInput.of(field, f"last {seconds:.4g} s; this server takes at most {limit:g} s in a request")
    usage.charge(seconds, field)
    try:
        yield
    except BaseException:
        usage.refund(seconds)
        raise


def motion_seconds(motion: Motion) -> float:
    """Return the duration of a motion that was not checked yet; 0 at a rate that will be refused."""
    return 0.0 if fps_fault(motion.fps) else max(0.0, motion.duration)
