"""A page of motions before and after their correction, with the numbers of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector, CorrectorInfo, ProgressCallback, Scorer
from motion.report import Correction, Report
from motion.score import Score
from motion.shell.atomic import atomic_path, check_target
from motion.viewing.html_player import Figure, Scene, page_html

MAX_SCENES = 200
_WORST_FIRST = ("FAILED", "ASSISTED", "OK")


def correction_scene(
    motion: Motion,
    correction: Correction,
    colors: tuple[str | None, str | None] = (None, None),
    scores: tuple[Score | None, Score | None] = (None, None),
) -> Scene:
    """Return a scene of a motion beside its correction, with the numbers of its report, and its trace if there is one.

    Args:
        motion: the motion as it was given.
        correction: of that motion.
        colors: CSS colours of the motion before and after; None for those that mean this on every page.
        scores: scores of the motion before and after; None where they are not known.
    """
    report = correction.report
    failed_s = report.completed * len(motion) / motion.fps if report.completed < 1 else None
    before = Figure("before", motion.positions, motion.fps, colors[0], "before", score=scores[0])
    after = Figure(
        "after",
        correction.motion.positions,
        correction.motion.fps,
        colors[1],
        "after",
        correction.trace,
        failed_s,
        scores[1],
    )
    sentences = [text.rstrip(".") + "." for text in (report.reason, *report.notes) if text]
    remark = " ".join(text[0].upper() + text[1:] for text in sentences)
    return Scene(
        (before, after),
        motion.name or motion.caption or "",
        motion.caption or "",
        report.status,
        remark,
        {**report_numbers(report), **score_numbers(scores)},
    )


def report_numbers(report: Report) -> dict[str, float]:
    """Return the numbers of a report that a page shows, by their names with units."""
    before, after = report.before, report.after
    return {
        "physical error before, mm": before.phys_err_mm,
        "physical error after, mm": after.phys_err_mm,
        "skating before, % of frames": 100 * before.skate_ratio,
        "skating after, % of frames": 100 * after.skate_ratio,
        "jitter before, m/s³": before.jitter_m_s3,
        "jitter after, m/s³": after.jitter_m_s3,
        "moved in the world, mm": report.mpjpe_global_mm,
        "moved about the pelvis, mm": report.mpjpe_local_mm,
        "assist mean, N": report.residual_force_n_mean,
        "assist most, N": report.residual_force_n_max,
        "completed, %": 100 * report.completed,
    }


def score_numbers(scores: tuple[Score | None, Score | None]) -> dict[str, float]:
    """Return the numbers of the scores before and after that a page shows, by their names with units."""
    return {
        f"missing force {when}, N": score.force_n_mean
        for when, score in zip(("before", "after"), scores, strict=True)
        if score is not None
    }


class RecordingCorrector:
    """Corrects as another corrector does, and remembers what it returns, with the traces of what is simulated.

    Args:
        corrector: what corrects.

    Attributes:
        pairs: the motions, each with its correction.
    """

    def __init__(self, corrector: Corrector):
        self._corrector = corrector
        self.pairs: list[tuple[Motion, Correction]] = []

    def describe(self) -> CorrectorInfo:
        """Return the description of the corrector."""
        return self._corrector.describe()

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions and remember them; see `motion.protocols.Corrector.correct`."""
        asked = options or CorrectionOptions()
        corrections = self._corrector.correct(motions, seed, replace(asked, trace_if_simulated=True), progress)
        given = [motion if isinstance(motion, Motion) else Motion(motion) for motion in motions]
        self.pairs += zip(given, corrections, strict=True)
        return corrections


def check_page_path(path: Path, flag: str = "--view") -> None:
    """Refuse a path that no page can be written to.

    Args:
        path: the page.
        flag: what an error calls it.

    Raises:
        InvalidInput: it does not end in `.html`, or cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise InvalidInput.of(flag, f"{path} ends in {path.suffix!r}; must be the name of a page, such as page.html")
    check_target(path)


def write_correction_page(
    path: Path, pairs: Sequence[tuple[Motion, Correction]], title: str, scorer: Scorer | None = None
) -> str:
    """Write a page of motions before and after their correction, atomically.

    Args:
        path: the page.
        pairs: motions with their corrections. Of more than `MAX_SCENES` those are left out that went best.
        title: of the page.
        scorer: scores the motions of the page before and after; None for a page without scores.

    Returns:
        A sentence that says what was written, and how many motions are not on the page.
    """
    ranked = sorted(range(len(pairs)), key=lambda i: _WORST_FIRST.index(pairs[i][1].report.status))
    kept = [pairs[i] for i in sorted(ranked[:MAX_SCENES])]
    scores: list[Score | None] = [None] * (2 * len(kept))
    if scorer is not None:
        scores = list(scorer.score([each for pair in kept for each in (pair[0], pair[1].motion)]))
    scenes = [
        correction_scene(motion, correction, scores=(scores[2 * index], scores[2 * index + 1]))
        for index, (motion, correction) in enumerate(kept)
    ]
    page = page_html(scenes, title)
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    left_out = len(pairs) - len(kept)
    shown = f"{len(kept)} motion{'' if len(kept) == 1 else 's'} before and after written to {path}"
    return shown + (f"; {left_out} more would make it too large and are not shown" if left_out else "")
