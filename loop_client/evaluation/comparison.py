"""The comparison of two sets of motions by every metric, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop_client.evaluation.evaluator.words import caption_tokens
from loop_client.evaluation.metrics.diversity import diversity, draw_pairs, paired_diversity
from loop_client.evaluation.metrics.fid import fid
from loop_client.evaluation.metrics.kernel_distance import kid
from loop_client.evaluation.metrics.precision_recall import precision_recall
from loop_client.evaluation.metrics.retrieval import BATCH, matching_score, r_precision
from loop_client.evaluation.metrics.wasserstein import wasserstein
from loop_client.evaluation.motion_embedding import MotionEmbedding, TextEmbedding
from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput
from motion.intervals import interval
from motion.motion_set import MotionSet
from motion.shell.tables import text_table
from motion.summary import summarize_motions

MIN_MOTIONS = 8
"""Fewest motions of a set that can be compared."""
_DRAWN_SHARE = 0.75  # of the smaller set in one replication; drawing all of it would give the same set each time
_FID_SHARES = (0.25, 0.375, 0.5, 0.75, 1.0)  # of the smaller set, the sizes at which the bias of FID is measured
_PAIRS = 300


def compare_sets(
    samples: MotionSet,
    real: MotionSet,
    embedding: MotionEmbedding | TextEmbedding,
    seed: int = 0,
    replications: int = 20,
    sources: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Measure the distances of samples to real motions, and statistics of each of the two sets.

    Args:
        samples: the motions to judge.
        real: the motions to compare them with.
        embedding: the embedding that distances are measured in. With one that embeds texts, samples with captions are
            also judged by R-precision and matching score.
        seed: seed of the draws.
        replications: number of draws of equally many motions of both sets.
        sources: for each sample, the real motion that it was made after, where several were made after one. A draw
            then has at most one sample of each, as it has at most one copy of each real motion. None if all differ.

    Returns:
        A JSON document. `fid` is of the whole sets. `replicated` has for each metric its `mean` over the draws of `n`
        motions and the 95 % confidence `interval` of that mean: FID, KID, the 2-Wasserstein distance, precision and
        recall (k = 3), diversity (of 300 pairs), R-precision at 1 to 3 (in batches of 32, or of n for smaller draws)
        and the matching score. The intervals are of the draws: they tell how well the mean over draws of these motions
        is known, not how far other motions would be from it. `fid_by_n` shows the bias of FID by the number of
        motions, and `fid_extrapolated` is its limit for infinitely many by a line in 1 / n (Chong and Forsyth,
        "Effectively unbiased FID and Inception Score", CVPR 2020); None with fewer motions than four times the
        dimensions of the embedding. `set` and `reference` describe the samples and the real motions by themselves.

    Raises:
        InvalidInput: a set has fewer than 8 motions, or `replications` is below 2.
    """
    if replications < 2:
        raise InvalidInput.of("replications", f"is {replications}; must be at least 2")
    for name, motions in (("set", samples), ("real", real)):
        if len(motions) < MIN_MOTIONS:
            raise InvalidInput.of(name, f"has {len(motions)} motions; a comparison needs at least {MIN_MOTIONS}")
    with single_threaded_blas():
        embedded, reference = embedding.embed(samples), embedding.embed(real)
        texts = None
        if isinstance(embedding, TextEmbedding) and all(samples.captions):
            texts = embedding.embed_texts(
                [captions[0] for captions in samples.captions], [caption_tokens(about) for about in samples.metadata]
            )
        rng = np.random.default_rng(seed)
        groups = np.arange(len(embedded)) if sources is None else np.asarray(sources)
        count = min(int(_DRAWN_SHARE * min(len(embedded), len(reference))), len(np.unique(groups)))
        draws = [_measure_draw(embedded, groups, texts, reference, count, rng, seed + i) for i in range(replications)]
        by_size = _fid_by_size(embedded, groups, reference, replications, rng)
        return {
            "fid": fid(embedded, reference),
            "embedding": embedding.name,
            "seed": seed,
            "replications": replications,
            "n": count,
            "replicated": {name: _mean_and_interval([draw[name] for draw in draws]) for name in draws[0]},
            "fid_by_n": by_size,
            "fid_extrapolated": _extrapolated_fid(by_size, embedded.shape[1]),
            "set": _describe_set(samples, embedded),
            "reference": _describe_set(real, reference),
        }


