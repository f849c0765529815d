"""The metrics of a generation, and how reports show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One metric of a generation: its place in a line of metrics.jsonl, and how reports show it.

    Attributes:
        path: its keys, joined by dots.
        name: its name in reports.
        unit: its unit; empty for none.
        real: its key among the metrics of real motion; empty if there is none.
        better: "lower" or "higher"; empty if neither is better.
        digits: digits after the decimal point.
    """

    path: str
    name: str
    unit: str = ""
    real: str = ""
    better: str = ""
    digits: int = 2


MEASURES = (
    Measure("fid", "FID", real="fid", better="lower"),
    Measure("diversity", "Diversity", real="diversity"),
    Measure("raw.phys_err_mm", "Physical error", "mm", "phys_err_mm", "lower", 1),
    Measure("raw.penetrate_mm", "Penetration", "mm", "penetrate_mm", "lower", 1),
    Measure("raw.float_mm", "Floating", "mm", "float_mm", "lower", 1),
    Measure("raw.skate_mm", "Skating", "mm", "skate_mm", "lower"),
    Measure("raw.skate_ratio", "Skating ratio", "", "skate_ratio", "lower", 3),
    Measure("raw.jitter_m_s3", "Jitter", "m/s³", "jitter_m_s3", "lower", 0),
    Measure("raw.speed_m_s", "Mean joint speed", "m/s", "speed_m_s"),
    Measure("samples.invalid", "Invalid samples", "", "", "lower", 1),
    Measure("corrected.completed_share", "Share that a body can perform", "", "", "higher", 3),
    Measure("corrected.residual_force_n_mean", "Assist: mean residual force", "N", "", "lower", 1),
    Measure("corrected.after.phys_err_mm", "Physical error once corrected", "mm", "", "lower", 1),
    Measure("corrected.mpjpe_global_mm", "Distance to the correction", "mm", "", "lower", 0),
    Measure("synthetic.lambda_reached", "λ reached"),
    Measure("training.loss", "Training loss", "", "", "lower", 4),
)
"""All metrics, in the order of reports."""
TEXT_MEASURES = (
    Measure("t2m.fid", "FID, text-to-motion evaluator", better="lower"),
    Measure("t2m.matching_score", "Matching score", real="t2m_matching_score", better="lower"),
    Measure("t2m.r_precision_1", "R-precision, top 1", real="t2m_r_precision_1", better="higher"),
    Measure("t2m.r_precision_2", "R-precision, top 2", real="t2m_r_precision_2", better="higher"),
    Measure("t2m.r_precision_3", "R-precision, top 3", real="t2m_r_precision_3", better="higher"),
    Measure("t2m.diversity", "Diversity of 300 pairs", real="t2m_diversity"),
    Measure("t2m.multimodality", "Multimodality", real="t2m_multimodality"),
)
"""Metrics of the text-to-motion evaluator, which a run has where its recipe names one (`evaluation.evaluator`)."""
BY_PATH = {measure.path: measure for measure in (*MEASURES, *TEXT_MEASURES)}
"""The same by path, by which the checks of recipes name them."""
