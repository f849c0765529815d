"""The numbers of a generation, and how to say them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One number of a generation: where it stands in a line of metrics.jsonl, and how to say it.

    Attributes:
        path: its keys, with dots between.
        real: its key among the numbers of real motion, if it has one there.
        better: which way is better, "lower" or "higher"; empty where neither is.
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
    Measure("samples.invalid", "Samples that are no motion", "", "", "lower", 1),
    Measure("corrected.share_ok", "Share that a body can perform", "", "", "higher", 3),
    Measure("corrected.residual_force_n_mean", "Assist: mean residual force", "N", "", "lower", 1),
    Measure("corrected.after.phys_err_mm", "Physical error once corrected", "mm", "", "lower", 1),
    Measure("corrected.mpjpe_global_mm", "Distance to the correction", "mm", "", "lower", 0),
    Measure("synthetic.lambda_reached", "λ reached"),
    Measure("training.loss", "Training loss", "", "", "lower", 4),
)
BY_PATH = {measure.path: measure for measure in MEASURES}
