"""What correctors with a queue have in common: checks, fairness, waiting for answers."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from motion.errors import InvalidInput, NotFound, Overloaded, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction
from motion.rpc.service_load import WorkTiming
from motion.validation import as_motions
from sim_server.control_rate import check_correctable
from sim_server.fair_queue import ANYONE, FairQueue, Sender

_PROGRESS_SECONDS = 0.25
_MOST_TIMINGS = 10_000  # that are kept for whoever asks
_LONGEST_TURN_S = 60.0  # of motion that one turn is charged for; longer motions take several turns
_calls = count(1)


class QueueFull(Overloaded):
    """The queue holds as many motions as the corrector takes; the caller may try again shortly."""


@dataclass
class WorkClock:
    """When a motion arrived and when work on it began [s], by the monotonic clock; None until then."""

    arrived: float = field(default_factory=time.monotonic)
    began: float | None = None

    def begin(self) -> None:
        """Note that work begins; what begins again keeps its first time."""
        if self.began is None:
            self.began = time.monotonic()


class PendingCorrection(Protocol):
    """A motion that someone waits for.

    Attributes:
        motion: the checked motion.
        sender: who waits for it.
        future: the answer.
        clock: when it arrived and was begun.
    """

    motion: Motion
    sender: Sender
    future: Future[Correction]
    clock: WorkClock

    @property
    def progress(self) -> float:
        """The share of the work that is done, 1 with the answer."""
        ...


@dataclass(frozen=True)
class CorrectorLoad:
    """What a corrector has to do.

    Attributes:
        waiting: motions that wait for their turn.
        running: motions that are being corrected.
        slots: motions that can be corrected at once.
        workers: worker processes that can take motions; 0 if the corrector works in this process.
        lost_workers: worker processes that ended without being asked to, and were replaced.
        given_up: motions that ended two worker processes and were given up.
    """

    waiting: int
    running: int
    slots: int
    workers: int = 0
    lost_workers: int = 0
    given_up: int = 0


_Pending = TypeVar("_Pending", bound=PendingCorrection)


class QueuedCorrector(ABC, Generic[_Pending]):
    """A corrector whose motions wait in a fair queue until they are taken out by whoever does the work.

    Args:
        queue_size: motions that may wait before `submit` refuses.
    """

    def __init__(self, queue_size: int):
        self._waiting: FairQueue[_Pending] = FairQueue(queue_size)
        self._changed = threading.Condition()
        self._closed = False
        self._timings: deque[WorkTiming] = deque(maxlen=_MOST_TIMINGS)

    @abstractmethod
    def describe(self) -> CorrectorInfo:
        """Return the corrector's policies, versions and limits."""

    @abstractmethod
    def close(self) -> None:
        """Stop working. Motions that are not done yet fail with `ServiceUnavailable`."""

    @abstractmethod
    def load(self) -> CorrectorLoad:
        """Return what the corrector has to do at the moment."""

    def take_timings(self) -> list[WorkTiming]:
        """Return how long the motions waited and took that were answered since the last call."""
        return [self._timings.popleft() for _ in range(len(self._timings))]

    @property
    def healthy(self) -> bool:
        """Whether motions that are handed over now will be corrected."""
        return not self._closed

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions, and return the corrections in the same order.

        Args:
            motions: `Motion`s, or arrays of positions (frames, 22, 3) [m] or HumanML3D features (frames, 263).
            seed: seed of everything random; reports carry it. The policies that ship act without randomness.
            options: how to correct; by default with the assist ladder and the default policy.
            progress: called with (done, all) at most four times a second and after each motion. `done` counts
                motions, with the shares of those that are under way; it never falls, and it ends at `all`.

        Raises:
            InvalidInput: an input is no motion (its fields are under `motions[i]`), or the seed is out of range. Then
                nothing is corrected.
            NotFound: no policy has the name in `options`.
            ServiceUnavailable: the corrector is closed.
        """
        checked = as_motions(motions, check_correctable)
        options = self._check(options, seed)
        sender = Sender(f"call {next(_calls)}")  # calls from several threads take turns
        requests = [self._enqueue(motion, sender, seed, options) for motion in checked]
        try:
            if progress:
                report_progress(requests, progress)
            return [request.future.result() for request in requests]
        finally:
            for request in requests:
                request.future.cancel()

    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        """Hand over one motion, and return a future of its correction. Cancelling the future drops the motion.

        Args:
            motion: the motion; it is copied.
            seed: as for `correct`.
            options: as for `correct`.

        Raises:
            InvalidInput: the motion is none, or the seed is out of range.
            NotFound: no policy has the name in `options`.
            QueueFull: too many motions wait already.
            ServiceUnavailable: the corrector is closed.
        """
        return self.submit_for(ANYONE, motion, seed, options)

    def submit_for(
        self, sender: Sender, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None
    ) -> Future[Correction]:
        """Hand over one motion of a client; clients take turns. The rest is as for `submit`."""
        with self._changed:
            if not self._waiting.has_room(sender.client):
                raise QueueFull(f"{len(self._waiting)} motions wait already; try again shortly")
        motion = check_correctable(motion)
        return self._enqueue(motion, sender, seed, self._check(options, seed)).future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> _Pending:
        """Make the request for a checked motion."""

    @abstractmethod
    def _policy_names(self) -> Collection[str]:
        """Return the names of all policies."""

    def _check(self, options: CorrectionOptions | None, seed: int) -> CorrectionOptions:
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:  # the range that the wire format has
            raise InvalidInput.of("seed", f"is {seed!r}; must be a whole number, at least 0 and below 2^63")
        options = options or CorrectionOptions()
        policies = self._policy_names()
        if options.policy and options.policy not in policies:
            raise NotFound(f"no policy {options.policy!r}; there is {', '.join(policies)}")
        return options

    def _enqueue(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> _Pending:
        # The caller may write to his array while the motion waits; the correction is of what he handed over.
        motion = motion.with_positions(motion.positions.copy())
        request = self._new_request(motion, sender, int(seed), options)
        with self._changed:
            if self._closed:
                raise ServiceUnavailable("the corrector is closed")
            # Callbacks do not refer to the request: the future would keep it in memory for as long as the answer.
            request.future.add_done_callback(partial(self._record, request.clock))
            self._append(request)
            self._changed.notify_all()
        return request

    def _append(self, request: _Pending) -> None:
        """Let a request wait for its turn; it leaves the queue at once when it is cancelled."""
        key = self._waiting.push(request, request.sender, min(request.motion.duration, _LONGEST_TURN_S) + 1.0)
        request.future.add_done_callback(partial(self._discard, key))

    def _discard(self, key: int, _: Future[Correction]) -> None:
        with self._changed:
            self._waiting.discard(key)

    def _record(self, clock: WorkClock, future: Future[Correction]) -> None:
        if clock.began is not None and not future.cancelled():
            self._timings.append(WorkTiming(clock.began - clock.arrived, time.monotonic() - clock.began))


def report_progress(requests: Sequence[PendingCorrection], progress: ProgressCallback) -> None:
    """Call `progress` at most four times a second and after each motion, until all requests are answered.

    Args:
        requests: what is waited for.
        progress: called with (done, all), where `done` includes the shares of the motions that are under way.

    Raises:
        Exception: the error that a request failed with; the first one in their order.
    """
    reported = 0.0
    for request in requests:
        answered = False
        while not answered:
            answered = bool(wait([request.future], _PROGRESS_SECONDS).done)
            reported = max(reported, sum(each.progress for each in requests))
            progress(reported, len(requests))
        request.future.result()
