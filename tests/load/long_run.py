"""Correct very many short motions through a service, and look at every answer: `python tests/load/long_run.py`.

The motions are pieces of real ones, drawn block by block from the seed. Each block that is done is a line of the file
of the run, so a run that was ended goes on where it was; `--count 1000000` is a run of days or of many servers.
"""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from load_motions import pieces
from server_under_load import ServerUnderLoad
from tyro.conf import arg

from motion.errors import InvalidInput
from motion.protocols import CorrectionOptions, Effort
from motion.report import Correction
from motion.rpc.client_flags import ClientFlags
from motion.rpc.corrector_client import RemoteCorrector
from motion.shell.atomic import atomic_path
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, progress_bar, run_command

_REPEATED = 100  # one motion of so many is corrected once more, to compare its bytes


@dataclass(frozen=True)
class Block:
    """What came of the motions of one block.

    Attributes:
        block: number of the block.
        motions: number of motions that were sent.
        ok: number of corrections that are OK.
        assisted: number of corrections that are ASSISTED.
        failed: number of corrections that are FAILED, with a reason.
        unmarked: number of corrections without a status, or FAILED without a reason.
        not_finite: number of corrections with a number that is none.
        differing: number of corrections that had other bytes when they were made again.
        seconds: time that the block took [s].
    """

    block: int
    motions: int
    ok: int
    assisted: int
    failed: int
    unmarked: int
    not_finite: int
    differing: int
    seconds: float

    @property
    def is_fine(self) -> bool:
        """Whether every motion came back as it should."""
        whole = self.ok + self.assisted + self.failed + self.unmarked == self.motions
        return whole and not (self.unmarked or self.not_finite or self.differing)


@dataclass(frozen=True)
class LongRun(ClientFlags):
    """Send many short motions, and say what came back."""

    count: int = 100_000
    """Number of motions."""
    frames: int = 20
    """Frames of each."""
    block: int = 1000
    """Number of motions between two lines of the file."""
    effort: tuple[Effort, ...] = ("fast",)
    """Efforts of the corrections, one block after the other."""
    seed: int = 0
    """Seed of the pieces."""
    out: Path = Path("build/long-run.jsonl")
    """File of the run; if there is one, the run goes on where it ended."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Server, or servers as a gRPC target; by default one is started for the run."""
    flags: Annotated[str, arg(metavar="FLAGS")] = ""
    """Flags of the server that is started, as in --flags="--workers 0"."""

    def run(self) -> int:
        """Run what is left of the run, and return 1 if anything came back as it should not."""
        done = self._read()
        blocks = [number for number in range(-(-self.count // self.block)) if number not in done]
        log(f"{len(done)} blocks are done, {len(blocks)} are left")
        with ExitStack() as stack, self.out.open("a", encoding="utf-8") as file:
            address = self.server or stack.enter_context(ServerUnderLoad(shlex.split(self.flags))).address
            security = self.client_security() if self.server else None
            client = stack.enter_context(RemoteCorrector(address, security=security))
            progress = stack.enter_context(progress_bar("motions"))
            for number in blocks:
                result = self._correct(client, number)
                done[number] = result
                file.write(f"{_line(result)}\n")
                file.flush()
                progress(sum(each.motions for each in done.values()), self.count)
        print(_summary(list(done.values())))
        return DONE if all(each.is_fine for each in done.values()) else DONE_WITH_FAILURES

    def _read(self) -> dict[int, Block]:
        """Return the blocks that are done; a last line that was not written whole is done again."""
        asked = json.dumps({"frames": self.frames, "block": self.block, "effort": self.effort, "seed": self.seed})
        head, *lines = self.out.read_text("utf-8").splitlines() if self.out.is_file() else [asked]
        if head != asked:
            raise InvalidInput.of("--out", f"{self.out} is of a run with {head}; must be that with {asked}")
        found: dict[int, Block] = {}
        for line in lines:
            try:
                result = Block(**json.loads(line))
            except (json.JSONDecodeError, TypeError):
                continue
            found[result.block] = result
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.out) as file:
            file.write_text("".join(f"{line}\n" for line in [asked, *map(_line, found.values())]), "utf-8")
        return found

    def _correct(self, client: RemoteCorrector, number: int) -> Block:
        motions = pieces(min(self.block, self.count - number * self.block), self.frames, seed=self.seed + number)
        options = CorrectionOptions(effort=self.effort[number % len(self.effort)])
        start = time.monotonic()
        corrections = client.correct(motions, options=options)
        again = client.correct(motions[::_REPEATED], options=options)
        same = [_bytes(one) == _bytes(other) for one, other in zip(corrections[::_REPEATED], again, strict=True)]
        marks = Counter(_mark(correction) for correction in corrections)
        finite = [bool(np.isfinite(correction.motion.positions).all()) for correction in corrections]
        return Block(
            number, len(motions), marks["OK"], marks["ASSISTED"], marks["FAILED"], marks[""], finite.count(False),
            same.count(False), round(time.monotonic() - start, 3),
        )  # fmt: skip


def _line(block: Block) -> str:
    return json.dumps(asdict(block))


def _mark(correction: Correction) -> str:
    """Return the status of a correction; nothing if it does not say what it must."""
    report = correction.report
    return report.status if report.status == "OK" or report.reason else ""


def _bytes(correction: Correction) -> bytes:
    return correction.motion.positions.tobytes() + repr(correction.report).encode()


def _summary(blocks: list[Block]) -> str:
    totals = {name: sum(getattr(each, name) for each in blocks) for name in Block.__dataclass_fields__}
    parts = [f"{totals[name]} {name.replace('_', ' ')}" for name in list(totals)[1:-1]]
    return f"{', '.join(parts)} in {totals['seconds']:.0f} s"


if __name__ == "__main__":
    run_command(lambda: tyro.cli(LongRun).run())
