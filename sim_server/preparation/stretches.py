"""Stretches of time in which something holds."""

from __future__ import annotations

import numpy as np


def stretches(mask: np.ndarray) -> list[tuple[int, int]]:
    """Start and stop of each run of true values in `mask` (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
