"""The texts of a batch as a network reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TextBatch:
    """Texts in vectors.

    Attributes:
        tokens: (batch, tokens, dim) float32; zeros where a sample has no text. One token where a text is one vector.
        shown: (batch, tokens) bool, False past a text's end.
    """

    tokens: Tensor
    shown: Tensor

    @classmethod
    def of(cls, texts: Sequence[np.ndarray]) -> TextBatch:
        """From (tokens, dim) for each."""
        longest = max(len(text) for text in texts)
        tokens = torch.zeros(len(texts), longest, texts[0].shape[1])
        shown = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, text in enumerate(texts):
            tokens[row, : len(text)] = torch.from_numpy(text)
            shown[row, : len(text)] = True
        return cls(tokens, shown)

    @classmethod
    def of_vectors(cls, vectors: Tensor) -> TextBatch:
        """From (batch, dim), one vector a text."""
        return cls(vectors[:, None], torch.ones(len(vectors), 1, dtype=torch.bool, device=vectors.device))

    def rows(self, rows: slice) -> TextBatch:
        return TextBatch(self.tokens[rows], self.shown[rows])

    def to(self, device: torch.device) -> TextBatch:
        return TextBatch(self.tokens.to(device), self.shown.to(device))

    def silent(self) -> TextBatch:
        """The same without any text: what the published model calls unconditional, zeros in the same places."""
        return TextBatch(torch.zeros_like(self.tokens), self.shown)

    def and_silent(self) -> TextBatch:
        """Twice the batch: with its texts, and without."""
        silent = self.silent()
        return TextBatch(torch.cat([self.tokens, silent.tokens]), torch.cat([self.shown, silent.shown]))
