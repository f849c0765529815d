"""Verifiers: which synthetic motions are good enough to train on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loop_client.runs.arms import VerifierRecipe
from loop_client.runs.production import Production
from loop_client.experiments.theory import collapse_threshold
from motion.motion_set import MotionSet
from motion.metrics import physical_errors
from motion.motion import Motion
from motion.report import Report

_PLAUSIBLE = 95.0  # percent of real motions

_COSTS: dict[str, Callable[[Report], float]] = {
    "distance": lambda report: report.mpjpe_global_mm,
    "force": lambda report: report.residual_force_n_mean,
}

TextDistance = Callable[[MotionSet], np.ndarray]
"""Of motions with their prompts, how far each is from what its prompt says, (n,)."""


def verify(
    production: Production, rule: VerifierRecipe, plausible_mm: float, text_distance: TextDistance
) -> dict[str, Any]:
    """Which samples are kept, and which are good, by name: a document.

    Args:
        production: samples in the order of their prompts, `best_of` of one prompt next to each other.
        plausible_mm: a sample is good whose physical error is at most this; it is what the verifier is judged by.
    """
    valid = production.valid()
    badness = dict(zip((motion.name or "" for motion in valid), _badness(production, rule, text_distance), strict=True))
    best = _best(production, rule, badness)
    samples = {}
    for motion in valid:
        name = motion.name or ""
        value = badness[name]
        samples[name] = {
            "badness": value if math.isfinite(value) else None,
            "kept": name in best and value <= rule.most,
            "good": physical_errors(motion.positions, motion.fps).phys_err_mm <= plausible_mm,
        }
    return {"kind": rule.kind, "plausible_mm": plausible_mm, "samples": samples}


def kept_names(document: dict[str, Any]) -> set[str]:
    """The names of the samples that a verifier kept."""
    return {name for name, sample in document["samples"].items() if sample["kept"]}


def summarize_verification(document: dict[str, Any]) -> dict[str, Any]:
    """How many were kept; of good and of bad ones which share (φ and ψ), None of none; and `collapse_threshold`, the
    share of bad samples up to which such a verifier prevents collapse (see `theory.collapse_threshold`)."""
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


def plausible_mm(real: Sequence[Motion]) -> float:
    """The physical error in millimetres that 95 % of real motions stay below."""
    return float(np.percentile([physical_errors(each.positions, each.fps).phys_err_mm for each in real], _PLAUSIBLE))


def _badness(production: Production, rule: VerifierRecipe, text_distance: TextDistance) -> list[float]:
    """Of each sample that is a motion."""
    valid = production.valid()
    if rule.kind == "score":
        prompts = tuple((str(about["prompt"]),) for about in valid.metadata)
        return text_distance(MotionSet(valid.motions, prompts)).tolist() if len(valid) else []
    if rule.kind == "phys_err":
        return [physical_errors(each.positions, each.fps).phys_err_mm for each in valid]
    reports = [production.corrections[each.name or ""].report for each in valid]
    if rule.kind == "completed":
        return [1 - report.completed for report in reports]
    cost = _COSTS[rule.kind]
    return [cost(report) if report.status == "OK" else math.inf for report in reports]


def _best(production: Production, rule: VerifierRecipe, badness: dict[str, float]) -> set[str]:
    """The best sample of each prompt, the first of equals."""
    names = [motion.name or "" for motion in production.raw]
    groups = [names[start : start + rule.best_of] for start in range(0, len(names), rule.best_of)]
    return {min(known, key=badness.__getitem__) for group in groups if (known := [n for n in group if n in badness])}
