"""The metrics of one generation: of its samples, of what it was trained on, and of real motion for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loop_client.evaluation.embedding import Embedding
from loop_client.evaluation.metrics.diversity import diversity
from loop_client.evaluation.metrics.fid import fid
from loop_client.runs.arms import ArmRecipe
from loop_client.runs.sample_batch import SampleBatch
from loop_client.runs.text_motion_metrics import TextMotionMetrics
from loop_client.runs.training_set import Item
from loop_client.runs.verification import summarize_verification
from loop_client.strategy import number_synthetic
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Report
from motion.summary import summarize, summarize_motions

_REPORTED = (
    "motions", "failed", "completed_share", "completed", "mpjpe_global_mm", "mpjpe_local_mm", "residual_force_n_mean",
    "residual_torque_nm_mean", "assist_limit_n", "before", "after",
)  # fmt: skip
"""The part of a summary that is recorded. Times are not: two runs of one recipe must have the same metrics."""


class SampleMetrics:
    """Measures samples against the test motions, in one embedding.

    Args:
        embedding: the embedding that distances are measured in.
        test: the real motions that samples are compared with.
        text_metrics: measures samples and their prompts in the space of a text-to-motion evaluator; None to leave
            that out.
    """

    def __init__(self, embedding: Embedding, test: MotionSet, text_metrics: TextMotionMetrics | None = None):
        self._text_metrics = text_metrics
        self._embedding = embedding
        self._test = test
        self._reference = embedding.embed(test)

    @property
    def embedding_name(self) -> str:
        """The name of the embedding, a function of its weights."""
        return self._embedding.name

    def measure_real(self, others: MotionSet) -> dict[str, Any]:
        """Measure real motion: the test motions themselves, and the FID of other real motions to them.

        Args:
            others: real motions that are not among the test motions, as many as there are samples, because FID depends
                on the number of motions.
        """
        return {
            "motions": len(self._test),
            "embedding": self._embedding.name,
            "diversity": diversity(self._reference),
            "fid": fid(self._embedding.embed(others), self._reference),
            "fid_motions": len(others),
            **{f"t2m_{name}": value for name, value in (self._text_document(self._test).get("t2m") or {}).items()},
            **(summarize_motions(self._test.motions) or {}),
        }

    def measure_samples(self, samples: SampleBatch) -> dict[str, Any]:
        """Measure samples as they were made, and the corrections of those that were corrected."""
        valid_set = samples.valid()
        valid = valid_set.motions
        return {
            **self._distances(valid),
            **self._text_document(valid_set),
            "samples": {"asked": len(samples.raw), "invalid": len(samples.raw) - len(valid)},
            "raw": summarize_motions(valid),
            "corrected": summarize_corrections(samples.reports()),
        }

    def _text_document(self, motions: MotionSet) -> dict[str, Any]:
        """Return the entry of the text-to-motion evaluator; empty where the recipe names none."""
        if self._text_metrics is None:
            return {}
        document = self._text_metrics.measure(motions)
        return {"t2m": document and {"evaluator": self._text_metrics.evaluator_name, **document}}

    def _distances(self, motions: Sequence[Motion]) -> dict[str, float | None]:
        """Compute FID and diversity; None if fewer than two samples are valid."""
        if len(motions) < 2:
            return {"fid": None, "diversity": None}
        embeddings = self._embedding.embed(motions)
        return {"fid": fid(embeddings, self._reference), "diversity": diversity(embeddings)}


def summarize_synthetic(
    arm: ArmRecipe,
    share: float,
    n: int,
    batch: SampleBatch,
    used: Sequence[Item],
    verification: dict[str, Any] | None,
) -> dict[str, Any]:
    """Summarize the synthetic motions of one generation: how many were asked for, and how many are trained on.

    Args:
        arm: the arm that is trained.
        share: lambda, the number of synthetic motions asked for as a share of the real ones.
        n: the number of real motions of the recipe.
        batch: the synthetic motions and their corrections.
        used: those that are trained on.
        verification: the document of `verify`; None if the arm has no verifier.
    """
    n = arm.n or n
    return {
        "asked": number_synthetic(share, n),
        "invalid": len(batch.raw) - len(batch.valid()),
        "failed": sum(report.status == "FAILED" for report in batch.reports()),
        "used": len(used),
        "lambda_asked": share,
        "lambda_reached": len(used) / n,
        "trained": summarize_motions([item.motion for item in used]),
        "corrections": summarize_corrections(batch.reports()),
        "verifier": summarize_verification(verification) if verification else None,
    }


def summarize_corrections(reports: Sequence[Report]) -> dict[str, Any] | None:
    """Summarize reports for the record of a run; None if there are none."""
    if not reports:
        return None
    summary = summarize(reports)
    return {key: summary[key] for key in _REPORTED}
