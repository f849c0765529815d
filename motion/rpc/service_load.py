"""What can be observed of a service: what it has under way at one moment, and how long its work waited and took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class ServiceLoad(Protocol):
    """What a service has under way at one moment; `sim_server`'s correctors have it."""

    @property
    def waiting(self) -> int:
        """Motions, or other pieces of work, that wait for their turn."""
        ...

    @property
    def running(self) -> int:
        """Those that are being worked on."""
        ...

    @property
    def slots(self) -> int:
        """How many can be worked on at a time."""
        ...

    @property
    def workers(self) -> int:
        """Worker processes that can take work; 0 for a service that works in its own process."""
        ...

    @property
    def lost_workers(self) -> int:
        """Worker processes that ended without being asked to, and were replaced."""
        ...

    @property
    def given_up(self) -> int:
        """Motions that ended several worker processes and were given up."""
        ...


@dataclass(frozen=True)
class WorkTiming:
    """How long one piece of work took that was done.

    Attributes:
        wait_seconds: from its arrival to the moment at which work on it began.
        compute_seconds: from there to its answer.
    """

    wait_seconds: float
    compute_seconds: float


@dataclass(frozen=True)
class Observed:
    """How a service is observed; it is asked, and knows nothing of who asks.

    Attributes:
        load: returns what is under way now.
        take_timings: returns the timings of what was done since it was last called, each once; None if the service
            measures none.
    """

    load: Callable[[], ServiceLoad]
    take_timings: Callable[[], Sequence[WorkTiming]] | None = None


@runtime_checkable
class Observable(Protocol):
    """A service whose load can be observed."""

    def load(self) -> ServiceLoad:
        """Return what is under way now."""
        ...


def observe(service: object) -> Observed | None:
    """Return how a service is observed, None if it cannot be.

    Args:
        service: the corrector or generator that is served; it may have the methods of `Observed`.
    """
    if not isinstance(service, Observable):
        return None
    return Observed(service.load, getattr(service, "take_timings", None))
