"""The motion diffusion model: a transformer encoder that sees a noisy motion, the time and a text, and says the clean
motion.

Tevet et al., "Human Motion Diffusion Model", ICLR 2023, in its `trans_enc` form. Parameters have the published names
and shapes, so that published checkpoints fit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 263
TEXT_DIM = 512
_LONGEST = 5000


def sinusoids(length: int, width: int) -> Tensor:
    """Position encoding (length, width): Vaswani et al., "Attention is all you need", 2017, section 3.5."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class SelfAttention(nn.Module):
    """Multi-head self-attention with the parameters of `nn.MultiheadAttention`."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """x (batch, tokens, width); visible (batch, 1, 1, tokens) bool or None for all."""
        batch, tokens, width = x.shape
        projected = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = projected.view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, visible, dropout)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class EncoderLayer(nn.Module):
    """One post-norm transformer layer with the parameters of `nn.TransformerEncoderLayer`."""

    def __init__(self, width: int, heads: int, ff: int, dropout: float):
        super().__init__()
        self.self_attn = SelfAttention(width, heads, dropout)
        self.linear1 = nn.Linear(width, ff)
        self.linear2 = nn.Linear(ff, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        x = self.norm1(x + self.drop(self.self_attn(x, visible)))
        inner = self.drop(functional.gelu(self.linear1(x)))
        return self.norm2(x + self.drop(self.linear2(inner)))


class MDM(nn.Module):
    """The network.

    Args:
        layers, width, heads, ff, dropout: of the transformer.
        mask_frames: hide padded frames from attention; the published default shows them.
    """

    embed_timestep: nn.ModuleDict
    input_process: nn.ModuleDict
    seqTransEncoder: nn.ModuleDict
    output_process: nn.ModuleDict
    positions: Tensor

    def __init__(self, layers: int, width: int, heads: int, ff: int, dropout: float = 0.1, mask_frames: bool = False):
        super().__init__()
        self.mask_frames = mask_frames
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(FEATURES, width)})
        self.seqTransEncoder = nn.ModuleDict(
            {"layers": nn.ModuleList(EncoderLayer(width, heads, ff, dropout) for _ in range(layers))}
        )
        self.embed_timestep = nn.ModuleDict(
            {"time_embed": nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.embed_text = nn.Linear(TEXT_DIM, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, FEATURES)})
        self.drop = nn.Dropout(dropout)
        self.register_buffer("positions", sinusoids(_LONGEST, width), persistent=False)

    def forward(self, x: Tensor, time: Tensor, text: Tensor, valid: Tensor | None = None) -> Tensor:
        """Predicted clean features (batch, frames, 263).

        Args:
            x: (batch, frames, 263) noisy normalised features.
            time: (batch,) integer diffusion steps.
            text: (batch, 512) text vectors; zeros for no text.
            valid: (batch, frames) bool, False where a motion has ended; only looked at with `mask_frames`.
        """
        condition = self.embed_timestep["time_embed"](self.positions[time]) + self.embed_text(text)
        tokens = torch.cat([condition[:, None], self.input_process["poseEmbedding"](x)], 1)
        tokens = self.drop(tokens + self.positions[: tokens.shape[1]])
        visible = None
        if self.mask_frames and valid is not None:
            visible = functional.pad(valid, (1, 0), value=True)[:, None, None]
        for layer in self.seqTransEncoder["layers"].children():
            tokens = layer(tokens, visible)
        return self.output_process["poseFinal"](tokens[:, 1:])
