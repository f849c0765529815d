"""The score of a generator: what it makes of the captions of real motions, compared with those motions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from loop_client.evaluation.comparison import compare_sets
from loop_client.evaluation.evaluator.words import caption_tokens
from loop_client.evaluation.motion_embedding import MotionEmbedding
from loop_client.evaluation.sampling_limits import check_rate, sampling_lengths
from motion.errors import InvalidInput
from motion.intervals import format_interval
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import Corrector, Generator, SampleOptions
from motion.shell.tables import markdown_table
from motion.summary import summarize
from motion.validation import check_motion


def score_generator(
    generator: Generator,
    real: MotionSet,
    embedding: MotionEmbedding,
    corrector: Corrector | None = None,
    options: SampleOptions | None = None,
    *,
    repeats: int = 4,
    corrected: int | None = None,
    seed: int = 0,
    replications: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Sample motions for captions and lengths of real motions, and compare them with those.

    Args:
        generator: the generator, in-process or remote.
        real: motions with captions.
        embedding: the embedding that distances are measured in; see `compare_sets`.
        corrector: the corrector, in-process or remote; None to measure the samples alone.
        options: checkpoint, guidance and steps; None for the generator's defaults.
        repeats: number of samples for each real motion, whose captions take turns.
        corrected: number of samples that are corrected; None for all.
        seed: seed of the samples, of the corrections and of the draws of `compare_sets`.
        replications: number of draws of `compare_sets`.
        progress: called with the number of samples so far and the number of all samples.

    Returns:
        The document of `compare_sets` for the valid samples, with what was asked for, the number of `invalid` samples,
        the `seconds_per_sample`, and the summary of the corrections in `corrected` (see `summarize`; None if there are
        none).

    Raises:
        InvalidInput: the generator's frame rate is not 20, or fewer than 8 samples are valid.
    """
    description = generator.describe()
    check_rate(description)
    options = options or SampleOptions()
    texts = [captions[turn % len(captions)] for turn in range(repeats) for captions in real.captions]
    lengths = sampling_lengths(real, description) * repeats
    started = time.perf_counter()
    samples: list[Motion] = []
    indices: list[int] = []
    for index, motion in enumerate(generator.sample(texts, lengths, seed, options)):
        try:
            samples.append(check_motion(replace(motion, name=f"{index:05d}")))
            indices.append(index)
        except InvalidInput:
            pass  # is counted below and is part of no other number
        if progress:
            progress(index + 1, len(texts))
    seconds = time.perf_counter() - started
    reports = []
    if corrector and corrected != 0:
        chosen = samples if corrected is None else _evenly_spaced(samples, corrected)
        reports = [each.report for each in corrector.correct(chosen, seed)]
    tokens = [
        [caption_tokens(about, turn % len(captions))]
        for turn in range(repeats)
        for about, captions in zip(real.metadata, real.captions, strict=True)
    ]
    judged = MotionSet(
        tuple(samples),
        tuple((texts[index],) for index in indices),
        tuple({"tokens": tokens[index]} for index in indices),
    )
    sources = [index % len(real) for index in indices]
    return {
        "checkpoint": options.checkpoint or description.default_checkpoint,
        "steps": options.steps,
        "guidance": options.guidance,
        "repeats": repeats,
        "seconds_per_sample": seconds / len(texts),
        "invalid": len(texts) - len(indices),
        **compare_sets(judged, real, embedding, seed, replications, sources),
        "corrected": summarize(reports) if reports else None,
    }


def score_real_motions(
    real: MotionSet, embedding: MotionEmbedding, seed: int = 0, replications: int = 20
) -> dict[str, Any]:
    """Score the real motions themselves, one draw of them against another.

    This is the score of a model that has memorized them. Draws of one small set share most of their motions; other
    real motions would score worse.

    Args:
        real: motions with captions.
        embedding: the embedding that distances are measured in.
        seed: seed of the draws.
        replications: number of draws.

    Returns:
        A document like that of `score_generator`.

    Raises:
        InvalidInput: there are fewer than 8 motions.
    """
    return {**compare_sets(real, real, embedding, seed, replications), "seconds_per_sample": None, "corrected": None}


def _evenly_spaced(items: Sequence[Motion], count: int) -> list[Motion]:
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]


_DRAWN = (
    ("FID", "fid"), ("KID", "kid"), ("R@1", "r_precision_1"), ("R@2", "r_precision_2"), ("R@3", "r_precision_3"),
    ("matching", "matching_score"), ("diversity", "diversity"), ("precision", "precision"), ("recall", "recall"),
)  # fmt: skip
_PHYSICAL = (("penetrate mm", "penetrate_mm"), ("float mm", "float_mm"), ("skate mm", "skate_mm"),
             ("phys_err mm", "phys_err_mm"), ("jitter m/s³", "jitter_m_s3"))  # fmt: skip


def score_table(rows: Sequence[dict[str, Any]]) -> str:
    """Format scores as a Markdown table.

    Args:
        rows: documents of `score_generator` and `score_real_motions`, each with a `label`.

    Returns:
        One row for each score; arrows lead from the samples to their corrections.
    """
    header = ["", *(title for title, _ in (*_DRAWN, *_PHYSICAL)), "assist N", "s a sample"]
    return markdown_table(header, map(_score_cells, rows))


def _score_cells(row: dict[str, Any]) -> list[str]:
    drawn, corrected, invalid = row["replicated"], row["corrected"], row.get("invalid")
    cells = [row["label"] + (f" ({invalid} invalid)" if invalid else "")]
    for _, name in _DRAWN:
        value = drawn.get(name)
        cells.append(format_interval(value["mean"], value["interval"]) if value else "")
    for _, name in _PHYSICAL:
        raw = corrected["before"] if corrected else row["set"]
        cells.append(f"{raw[name]:.1f}" + (f" → {corrected['after'][name]:.1f}" if corrected else ""))
    cells.append(f"{corrected['residual_force_n_mean']:.0f}" if corrected else "")
    cells.append(f"{row['seconds_per_sample']:.3f}" if row["seconds_per_sample"] else "")
    return cells
