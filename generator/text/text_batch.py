"""Encoded texts of a batch, padded to one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TextBatch:
    """Encoded texts of a batch.

    Attributes:
        tokens: (batch, tokens, dim) float32, zeros for samples without a text; one token if the encoder pools.
        mask: (batch, tokens) bool, False for padding.
    """

    tokens: Tensor
    mask: Tensor

    @classmethod
    def from_arrays(cls, texts: Sequence[np.ndarray]) -> TextBatch:
        """Pad encoded texts, each (tokens, dim), to the longest."""
        longest = max(len(text) for text in texts)
        tokens = torch.zeros(len(texts), longest, texts[0].shape[1])
        mask = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, text in enumerate(texts):
            tokens[row, : len(text)] = torch.from_numpy(text)
            mask[row, : len(text)] = True
        return cls(tokens, mask)

    @classmethod
    def from_vectors(cls, vectors: Tensor) -> TextBatch:
        """Make a batch of one-token texts from vectors (batch, dim)."""
        return cls(vectors[:, None], torch.ones(len(vectors), 1, dtype=torch.bool, device=vectors.device))

    def rows(self, rows: slice) -> TextBatch:
        """Return the batch of some rows."""
        return TextBatch(self.tokens[rows], self.mask[rows])

    def to(self, device: torch.device) -> TextBatch:
        """Return the batch on a device."""
        return TextBatch(self.tokens.to(device), self.mask.to(device))

    def unconditional(self) -> TextBatch:
        """Return the batch with zeros for tokens, the unconditional input of the published model."""
        return TextBatch(torch.zeros_like(self.tokens), self.mask)

    def with_unconditional(self) -> TextBatch:
        """Return a batch of twice the size: the texts, then their unconditional counterparts."""
        unconditional = self.unconditional()
        tokens = torch.cat([self.tokens, unconditional.tokens])
        return TextBatch(tokens, torch.cat([self.mask, unconditional.mask]))
