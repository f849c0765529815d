"""Motions whose right corrections are known, and what becomes of them at servers that break."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from load_motions import answer_bytes
from server_under_load import ECHO, SIM, ServerUnderLoad

from motion.errors import PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Effort
from motion.report import Correction
from motion.rpc.corrector_client import RemoteCorrector

_ECHO_FLAGS = ("--delay", "0.02")


@dataclass
class Outcome:
    """What became of the motions.

    Attributes:
        fault: what was broken.
        sent: number of motions that were sent.
        back: number of motions that came back.
        told: number of motions that were refused with a reason that leaves it to the caller to try again.
        wrong: number of motions that came back with other bytes than in process.
        seconds: time from the first call to the last answer [s].
        seen: what else there is to say.
    """

    fault: str
    sent: int
    back: int = 0
    told: int = 0
    wrong: int = 0
    seconds: float = 0.0
    seen: str = ""

    @property
    def lost(self) -> int:
        """Number of motions that neither came back nor were refused."""
        return self.sent - self.back - self.told


@dataclass(frozen=True)
class FaultBench:
    """What all faults are tried on.

    Attributes:
        motions: the motions.
        right: what has to come back for each, as on the wire.
        options: how they are corrected.
        flags: flags of the servers.
        program: program of the servers.
    """

    motions: Sequence[Motion]
    right: Sequence[bytes]
    options: CorrectionOptions
    flags: Sequence[str]
    program: Sequence[str] = field(default=SIM)

    @classmethod
    def of(cls, motions: Sequence[Motion], effort: Effort, flags: Sequence[str], echo: bool) -> FaultBench:
        """Correct motions in this process, so that it is known what has to come back.

        Args:
            motions: the motions.
            effort: effort of the corrections.
            flags: flags of the servers that ship.
            echo: whether servers return what they are given.
        """
        options = CorrectionOptions(effort=effort)
        if echo:
            from echo_server import EchoCorrector

            corrector = EchoCorrector()
            right = [answer_bytes(corrector.submit(motion, 0, options).result()) for motion in motions]
            return cls(motions, right, options, _ECHO_FLAGS, ECHO)
        from load_motions import correct_in_process

        return cls(motions, correct_in_process(motions, options).answers, options, flags)

    def server(self, *flags: str, environment: Mapping[str, str] | None = None) -> ServerUnderLoad:
        """Return a server, with further flags and variables."""
        return ServerUnderLoad([*self.flags, *flags], self.program, environment=environment)

    def is_right(self, index: int, correction: Correction) -> bool:
        """Return whether a correction has the bytes that it has in process."""
        return answer_bytes(correction) == self.right[index]

    def correct(self, fault: str, target: str, act: Callable[[int], object] = lambda done: None) -> Outcome:
        """Correct all motions at a target, and count what came of them.

        Args:
            fault: what is broken.
            target: address or addresses of the servers.
            act: called with the number of motions that are done, after each of them.
        """
        outcome = Outcome(fault, len(self.motions))
        start = time.monotonic()
        try:
            with RemoteCorrector(target) as client:
                for index, correction in client.corrected(self.motions, options=self.options):
                    outcome.back += 1
                    outcome.wrong += not self.is_right(index, correction)
                    act(outcome.back)
        except PlumbError as error:
            outcome.seen = f"{type(error).__name__}: {error}"
            if isinstance(error, ServiceUnavailable):
                outcome.told = outcome.sent - outcome.back
        outcome.seconds = time.monotonic() - start
        return outcome


def once_at(bench: FaultBench, share: float, act: Callable[[], object]) -> Callable[[int], None]:
    """Return a function of the number of motions that are done, which acts when a share of them is."""
    at = max(1, int(share * len(bench.motions)))

    def act_then(done: int) -> None:
        if done == at:
            act()

    return act_then
