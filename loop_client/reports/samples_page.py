"""A page of sampled motions beside their corrections, with what the correction changed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from loop_client.reports.arm_colors import UNCORRECTED_COLOR, arm_colors
from motion.intervals import half_width
from motion.metrics import PhysicalErrors, mean_errors
from motion.motion import Motion
from motion.report import Correction, Report
from motion.shell.atomic import atomic_path
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import scenes_html
from motion.viewing.page_elements import page, paragraph, section, table

_COLUMNS = {
    "phys_err_mm": ("physical error mm", ".1f"),
    "float_mm": ("float mm", ".1f"),
    "penetrate_mm": ("penetrate mm", ".2f"),
    "skate_mm": ("skate mm", ".1f"),
    "skate_ratio": ("skating frames", ".0%"),
    "jitter_m_s3": ("jitter m/s³", ".0f"),
}
_LEGEND = (
    "Each cell: as sampled → corrected, lower is better. Physical error is the sum of penetration, float and skate of "
    "the lowest joint. Assist is the mean force at the root that no contact explains; a completed motion did not fail."
)


def write_samples_page(path: Path, title: str, motions: Sequence[Motion], corrections: Sequence[Correction]) -> str:
    """Write a self-contained HTML page of motions before and after their correction.

    Args:
        path: the page; written whole or not at all.
        title: heading of the page.
        motions: n sampled motions, with captions.
        corrections: their n corrections, in the same order.

    Returns:
        The sentence at the head of the page, which says what the correction changed on average.
    """
    conclusion = conclude(corrections)
    rows = [
        (escape(motion.caption or motion.name or ""), *_change(c.report.before, c.report.after), *_effort(c))
        for motion, c in zip(motions, corrections, strict=True)
    ]
    before, after = (mean_errors([getattr(c.report, side) for c in corrections]) for side in ("before", "after"))
    assist = sum(c.report.residual_force_n_mean for c in corrections) / len(corrections)
    completed = sum(c.report.status != "FAILED" for c in corrections)
    rows.append(("mean", *_change(before, after), f"{assist:.0f}", f"{completed} of {len(corrections)}"))
    if len(corrections) > 1:
        rows.append(("difference, 95 % interval", *_differences([c.report for c in corrections]), "", ""))
    heads = ("prompt", *(head for head, _ in _COLUMNS.values()), "assist N", "completed")
    colors = UNCORRECTED_COLOR, arm_colors(["corrected"])["corrected"]
    scenes = [correction_scene(motion, c, colors) for motion, c in zip(motions, corrections, strict=True)]
    parts = (
        f"<h1>{escape(title)}</h1>",
        paragraph(conclusion, "lead"),
        f'<div class="player">{scenes_html(scenes)}</div>',
        paragraph("Drag to turn, space to play, choose a motion from the list.", "note"),
        section("What changed", table(heads, rows), paragraph(_LEGEND)),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page(title, parts), encoding="utf-8")
    return conclusion


def conclude(corrections: Sequence[Correction]) -> str:
    """Say in a sentence what correcting these motions changed, whatever the direction."""
    reports = [correction.report for correction in corrections]
    before, after = (mean_errors([getattr(report, side) for report in reports]) for side in ("before", "after"))
    improved = sum(report.after.phys_err_mm < report.before.phys_err_mm for report in reports)
    failed = sum(report.status == "FAILED" for report in reports)
    sentence = (
        f"Correction took the mean physical error from {before.phys_err_mm:.1f} to {after.phys_err_mm:.1f} mm and the "
        f"share of skating frames from {before.skate_ratio:.0%} to {after.skate_ratio:.0%}; "
        f"{improved} of {len(reports)} motions have less error than before"
    )
    assisted = sum(report.status == "ASSISTED" for report in reports)
    sentence += f", {failed} failed" if failed else ", none failed"
    return sentence + (f", {assisted} were carried for a part." if assisted else ".")


def _change(before: PhysicalErrors, after: PhysicalErrors) -> list[str]:
    return [f"{getattr(before, n):{form}} → {getattr(after, n):{form}}" for n, (_, form) in _COLUMNS.items()]


def _differences(reports: Sequence[Report]) -> list[str]:
    """Format the mean difference of each column, paired by motion, emphasised where it exceeds its interval."""
    cells = []
    for name, (_, form) in _COLUMNS.items():
        values = np.array([getattr(report.after, name) - getattr(report.before, name) for report in reports])
        mean, half = float(values.mean()), float(half_width(values))
        cells.append(f"{'*' if abs(mean) > half else ''}{mean:+{form}} ± {half:{form}}".replace("-", "−"))
    return cells


def _effort(correction: Correction) -> tuple[str, str]:
    report = correction.report
    completed = {"OK": "yes", "ASSISTED": "carried", "FAILED": f"to {report.completed:.0%}"}[report.status]
    return f"{report.residual_force_n_mean:.0f}", completed
