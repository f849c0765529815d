"""Verifiers: which synthetic motions are good enough to train on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loop_client.runs.arms import VerifierRecipe
from loop_client.runs.sample_batch import SampleBatch
from loop_client.theory import collapse_threshold
from motion.metrics import physical_errors
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Report

_PLAUSIBLE_PERCENT = 95.0

_COSTS: dict[str, Callable[[Report], float]] = {
    "distance": lambda report: report.mpjpe_global_mm,
    "force": lambda report: report.residual_force_n_mean,
}

TextDistance = Callable[[MotionSet], np.ndarray]
"""Computes the distance (n,) of each motion of a set to its caption."""


def verify(
    batch: SampleBatch, rule: VerifierRecipe, plausible_error_mm: float, text_distance: TextDistance
) -> dict[str, Any]:
    """Decide which samples are kept for training.

    Args:
        batch: samples in the order of their prompts, with the `best_of` samples of one prompt next to each other.
        rule: the verifier.
        plausible_error_mm: a sample is good if its physical error is at most this; the verifier is judged by it.
        text_distance: the distance of motions to their prompts, for verifiers of kind `score`.

    Returns:
        A JSON document with, for each valid sample by name, its `badness` (None if it is infinite), whether it is
        `kept`, and whether it is `good`.
    """
    valid = batch.valid()
    badness = dict(zip((motion.name or "" for motion in valid), _badness(batch, rule, text_distance), strict=True))
    best = _best_of_each_prompt(batch, rule, badness)
    samples = {}
    for motion in valid:
        name = motion.name or ""
        value = badness[name]
        samples[name] = {
            "badness": value if math.isfinite(value) else None,
            "kept": name in best and value <= rule.most,
            "good": physical_errors(motion.positions, motion.fps).phys_err_mm <= plausible_error_mm,
        }
    return {"kind": rule.kind, "plausible_mm": plausible_error_mm, "samples": samples}


def kept_names(document: dict[str, Any]) -> set[str]:
    """Return the names of the samples that a verifier kept, from the document of `verify`."""
    return {name for name, sample in document["samples"].items() if sample["kept"]}


def summarize_verification(document: dict[str, Any]) -> dict[str, Any]:
    """Summarize the document of `verify`.

    Returns:
        The numbers of samples that were `verified` and `kept`, the share that is bad, and the shares of good and of
        bad samples that were kept (φ and ψ; None if there were none). `collapse_threshold` is the share of bad samples
        up to which such a verifier prevents collapse (see `theory.collapse_threshold`).
    """
    samples = list(document["samples"].values())
    good, bad = ([sample["kept"] for sample in samples if sample["good"] is wanted] for wanted in (True, False))
    phi, psi = (float(np.mean(kept)) if kept else None for kept in (good, bad))
    return {
        "kind": document["kind"],
        "verified": len(samples),
        "kept": sum(good) + sum(bad),
        "share_bad": len(bad) / len(samples) if samples else None,
        "kept_good": phi,
        "kept_bad": psi,
        "collapse_threshold": None if phi is None or psi is None else collapse_threshold(phi, psi),
    }


def plausible_error_mm(real: Sequence[Motion]) -> float:
    """Compute the physical error in millimetres that 95 % of real motions stay below."""
    errors = [physical_errors(motion.positions, motion.fps).phys_err_mm for motion in real]
    return float(np.percentile(errors, _PLAUSIBLE_PERCENT))


def _badness(batch: SampleBatch, rule: VerifierRecipe, text_distance: TextDistance) -> list[float]:
    """Compute the badness of each valid sample; infinite if its correction failed."""
    valid = batch.valid()
    if rule.kind == "score":
        prompts = tuple((str(metadata["prompt"]),) for metadata in valid.metadata)
        return text_distance(MotionSet(valid.motions, prompts)).tolist() if len(valid) else []
    if rule.kind == "phys_err":
        return [physical_errors(motion.positions, motion.fps).phys_err_mm for motion in valid]
    reports = [batch.corrections[motion.name or ""].report for motion in valid]
    if rule.kind == "completed":
        return [1 - report.completed for report in reports]
    cost = _COSTS[rule.kind]
    return [math.inf if report.status == "FAILED" else cost(report) for report in reports]


def _best_of_each_prompt(batch: SampleBatch, rule: VerifierRecipe, badness: dict[str, float]) -> set[str]:
    """Return the name of the best sample of each prompt, the first of several that are equally good."""
    names = [motion.name or "" for motion in batch.raw]
    groups = [names[start : start + rule.best_of] for start in range(0, len(names), rule.best_of)]
    return {min(known, key=badness.__getitem__) for group in groups if (known := [n for n in group if n in badness])}
