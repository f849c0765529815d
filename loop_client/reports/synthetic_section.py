"""The section of a run's report on the synthetic motions that were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop_client.reports.results import Results, format_number, value_at
from loop_client.runs.run_recipe import Recipe
from loop_client.strategy import STRATEGIES
from motion.intervals import half_width
from motion.viewing.page_elements import Term, folded, named_swatch, paragraph, section, table

_HEADS = (
    "", "generation", "seed", "asked for", "no motion", "failed", "trained on", "λ reached",
    "physical error → corrected, mm", "of those trained on, mm", "moved, mm", "assist, N", "kept of good",
    "kept of bad", "bad; may be, at most",
)  # fmt: skip
_MEANS = {
    Term("Invalid samples", "no motion"): ("invalid", 1),
    Term("Failed", "failed"): ("failed", 1),
    Term("Trained on", "trained on"): ("used", 1),
    Term("λ reached"): ("lambda_reached", 3),
    Term("Physical error", "physical error, mm"): ("corrections.before.phys_err_mm", 1),
    Term("Physical error once corrected", "corrected, mm"): ("corrections.after.phys_err_mm", 1),
    Term("Physical error", "of those trained on, mm"): ("trained.phys_err_mm", 1),
    Term("Distance to the correction", "moved, mm"): ("corrections.mpjpe_global_mm", 0),
    Term("Assist: mean residual force", "assist, N"): ("corrections.residual_force_n_mean", 1),
}
"""Columns of the means over the seeds: where a number lies in a line, and its digits."""
_MEAN_HEADS = ("", "generation", *_MEANS)
_NOTE = (
    "The synthetic motions of each generation, λ asked = {share:g}. No motion: the sample was not a body in motion. "
    "Failed: the corrector could not make the simulated body perform it. Physical error: of all motions given to the "
    "corrector, before and after, and of those trained on, which may be a part of them, or go only part of the way to "
    "their correction. Moved: mean distance of the joints between a motion and its correction. Good and bad judge a "
    "verifier: a sample is good if its physical error is below that of 95 % of real motions. With a larger share of "
    "bad samples than the last number, the verifier could not keep the loop from collapse."
)


def synthetic_section(results: Results, recipe: Recipe) -> str:
    """Return the table of the synthetic motions of every generation; empty where no arm has any.

    Args:
        results: the metrics of the run.
        recipe: of the run.
    """
    rows = [
        _row(named_swatch(arm.name, results.colors[arm.name]), line)
        for arm in recipe.arms
        if STRATEGIES[arm.strategy].synthesizes
        for generation in results.generations[1:]
        for line in results.lines(arm.name, generation)
    ]
    if not rows:
        return ""
    note = paragraph(_NOTE.format(share=recipe.synthetic.share), "note")
    means = [
        [named_swatch(arm.name, results.colors[arm.name]), str(generation), *_mean_cells(lines)]
        for arm in recipe.arms
        if STRATEGIES[arm.strategy].synthesizes
        for generation in results.generations[1:]
        if (lines := results.lines(arm.name, generation))
    ]
    every = folded("Every seed", table(_HEADS, rows))
    return section("What was trained on", note, table(_MEAN_HEADS, means), every)


def _mean_cells(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the means over the seeds with their 95 % intervals."""
    cells = []
    for path, digits in _MEANS.values():
        found = [value_at(line["synthetic"], path) for line in lines]
        values = np.array([float(value) for value in found if value is not None])
        text = format_number(float(values.mean()), digits) if len(values) else "–"
        varies = len(values) > 1 and np.ptp(values) > 0
        cells.append(f"{text} ± {half_width(values):.{digits}f}" if varies else text)
    return cells


def _row(name: str, line: Mapping[str, Any]) -> list[str]:
    synthetic = line["synthetic"]
    corrections = synthetic["corrections"] or {}
    errors = [value_at(corrections, "before.phys_err_mm"), value_at(corrections, "after.phys_err_mm")]
    return [
        name,
        str(line["generation"]),
        str(line["seed"]),
        str(synthetic["asked"]),
        str(synthetic["invalid"]),
        str(synthetic["failed"]),
        str(synthetic["used"]),
        f"{synthetic['lambda_reached']:.3g}",
        " → ".join(format_number(error, 1) for error in errors) if corrections else "–",
        format_number(value_at(synthetic, "trained.phys_err_mm"), 1),
        format_number(corrections.get("mpjpe_global_mm"), 0),
        format_number(corrections.get("residual_force_n_mean"), 1),
        *_verifier_cells(synthetic.get("verifier")),
    ]


def _verifier_cells(verifier: Mapping[str, Any] | None) -> list[str]:
    if verifier is None:
        return ["–"] * 3
    shares = [verifier[key] for key in ("kept_good", "kept_bad", "share_bad", "collapse_threshold")]
    good, bad, share, most = ("–" if each is None else f"{each:.0%}" for each in shares)
    return [good, bad, f"{share}; {most}"]
