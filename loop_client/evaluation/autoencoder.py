"""A temporal convolutional autoencoder of motion features."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from motion.humanml3d.features import NUM_FEATURES

STRIDE = 4
"""Frames in one step of the latent code."""


class Autoencoder(nn.Module):
    """Maps normalized features (batch, 263, frames) to codes (batch, size / 2, frames / 4) and back.

    Args:
        size: dimensions of the embedding, an even number.
        width: channels of the hidden layers.

    Attributes:
        mean: (263, 1) mean of the features.
        std: (263, 1) standard deviation of the features.
        center: (size,) mean over the real motions of the output of `pool`.
        scale: (size,) standard deviation over the real motions of the output of `pool`.
    """

    mean: torch.Tensor
    std: torch.Tensor
    center: torch.Tensor
    scale: torch.Tensor

    def __init__(self, size: int, width: int):
        super().__init__()
        code = size // 2
        self.encoder = nn.Sequential(
            nn.Conv1d(NUM_FEATURES, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 3, 1, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, code, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(code, width, 3, 1, 1),
            nn.GELU(),
            nn.ConvTranspose1d(width, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 3, 1, 1),
            nn.GELU(),
            nn.ConvTranspose1d(width, NUM_FEATURES, 4, 2, 1),
        )
        self.register_buffer("mean", torch.zeros(NUM_FEATURES, 1))
        self.register_buffer("std", torch.ones(NUM_FEATURES, 1))
        self.register_buffer("center", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def normalize(self, features: np.ndarray) -> torch.Tensor:
        """Normalize features (..., frames, 263) to mean 0 and deviation 1, as (..., 263, frames)."""
        return (torch.from_numpy(np.asarray(features, np.float32)).transpose(-1, -2) - self.mean) / self.std

    def pool(self, features: np.ndarray) -> torch.Tensor:
        """Encode the features (frames, 263) of one motion.

        Returns:
            (size,) mean and standard deviation of the code over time.
        """
        whole = len(features) - len(features) % STRIDE
        code = self.encoder(self.normalize(features[:whole])[None])[0]
        return torch.cat([code.mean(dim=1), code.std(dim=1, correction=0)])
