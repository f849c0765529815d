"""The metrics of text-to-motion papers, of the samples of one generation: those of Guo et al., CVPR 2022, section 5."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from loop_client.evaluation.evaluator.evaluator import Evaluator
from loop_client.evaluation.evaluator.words import caption_tokens
from loop_client.evaluation.metrics.diversity import draw_pairs, paired_diversity
from loop_client.evaluation.metrics.fid import fid
from loop_client.evaluation.metrics.retrieval import BATCH, matching_score, r_precision
from motion.motion_set import MotionSet

_PAIRS = 300
_PAIR_SEED = 0
_LEAST = 2

TextMotionDocument = dict[str, float | None]
"""Metrics by name; None where one is undefined."""


class TextMotionMetrics:
    """Measures samples and their prompts in the space of a text-to-motion evaluator.

    Args:
        evaluator: embeds motions and texts.
        test: the real motions that samples are compared with.
    """

    def __init__(self, evaluator: Evaluator, test: MotionSet):
        self._evaluator = evaluator
        self._reference = evaluator.embed(test.motions)

    @property
    def evaluator_name(self) -> str:
        """The name of the evaluator, a function of its weights."""
        return self._evaluator.name

    def measure(self, samples: MotionSet) -> TextMotionDocument | None:
        """Measure samples, or real motions.

        Args:
            samples: valid motions; the text of each is its prompt, or its first caption where it has none.

        Returns:
            `fid` to the test motions; `matching_score`, the mean distance of a motion to its text; `r_precision_1` to
            `r_precision_3`, in batches of 32; `diversity`, over 300 pairs; and `multimodality`, the mean distance of
            samples of one text, None where no text has several. None for fewer than two samples.
        """
        if len(samples) < _LEAST:
            return None
        prompts = [about.get("prompt") for about in samples.metadata]
        texts = [str(prompt or captions[0]) for prompt, captions in zip(prompts, samples.captions, strict=True)]
        # Tokens belong to a motion's own caption; a prompt is read as it is.
        tokens = [None if prompt else caption_tokens(about)
                  for prompt, about in zip(prompts, samples.metadata, strict=True)]  # fmt: skip
        motions, embedded = self._evaluator.embed(samples.motions), self._evaluator.embed_texts(texts, tokens)
        # Batches are of consecutive items, so the order is drawn, as in the published evaluation.
        order = np.random.default_rng(_PAIR_SEED).permutation(len(motions))
        top = r_precision(embedded[order], motions[order], batch=min(BATCH, len(motions)))
        return {
            "fid": fid(motions, self._reference),
            "matching_score": matching_score(embedded, motions),
            **{f"r_precision_{k + 1}": float(value) for k, value in enumerate(top)},
            "diversity": paired_diversity(motions, *draw_pairs(len(motions), _PAIRS, _PAIR_SEED)),
            "multimodality": _multimodality(texts, motions),
        }


def _multimodality(texts: list[str], motions: np.ndarray) -> float | None:
    """Compute the mean distance of pairs of motions of one text, over the texts that have several."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        groups[text].append(index)
    means = []
    for rows in groups.values():
        if len(rows) > 1:
            first, second = np.triu_indices(len(rows), 1)
            chosen = motions[rows]
            means.append(float(np.linalg.norm(chosen[first] - chosen[second], axis=1).mean()))
    return float(np.mean(means)) if means else None
