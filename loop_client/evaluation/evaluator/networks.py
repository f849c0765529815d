"""The evaluator's three networks, which encode frames as movements, movements as a motion, and words as a text."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

MOVEMENT_FRAMES = 4
"""Frames in one movement."""
MOVEMENT_FEATURES = 259
"""Features of a frame without its foot contacts, from which movements are encoded."""
WORD_SIZE, POS_SIZE = 300, 15
"""Sizes of word vectors and of one-hot parts of speech."""


class MovementEncoder(nn.Module):
    """Encodes features (batch, frames, 259) as movements (batch, frames / 4, size).

    Args:
        hidden: channels of the hidden layer.
        size: size of a movement.
    """

    def __init__(self, hidden: int = 512, size: int = 512):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv1d(MOVEMENT_FEATURES, hidden, 4, 2, 1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, size, 4, 2, 1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
        )
        self.out_net = nn.Linear(size, size)

    def forward(self, features: Tensor) -> Tensor:
        """Encode features (batch, frames, 259)."""
        return self.out_net(self.main(features.transpose(1, 2)).transpose(1, 2))


class _SequenceEncoder(nn.Module):
    """A bidirectional GRU whose two last states become the embedding; its first state is learned."""

    def __init__(self, inputs: int, hidden: int, size: int, between: int):
        super().__init__()
        self.input_emb = nn.Linear(inputs, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden, between), nn.LayerNorm(between), nn.LeakyReLU(0.2), nn.Linear(between, size)
        )
        self.hidden = nn.Parameter(torch.randn(2, 1, hidden))

    def _encode(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Encode (batch, steps, inputs), of which (batch,) `lengths` are valid, as (batch, size), in the same order."""
        packed = pack_padded_sequence(self.input_emb(inputs), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed, self.hidden.expand(-1, len(inputs), -1).contiguous())
        return self.output_net(torch.cat([last[0], last[1]], dim=-1))


class MotionEncoder(_SequenceEncoder):
    """Encodes movements (batch, steps, inputs) as embeddings (batch, size).

    Args:
        inputs: size of a movement.
        hidden: width of the GRU.
        size: size of the embedding.
    """

    def __init__(self, inputs: int = 512, hidden: int = 1024, size: int = 512):
        super().__init__(inputs, hidden, size, hidden)

    def forward(self, movements: Tensor, lengths: Tensor) -> Tensor:
        """Encode movements (batch, steps, inputs), of which `lengths` (batch,) are valid."""
        return self._encode(movements, lengths)


class TextEncoder(_SequenceEncoder):
    """Encodes the word vectors and parts of speech of texts as embeddings (batch, size).

    Args:
        hidden: width of the GRU.
        size: size of the embedding.
    """

    def __init__(self, hidden: int = 512, size: int = 512):
        super().__init__(WORD_SIZE, hidden, size, hidden)
        self.pos_emb = nn.Linear(POS_SIZE, WORD_SIZE)

    def forward(self, words: Tensor, speech: Tensor, lengths: Tensor) -> Tensor:
        """Encode texts.

        Args:
            words: (batch, words, 300) word vectors.
            speech: (batch, words, 15) parts of speech, one-hot.
            lengths: (batch,) numbers of valid words.
        """
        return self._encode(words + self.pos_emb(speech), lengths)
