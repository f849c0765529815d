"""`plumb-sim score`: measure how far motions are from what a body can do, without correcting them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from tyro.conf import Positional, arg

from motion import score as scores
from motion.errors import InvalidInput, PlumbError
from motion.formats.motion_file import MotionFile
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, progress_bar
from motion.shell.reading_flags import ReadingFlags
from motion.shell.tables import text_table
from motion.viewing.correction_page import check_page_path
from motion.viewing.score_page import write_score_page
from sim_server.commands.correctors import open_scorer, read_clean_motions

_HEADER = ("motion", "frames", "missing N", "of weight", "median N", "p90 N", "max N", "torque Nm", "carried")
_MAX_ROWS = 40
_MAX_LINES = 20

LEGEND = (
    "missing N: mean force that nobody supplies: neither gravity nor inertia nor a part of the body near the floor;\n"
    "carried: share of frames in which less than a tenth of the weight is missing"
)
"""What the columns mean that do not say it themselves."""


class ScoredMotion(NamedTuple):
    """A motion's name, its input, its number of frames and its score."""

    id: str
    source: str
    frames: int
    score: scores.Score


@dataclass(frozen=True)
class Score(ReadingFlags, ClientFlags):
    """Measure the force that nobody supplies if a body is to do motions as they are, and say where and why.

    Nothing is simulated or corrected; the floor is y = 0. The exit status is 1 if an input or a member of a set could
    not be used, or if a motion misses more than --max-force.
    """

    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions (.bvh, .npy, .npz), packed sets or HumanML3D folders."""
    max_force: Annotated[float | None, arg(metavar="NEWTONS")] = None
    """Exit with 1 if the mean missing force of a motion is above this."""
    view: Annotated[Path | None, arg(metavar="PAGE.html")] = None
    """Write a page that ranks the motions by what they miss, with the force as a curve and the reasons."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Score on this server instead of in this process."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        if self.max_force is not None and not (np.isfinite(self.max_force) and self.max_force >= 0):
            raise InvalidInput.of("--max-force", f"is {self.max_force}; must be a finite number of newtons, 0 or more")
        if self.view:
            check_page_path(self.view)
        sources, left_out = self._read()
        motions = [motion for source in sources for motion in source.motions]
        with open_scorer(self.server, self) as scorer, progress_bar("motions") as progress:
            values = scorer.score(motions, progress)
        paths = [str(source.path) for source in sources for _ in source.motions]
        scored = [
            ScoredMotion(motion.name or "", path, len(motion), value)
            for motion, path, value in zip(motions, paths, values, strict=True)
        ]
        if self.view:
            title = ", ".join(path.name for path in self.inputs)
            log(write_score_page(self.view, motions, values, title))
        over = [each for each in scored if self.max_force is not None and each.score.force_n_mean > self.max_force]
        if self.json:
            notes = [*left_out, *(note for source in sources for note in source.named_notes())]
            print(json.dumps(self._document(scored, over, notes), indent=1))
        else:
            print(score_table(scored))
            print(LEGEND)
            for remark in score_remarks(scored):
                print(remark)
        if over:
            log(f"{len(over)} of {len(scored)} motions miss more than {self.max_force:g} N on average")
        unreadable = left_out or any(source.unreadable for source in sources)
        return DONE_WITH_FAILURES if over or unreadable else DONE

    def _read(self) -> tuple[list[MotionFile], list[str]]:
        """Read the inputs that can be used, and say in sentences which cannot."""
        if not self.inputs:
            raise InvalidInput.of("IN", "names no file; must be at least one")
        sources: list[MotionFile] = []
        errors: list[PlumbError] = []
        for path in self.inputs:
            try:
                sources.append(read_clean_motions(path, self.read_options()))
            except PlumbError as error:
                errors.append(error)
        if not sources:
            raise errors[0]
        left_out = [f"left out: {error}" for error in errors]
        for sentence in left_out:
            log(f"plumb-sim: {sentence}")
        return sources, left_out

    def _document(
        self, scored: Sequence[ScoredMotion], over: Sequence[ScoredMotion], notes: Sequence[str]
    ) -> dict[str, Any]:
        """Return the JSON document; with `--max-force` each score says whether it passes."""
        lines = []
        for each in scored:
            line = {"id": each.id, "source": each.source, **each.score.to_json()}
            lines.append(line if self.max_force is None else line | {"passed": each not in over})
        summary = {
            "motions": len(scored),
            **{name: float(np.mean([getattr(each.score, name) for each in scored])) for name in _AVERAGED},
        }
        if self.max_force is not None:
            summary["passed"] = len(scored) - len(over)
        return {"scores": lines, "summary": summary, "notes": list(notes)}


_AVERAGED = ("force_n_mean", "force_share_mean", "torque_nm_mean", "carried_share")


def score_table(scored: Sequence[ScoredMotion], max_rows: int = _MAX_ROWS) -> str:
    """Format one row per motion, those that miss most force first, and one with the means of several motions.

    Args:
        scored: the motions and their scores.
        max_rows: rows of motions that are shown; a line says how many more there are.
    """
    rows = [(each.id, *_cells(str(each.frames), _values(each.score))) for each in _worst_first(scored)[:max_rows]]
    if len(scored) > 1:
        means = np.mean([_values(each.score) for each in scored], axis=0)
        rows.append((f"all {len(scored)}", *_cells(str(sum(each.frames for each in scored)), means)))
    lines = text_table(_HEADER, rows).split("\n")
    if len(scored) > max_rows:
        lines.insert(-1, f"... and {len(scored) - max_rows} more")
    return "\n".join(lines)


def score_remarks(scored: Sequence[ScoredMotion], max_lines: int = _MAX_LINES) -> list[str]:
    """Return the reasons of the motions, those that miss most force first; one more line says how many are left out."""
    lines = [f"{each.id}: {reason}" for each in _worst_first(scored) for reason in each.score.reasons]
    more = len(lines) - max_lines
    return lines[:max_lines] + ([f"... and {more} more reasons, see --json"] if more > 0 else [])


def _worst_first(scored: Sequence[ScoredMotion]) -> list[ScoredMotion]:
    return sorted(scored, key=lambda each: -each.score.force_n_mean)


def _values(score: scores.Score) -> tuple[float, ...]:
    return (
        score.force_n_mean,
        score.force_share_mean,
        score.force_n_median,
        score.force_n_p90,
        score.force_n_max,
        score.torque_nm_mean,
        score.carried_share,
    )


def _cells(frames: str, values: Sequence[float] | np.ndarray) -> tuple[str, ...]:
    mean, share, median, p90, most, torque, carried = values
    return (
        frames, f"{mean:.1f}", f"{share:.0%}", f"{median:.1f}", f"{p90:.0f}", f"{most:.0f}", f"{torque:.1f}",
        f"{carried:.0%}",
    )  # fmt: skip
