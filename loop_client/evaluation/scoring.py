"""How good a generator is: what it makes of the captions of real motions, against those motions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from loop_client.evaluation.comparison import Embedding, compare_sets
from loop_client.evaluation.evaluator.words import own_tokens
from loop_client.evaluation.set_summary import summarize_reports
from loop_client.runs.real_motions import check_rate, sampling_lengths
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import Corrector, Generator, SampleOptions
from motion.validation import check_motion


def score(
    generator: Generator,
    real: MotionSet,
    embedding: Embedding,
    corrector: Corrector | None = None,
    options: SampleOptions | None = None,
    repeats: int = 4,
    corrected: int | None = None,
    seed: int = 0,
    replications: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Sample motions on captions and lengths of `real`, and measure them.

    Args:
        generator, corrector: in-process or remote; without a corrector, physical errors are of the samples alone.
        real: motions with captions, each of which is asked for `repeats` times, with its captions in turn.
        embedding: what distances are measured in; see `comparison.compare_sets`.
        corrected: how many of the samples are corrected, to see what they lack; None for all.
        seed: of samples, corrections and the draws of `compare_sets`.
        progress: called with (samples made, all).

    Returns:
        What `compare_sets` says of the samples that are motions, `invalid`, how many are not, `seconds_per_sample` of
        sampling, `corrected` (see `summarize_reports`, or None) and what was asked for.

    Raises:
        InvalidInput: fewer than 8 samples are motions.
    """
    check_rate(generator)
    options = options or SampleOptions()
    texts = [captions[turn % len(captions)] for turn in range(repeats) for captions in real.captions]
    lengths = sampling_lengths(real) * repeats
    began = time.perf_counter()
    samples = []
    made: list[int] = []
    for index, motion in enumerate(generator.sample(texts, lengths, seed, options)):
        try:
            samples.append(check_motion(replace(motion, name=f"{index:05d}")))
            made.append(index)
        except InvalidInput:
            pass  # counted below, and in no other number
        if progress:
            progress(index + 1, len(texts))
    seconds = time.perf_counter() - began
    reports = None
    if corrector and corrected != 0:
        chosen = samples if corrected is None else _spread(samples, corrected)
        reports = [each.report for each in corrector.correct(chosen, seed)]
    tokens = [
        [own_tokens(about, turn % len(captions))]
        for turn in range(repeats)
        for about, captions in zip(real.metadata, real.captions, strict=True)
    ]
    judged = MotionSet(
        tuple(samples), tuple((texts[index],) for index in made), tuple({"tokens": tokens[index]} for index in made)
    )
    return {
        "checkpoint": options.checkpoint or generator.describe().default_checkpoint,
        "steps": options.steps,
        "guidance": options.guidance,
        "repeats": repeats,
        "seconds_per_sample": seconds / len(texts),
        "invalid": len(texts) - len(made),
        **compare_sets(judged, real, embedding, seed, replications, [index % len(real) for index in made]),
        "corrected": summarize_reports(reports) if reports else None,
    }


def score_real(real: MotionSet, embedding: Embedding, seed: int = 0, replications: int = 20) -> dict[str, Any]:
    """The same of the real motions themselves, one draw of them against another: what a model has that knows them by
    heart. Draws of one small set share most of their motions; other real motions would be further away."""
    return {**compare_sets(real, real, embedding, seed, replications), "seconds_per_sample": None, "corrected": None}


def _spread(items: Sequence[Motion], count: int) -> list[Motion]:
    """`count` of the items, evenly spaced."""
    count = min(count, len(items))
    return [items[index * len(items) // count] for index in range(count)]


_DRAWN = (
    ("FID", "fid"), ("KID", "kid"), ("R@1", "r_precision_1"), ("R@2", "r_precision_2"), ("R@3", "r_precision_3"),
    ("matching", "matching_score"), ("diversity", "diversity"), ("precision", "precision"), ("recall", "recall"),
)  # fmt: skip
_PHYSICAL = (("penetrate mm", "penetrate_mm"), ("float mm", "float_mm"), ("skate mm", "skate_mm"),
             ("phys_err mm", "phys_err_mm"), ("jitter m/s³", "jitter_m_s3"))  # fmt: skip


def _rounded(width: float) -> str:
    return f"{width:.0f}" if width >= 1 else f"{width:.1g}"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Results of `score`, each with a `label`, as a Markdown table; arrows lead from raw to corrected."""
    lines = [["", *(title for title, _ in (*_DRAWN, *_PHYSICAL)), "force N", "s a sample"]]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        drawn, after = row["replicated"], row["corrected"]
        invalid = row.get("invalid")
        cells = [row["label"] + (f" ({invalid} no motion)" if invalid else "")]
        for _, name in _DRAWN:
            value = drawn.get(name)
            cells.append(f"{value['mean']:.3g} ± {_rounded(value['interval'])}" if value else "")
        for _, name in _PHYSICAL:
            raw = after["before"] if after else row["set"]
            cells.append(f"{raw[name]:.1f}" + (f" → {after['after'][name]:.1f}" if after else ""))
        cells.append(f"{after['residual_force_n_mean']:.0f}" if after else "")
        cells.append(f"{row['seconds_per_sample']:.3f}" if row["seconds_per_sample"] else "")
        lines.append(cells)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
