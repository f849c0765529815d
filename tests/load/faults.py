"""What becomes of motions when something breaks: `python tests/load/faults.py`, or `make faults`.

For each fault the table says how many motions were sent, how many came back, how many were refused with a reason, how
many were lost, that is neither, and how many came back with other bytes than in process.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro
from fault_bench import FaultBench, Outcome
from fault_scenarios import SCENARIOS
from load_motions import pieces
from tyro.conf import arg

from motion.protocols import Effort
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, run_command
from motion.shell.tables import markdown_table


@dataclass(frozen=True)
class Faults:
    """Break servers, networks and clients on purpose, and print what became of the motions."""

    only: Annotated[tuple[str, ...], arg(metavar="NAME...")] = ()
    """Names of the faults to try; by default all."""
    motions: int = 200
    """Number of motions for each fault."""
    frames: int = 40
    """Frames of each motion."""
    effort: Effort = "fast"
    """Effort of the corrections."""
    echo: bool = False
    """Use servers whose corrector returns what it is given after some milliseconds, instead of those that ship."""
    flags: Annotated[str, arg(metavar="FLAGS")] = "--workers 2"
    """Flags of the servers, as in --flags="--workers 0"."""

    def run(self) -> int:
        """Try the faults one after the other, and return 1 if a motion was lost or wrong."""
        bench = FaultBench.of(pieces(self.motions, self.frames), self.effort, shlex.split(self.flags), self.echo)
        print(outcome_table([]), flush=True)
        is_fine = True
        for name, scenario in SCENARIOS.items():
            if self.only and name not in self.only:
                continue
            log(name)
            outcome = scenario(bench)
            is_fine = is_fine and not (outcome.lost or outcome.wrong)
            print(outcome_table([outcome]).splitlines()[-1], flush=True)
        return DONE if is_fine else DONE_WITH_FAILURES


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """Return the table of outcomes, in Markdown."""
    header = ("fault", "sent", "came back", "refused with a reason", "lost", "wrong", "seconds", "what was seen")
    rows = [
        (each.fault, str(each.sent), str(each.back), str(each.told), str(each.lost), str(each.wrong),
         f"{each.seconds:.1f}", each.seen)
        for each in outcomes
    ]  # fmt: skip
    return markdown_table(header, rows)


if __name__ == "__main__":
    run_command(lambda: tyro.cli(Faults).run())
