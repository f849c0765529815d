"""Spans of consecutive frames in which a condition holds."""

from __future__ import annotations

import numpy as np


def true_spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return start and stop of each run of true values in `mask` (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
