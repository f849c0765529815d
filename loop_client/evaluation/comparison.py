"""One set of motions against another, by every metric there is, with how sure each number is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from loop_client.evaluation.evaluator.words import own_tokens
from loop_client.evaluation.metrics.diversity import diversity, draw_pairs, paired_diversity
from loop_client.evaluation.metrics.fid import fid
from loop_client.evaluation.metrics.kernel_distance import kid
from loop_client.evaluation.metrics.precision_recall import precision_recall
from loop_client.evaluation.metrics.retrieval import BATCH, matching_score, r_precision
from loop_client.evaluation.metrics.wasserstein import wasserstein
from loop_client.evaluation.set_summary import summarize_motions
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.motion_set import MotionSet

FEWEST = 8
"""Motions that a set to compare must have."""
_SHARE = 0.75  # of the smaller set that one replication draws: all of it would be the same each time
_SIZES = (0.25, 0.375, 0.5, 0.75, 1.0)  # shares of the smaller set at which FID's bias is looked at
_PAIRS = 300


class Embedding(Protocol):
    """Points of motions; `name` says whose."""

    @property
    def name(self) -> str: ...

    def embed(self, motions: Iterable[Motion]) -> np.ndarray: ...


@runtime_checkable
class TextEmbedding(Embedding, Protocol):
    """And of captions, in the same space."""

    def embed_texts(self, captions: Sequence[str], tokens: Sequence[Sequence[str] | None] = ()) -> np.ndarray: ...


def compare_sets(
    samples: MotionSet,
    real: MotionSet,
    embedding: Embedding | TextEmbedding,
    seed: int = 0,
    replications: int = 20,
    sources: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Distances of `samples` to `real`, and what each is by itself.

    `fid` is of the whole sets. `replicated` has for each metric its mean and half the width of its 95 % interval over
    `replications` draws of equally many motions (`n`) of both, so that sizes match: FID, KID, the 2-Wasserstein
    distance, precision and recall (k = 3), diversity (of 300 pairs) and, where the embedding knows texts and the
    samples have captions, R-precision at 1 to 3 (in batches of 32 or, of smaller sets, of n) and the matching score.
    `fid_by_n` shows the bias of FID by sample size, `fid_extrapolated` what a line in 1 / n says of infinitely many
    (Chong and Forsyth, "Effectively unbiased FID and Inception Score", CVPR 2020), or None where there are not enough
    for it: fewer than four times the dimensions of the embedding. The intervals are of the draws: they
    say how well the mean over draws of these motions is known, not how it would be with other motions.

    `sources` says for each sample which motion it was made after, where several were made after one: a draw then has at
    most one of each, as it has of the real motions.

    Raises:
        InvalidInput: a set has fewer than 8 motions, or `replications` is below 2.
    """
    if replications < 2:
        raise InvalidInput.of("replications", f"is {replications}; must be at least 2")
    for name, motions in (("set", samples), ("real", real)):
        if len(motions) < FEWEST:
            raise InvalidInput.of(name, f"has {len(motions)} motions; a comparison needs at least {FEWEST}")
    points, reference = embedding.embed(samples), embedding.embed(real)
    texts = None
    if isinstance(embedding, TextEmbedding) and all(samples.captions):
        texts = embedding.embed_texts(
            [captions[0] for captions in samples.captions], [own_tokens(about) for about in samples.metadata]
        )
    smaller = min(len(points), len(reference))
    count = int(_SHARE * smaller)
    rng = np.random.default_rng(seed)
    groups = np.arange(len(points)) if sources is None else np.asarray(sources)
    count = min(count, len(np.unique(groups)))
    draws = [_drawn(points, groups, texts, reference, count, rng, seed + i) for i in range(replications)]
    by_size = _fid_by_size(points, groups, reference, replications, rng)
    return {
        "fid": fid(points, reference),
        "embedding": embedding.name,
        "seed": seed,
        "replications": replications,
        "n": count,
        "replicated": {name: _interval([draw[name] for draw in draws]) for name in draws[0]},
        "fid_by_n": by_size,
        "fid_extrapolated": _extrapolated(by_size, points.shape[1]),
        "set": _facts(samples, points),
        "reference": _facts(real, reference),
    }


def _drawn(
    points: np.ndarray,
    groups: np.ndarray,
    texts: np.ndarray | None,
    reference: np.ndarray,
    count: int,
    rng: np.random.Generator,
    pair_seed: int,
) -> dict[str, float]:
    """Every metric of one draw of `count` motions of both sets, of the samples no two of one group."""
    chosen = _chosen(groups, count, rng)
    mine, theirs = points[chosen], reference[rng.permutation(len(reference))[:count]]
    precision, recall = precision_recall(mine, theirs)
    values = {
        "fid": fid(mine, theirs),
        "kid": kid(mine, theirs),
        "wasserstein": wasserstein(mine, theirs),
        "precision": precision,
        "recall": recall,
        "diversity": paired_diversity(mine, *draw_pairs(count, _PAIRS, pair_seed)),
    }
    if texts is not None:
        top = r_precision(texts[chosen], mine, batch=min(BATCH, count))
        values |= {f"r_precision_{k + 1}": float(value) for k, value in enumerate(top)}
        values["matching_score"] = matching_score(texts[chosen], mine)
    return values


def _chosen(groups: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `count` members, drawn without replacement, no two of one group."""
    order = rng.permutation(len(groups))
    return order[np.sort(np.unique(groups[order], return_index=True)[1])][:count]


def _interval(values: Sequence[float]) -> dict[str, float]:
    """Mean and 1.96 standard errors, as the field reports them (Guo et al., CVPR 2022)."""
    return {"mean": float(np.mean(values)), "interval": float(1.96 * np.std(values) / np.sqrt(len(values)))}


def _fid_by_size(
    points: np.ndarray, groups: np.ndarray, reference: np.ndarray, replications: int, rng: np.random.Generator
) -> dict[int, float]:
    """Mean FID of draws of n motions of both sets, by n; of the samples no two of one group."""
    most = min(len(np.unique(groups)), len(reference))
    means = {}
    for size in sorted({max(4, int(share * most)) for share in _SIZES}):
        values = [
            fid(points[_chosen(groups, size, rng)], reference[rng.permutation(len(reference))[:size]])
            for _ in range(max(2, replications // 4))
        ]
        means[size] = float(np.mean(values))
    return means


def _extrapolated(by_size: Mapping[int, float], dimensions: int) -> float | None:
    """By a line through the sizes of at least twice as many as dimensions: with fewer, the bias is not yet one in
    1 / n, and what is said of two equal clouds is far from 0. None where there are not three such sizes."""
    sizes = [size for size in by_size if size >= 2 * dimensions]
    if len(sizes) < 3:
        return None
    return float(np.polyfit(1 / np.array(sizes, float), [by_size[size] for size in sizes], 1)[1])


def _facts(motions: MotionSet, points: np.ndarray) -> dict[str, Any]:
    return {"motions": len(motions), "diversity": diversity(points), **(summarize_motions(motions.motions) or {})}
