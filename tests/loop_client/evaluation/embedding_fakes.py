"""An embedding that counts its calls."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from motion.motion import Motion


class CountingEmbedding:
    """An embedding by mean position that counts its calls."""

    name = "mean"

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """Return the mean position of every joint, (n, 66)."""
        self.calls += 1
        return np.stack([motion.positions.mean(axis=0).ravel() for motion in motions]).astype(float)
