"""The evaluator's three networks: frames to movements, movements to a motion, words to a text."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

MOVEMENT_FRAMES = 4
"""Frames in one movement."""
MOVEMENT_FEATURES = 259
"""What movements are made from: the features of a frame without its foot contacts."""
WORD_SIZE, POS_SIZE = 300, 15


class MovementEncoder(nn.Module):
    """Features (batch, frames, 259) to movements (batch, frames / 4, size)."""

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
        return self.out_net(self.main(features.transpose(1, 2)).transpose(1, 2))


class _SequenceEncoder(nn.Module):
    """A bidirectional GRU whose two last states become a point; its first state is learned."""

    def __init__(self, inputs: int, hidden: int, size: int, between: int):
        super().__init__()
        self.input_emb = nn.Linear(inputs, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden, between), nn.LayerNorm(between), nn.LeakyReLU(0.2), nn.Linear(between, size)
        )
        self.hidden = nn.Parameter(torch.randn(2, 1, hidden))

    def _encoded(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(batch, steps, inputs), (batch,) -> (batch, size); in the order of the input."""
        packed = pack_padded_sequence(self.input_emb(inputs), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed, self.hidden.expand(-1, len(inputs), -1).contiguous())
        return self.output_net(torch.cat([last[0], last[1]], dim=-1))


class MotionEncoder(_SequenceEncoder):
    """Movements (batch, steps, inputs), of which `lengths` (batch,) are valid, to points (batch, size)."""

    def __init__(self, inputs: int = 512, hidden: int = 1024, size: int = 512):
        super().__init__(inputs, hidden, size, hidden)

    def forward(self, movements: Tensor, lengths: Tensor) -> Tensor:
        return self._encoded(movements, lengths)


class TextEncoder(_SequenceEncoder):
    """Word vectors (batch, words, 300) and parts of speech (batch, words, 15), one-hot, of which `lengths` (batch,)
    are valid, to points (batch, size)."""

    def __init__(self, hidden: int = 512, size: int = 512):
        super().__init__(WORD_SIZE, hidden, size, hidden)
        self.pos_emb = nn.Linear(POS_SIZE, WORD_SIZE)

    def forward(self, words: Tensor, speech: Tensor, lengths: Tensor) -> Tensor:
        return self._encoded(words + self.pos_emb(speech), lengths)
