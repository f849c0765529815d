"""What the service needs of a corrector and of a scorer."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol, runtime_checkable

from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.score import Score
from sim_server.fair_queue import Sender


class SubmittingCorrector(Protocol):
    """A corrector that can be served; `sim_server.Corrector` is one."""

    def describe(self) -> CorrectorInfo:
        """Return the corrector's policies, versions and limits."""
        ...

    def submit(self, motion: Motion, seed: int, options: CorrectionOptions) -> Future[Correction]:
        """Hand over a motion without waiting for its correction; cancelling the future drops the motion.

        Raises:
            InvalidInput: the motion, an option or the seed is invalid.
            NotFound: there is no such policy.
            Overloaded: too many motions wait already.
        """
        ...


@runtime_checkable
class FairCorrector(SubmittingCorrector, Protocol):
    """A corrector that is fair among the clients of a service; those of `sim_server` are."""

    def submit_for(self, sender: Sender, motion: Motion, seed: int, options: CorrectionOptions) -> Future[Correction]:
        """Hand over a motion of a client; the rest is as for `submit`."""
        ...


@runtime_checkable
class ScoringCorrector(Protocol):
    """A corrector that scores motions too, where it corrects them; `sim_server.WorkerPool` is one."""

    def submit_score(self, sender: Sender, motion: Motion) -> Future[Score]:
        """Hand over a motion of a client to be scored; the rest is as for `SubmittingScorer.submit`."""
        ...


class SubmittingScorer(Protocol):
    """A scorer that can be served; `sim_server.feasibility.Scorer` is one."""

    def submit(self, motion: Motion) -> Future[Score]:
        """Hand over a motion without waiting for its score; cancelling the future drops the motion.

        Raises:
            InvalidInput: the motion is invalid.
            Overloaded: too many motions wait already.
        """
        ...
