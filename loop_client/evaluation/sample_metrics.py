"""What is measured of a model's samples, and of real motion beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loop_client.evaluation.embedding import Embedding
from loop_client.evaluation.metrics.diversity import diversity
from loop_client.evaluation.metrics.fid import fid
from loop_client.evaluation.set_summary import summarize_motions, summarize_reports
from loop_client.runs.production import Production
from loop_client.runs.real_motions import sampling_lengths
from motion.motion import Motion
from motion.motion_set import MotionSet


@dataclass(frozen=True)
class Prompts:
    """The fixed prompts that every generation of every arm is evaluated on, with where each came from."""

    names: tuple[str, ...]
    prompts: tuple[str, ...]
    lengths: tuple[int, ...]


def evaluation_prompts(test: MotionSet, count: int, longest: int, seed: int) -> Prompts:
    """Captions and lengths of test motions, `count` in all: each in turn, a caption of its drawn by `seed`."""
    rng = np.random.default_rng(seed)
    lengths = sampling_lengths(test, longest)
    sources = [i % len(test) for i in range(count)]
    return Prompts(
        tuple(f"{i:04d}-{test.ids[source]}" for i, source in enumerate(sources)),
        tuple(test.captions[source][rng.integers(len(test.captions[source]))] for source in sources),
        tuple(lengths[source] for source in sources),
    )


class Evaluation:
    """Measures samples against the test motions, in one embedding.

    Args:
        embedding: what distances are measured in.
        test: the real motions that samples are compared with.
    """

    def __init__(self, embedding: Embedding, test: MotionSet):
        self._embedding = embedding
        self._test = test
        self._reference = embedding.embed(test)

    def of_real(self, others: MotionSet) -> dict[str, Any]:
        """The same numbers of real motion: of the test motions, and the FID to them of `others`, as many as there are
        samples, for FID depends on how many there are."""
        return {
            "motions": len(self._test),
            "embedding": self._embedding.name,
            "diversity": diversity(self._reference),
            "fid": fid(self._embedding.embed(others), self._reference),
            "fid_motions": len(others),
            **(summarize_motions(self._test.motions) or {}),
        }

    def of_samples(self, samples: Production) -> dict[str, Any]:
        """Numbers of samples as they were made, and of the corrections of those that were corrected."""
        valid = samples.valid().motions
        return {
            **self._distances(valid),
            "samples": {"asked": len(samples.raw), "invalid": len(samples.raw) - len(valid)},
            "raw": summarize_motions(valid),
            "corrected": summarize_reports(samples.reports()),
        }

    def _distances(self, motions: Sequence[Motion]) -> dict[str, float | None]:
        """FID and diversity; None where fewer than two samples are motions at all."""
        if len(motions) < 2:
            return {"fid": None, "diversity": None}
        points = self._embedding.embed(motions)
        return {"fid": fid(points, self._reference), "diversity": diversity(points)}