def comparison_table(result: Mapping[str, Any]) -> str:
    """Format the result of `compare_sets` as a text for a terminal."""
    by_set = [[name, _number(result["set"][name]), _number(result["reference"][name])] for name in result["set"]]
    draws = [
        [name, _number(value["mean"]), f"{(value['interval'][1] - value['interval'][0]) / 2:.2g}"]
        for name, value in result["replicated"].items()
    ]
    by_size = [["all", _number(result["fid"])]]
    by_size += [[str(n), _number(value)] for n, value in result["fid_by_n"].items()]
    if result["fid_extrapolated"] is not None:
        by_size.append(["infinity", _number(result["fid_extrapolated"])])
    return "\n".join(
        [
            text_table(["", "set", "real"], by_set),
            "",
            f"95 % intervals over {result['replications']} draws of {result['n']} motions each:",
            text_table(["", "mean", "±"], draws),
            "",
            f"FID in {result['embedding']} by the number of motions:",
            text_table(["motions", "FID"], by_size),
        ]
    )


def _measure_draw(
    embedded: np.ndarray,
    groups: np.ndarray,
    texts: np.ndarray | None,
    reference: np.ndarray,
    count: int,
    rng: np.random.Generator,
    pair_seed: int,
) -> dict[str, float]:
    """Compute every metric of one draw of `count` motions of both sets, with no two samples of one group."""
    chosen = _draw_of_distinct_groups(groups, count, rng)
    mine, theirs = embedded[chosen], reference[rng.permutation(len(reference))[:count]]
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


def _draw_of_distinct_groups(groups: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the indices of `count` members without replacement, no two of them of one group."""
    order = rng.permutation(len(groups))
    return order[np.sort(np.unique(groups[order], return_index=True)[1])][:count]


def _mean_and_interval(values: Sequence[float]) -> dict[str, Any]:
    return {"mean": float(np.mean(values)), "interval": interval(values)}


def _fid_by_size(
    embedded: np.ndarray, groups: np.ndarray, reference: np.ndarray, replications: int, rng: np.random.Generator
) -> dict[int, float]:
    """Compute the mean FID over draws of n motions of both sets, for several n; no two samples are of one group."""
    largest = min(len(np.unique(groups)), len(reference))
    means = {}
    for size in sorted({max(4, int(share * largest)) for share in _FID_SHARES}):
        values = [
            fid(
                embedded[_draw_of_distinct_groups(groups, size, rng)],
                reference[rng.permutation(len(reference))[:size]],
            )
            for _ in range(max(2, replications // 4))
        ]
        means[size] = float(np.mean(values))
    return means


def _extrapolated_fid(by_size: Mapping[int, float], dimensions: int) -> float | None:
    """Extrapolate FID to infinitely many motions by a line in 1 / n; None if fewer than three sizes are usable.

    Sizes are usable from twice the number of dimensions on. Below, the bias is not yet linear in 1 / n, and even two
    draws of one distribution are extrapolated far from 0.
    """
    sizes = [size for size in by_size if size >= 2 * dimensions]
    if len(sizes) < 3:
        return None
    return float(np.polyfit(1 / np.array(sizes, float), [by_size[size] for size in sizes], 1)[1])


def _describe_set(motions: MotionSet, embedded: np.ndarray) -> dict[str, Any]:
    return {"motions": len(motions), "diversity": diversity(embedded), **(summarize_motions(motions.motions) or {})}


def _number(value: float) -> str:
    return f"{value:.4g}"
