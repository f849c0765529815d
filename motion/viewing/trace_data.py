"""What a page draws of a trace: forces of the floor at their places, and the assist."""

from __future__ import annotations

from typing import Any

import numpy as np

from motion.array_types import BoolArray
from motion.skeleton import JOINT
from motion.trace import FEET, Trace
from motion.viewing.quantized import quantized

CARRIED_SECOND_N = 100.0
"""An assist whose mean over a second is above this carries the body, see `motion.report.Report.status`."""

_SHAPES_OF_WORD = {
    "seat": ("pelvis",), "back": ("spine1", "spine2", "spine3"), "thigh": ("hip",), "knee": ("hip", "knee"),
    "shin": ("knee",), "foot": ("ankle", "foot"), "upper arm": ("shoulder",), "elbow": ("elbow",),
    "forearm": ("elbow",), "hand": ("wrist",), "head": ("head",), "shoulder": ("shoulder",),
}  # fmt: skip


def trace_document(trace: Trace) -> dict[str, Any]:
    """Encode the part of a trace that the player draws as a JSON document.

    Only parts of the body that ever touch the floor are in it. Places are in the frame of the corrected motion, whose
    joints lie lower than those of the simulated body.
    """
    touched = np.flatnonzero(trace.touching.any(0))
    forces = trace.contact_force[:, touched].astype(np.float64)
    steps = len(trace)
    return {
        "fps": trace.fps,
        "steps": steps,
        "parts": [trace.parts[part] for part in touched],
        "joints": [part_joints(trace.parts[part]) for part in touched],
        "feet": [FEET.index(trace.parts[part]) if trace.parts[part] in FEET else -1 for part in touched],
        "forces": quantized(forces.reshape(steps, -1)) if len(touched) else None,
        "feet_at": quantized((trace.foot_centre.astype(np.float64) - (0, trace.lift_m, 0)).reshape(steps, 6)),
        "assist": quantized(trace.assist[:, :3].astype(np.float64)),
        "limit": quantized(trace.assist_limit[:, None].astype(np.float64)),
        "carried": stretches(carried_steps(trace), trace.fps),
    }


def part_joints(part: str) -> list[int]:
    """Return the joints whose shapes a part of the body is, such as ankle and foot for `left foot`; none if unknown."""
    side, _, word = part.partition(" ")
    if side not in ("left", "right"):
        side, word = "", part
    names = [f"{side}_{name}" if side else name for name in _SHAPES_OF_WORD.get(word, ())]
    return [JOINT[name] for name in names if name in JOINT]


def carried_steps(trace: Trace) -> BoolArray:
    """Return the control steps (T,) that belong to a second over which the assist force has a mean above 100 N."""
    force = np.linalg.norm(trace.assist[:, :3], axis=-1).astype(np.float64)
    window = round(trace.fps)
    carried = np.zeros(len(force), bool)
    if len(force) >= window:
        sums = np.concatenate([[0.0], np.cumsum(force)])
        for start in np.flatnonzero((sums[window:] - sums[:-window]) / window > CARRIED_SECOND_N):
            carried[start : start + window] = True
    return carried


def stretches(mask: BoolArray, fps: float) -> list[list[float]]:
    """Return the stretches in which a mask over steps holds, each as its start and its end [s]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [[round(float(edge) / fps, 4) for edge in pair] for pair in edges.reshape(-1, 2)]
