"""What correctors with a queue have in common, by one that never works anything off."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import pytest
from swaying_body import sway

from motion.errors import InvalidInput, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from sim_server.fair_queue import Sender
from sim_server.queued_corrector import CorrectorLoad, QueuedCorrector, QueueFull, WorkClock

NOT_A_BODY = Motion(np.full((20, 22, 3), np.nan, np.float32))


@dataclass(eq=False)
class Pending:
    """A motion that waits."""

    motion: Motion
    sender: Sender
    future: Future[Correction] = field(default_factory=Future)
    clock: WorkClock = field(default_factory=WorkClock)
    progress: float = 0.0


class IdleCorrector(QueuedCorrector[Pending]):
    """Takes motions and never corrects them."""

    def describe(self) -> CorrectorInfo:
        return CorrectorInfo("idle", "none", ("none",), "", "1", 4, 2000, 20.0, ())

    def close(self) -> None:
        self._closed = True

    def load(self) -> CorrectorLoad:
        return CorrectorLoad(len(self._waiting), 0, 1)

    def _new_request(self, motion: Motion, sender: Sender, seed: int, options: CorrectionOptions) -> Pending:
        return Pending(motion, sender)

    def _policy_names(self) -> Collection[str]:
        return ("none",)


def test_a_full_queue_refuses_a_motion_before_it_is_looked_at() -> None:
    corrector = IdleCorrector(queue_size=2)
    with pytest.raises(InvalidInput):
        corrector.submit(NOT_A_BODY)
    waiting = [corrector.submit(sway(20, seed)) for seed in range(2)]
    with pytest.raises(QueueFull, match="2 motions wait already"):
        corrector.submit(NOT_A_BODY)
    waiting[0].cancel()
    with pytest.raises(InvalidInput):
        corrector.submit(NOT_A_BODY)


def test_what_the_caller_writes_into_his_array_later_changes_nothing() -> None:
    corrector, motion = IdleCorrector(queue_size=2), sway(20, 1)
    before = motion.positions.copy()
    corrector.submit(motion)
    motion.positions[:] = 0.0
    (pending,) = corrector._waiting
    assert np.array_equal(pending.motion.positions, before)


def test_a_closed_corrector_takes_nothing() -> None:
    corrector = IdleCorrector(queue_size=2)
    corrector.close()
    assert not corrector.healthy
    with pytest.raises(ServiceUnavailable):
        corrector.submit(sway(20, 1))
