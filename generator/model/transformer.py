"""Transformer layers with fused attention and the parameter names of torch's own, so that published weights fit.

Vaswani et al., "Attention is all you need", 2017; post-norm, GELU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinusoids(length: int, width: int) -> Tensor:
    """Position encoding (length, width): Vaswani et al., section 3.5."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class Attention(nn.Module):
    """Multi-head attention with the parameters of `nn.MultiheadAttention`."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, visible: Tensor | None, memory: Tensor | None = None) -> Tensor:
        """(batch, tokens, width).

        Args:
            x: (batch, tokens, width), which asks.
            visible: (batch, 1, 1, keys) bool, or None for all.
            memory: (batch, keys, width), which is looked at; `x` itself if None.
        """
        batch, tokens, width = x.shape
        if memory is None:
            projected = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
            query, key, value = (self._parted(part) for part in projected.chunk(3, -1))
        else:
            query = self._parted(functional.linear(x, self.in_proj_weight[:width], self.in_proj_bias[:width]))
            seen = functional.linear(memory, self.in_proj_weight[width:], self.in_proj_bias[width:])
            key, value = (self._parted(part) for part in seen.chunk(2, -1))
        if x.dtype == torch.bfloat16 and x.device.type == "cpu" and not self.training:
            mixed = _attended(query, key, value, visible)
        else:
            dropout = self.dropout if self.training else 0.0
            mixed = functional.scaled_dot_product_attention(query, key, value, visible, dropout)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def _parted(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) as (batch, heads, tokens, width / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _attended(query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None) -> Tensor:
    """Attention in plain matrix products, for bfloat16 on a CPU: torch's fused one does not use the instructions that
    CPUs have for it."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    return scores.softmax(-1) @ value


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network: the parameters of `nn.TransformerEncoderLayer`."""

    def __init__(self, width: int, heads: int, ff: int, dropout: float):
        super().__init__()
        self.self_attn = Attention(width, heads, dropout)
        self.linear1 = nn.Linear(width, ff)
        self.linear2 = nn.Linear(ff, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        x = self.norm1(x + self.drop(self.self_attn(x, visible)))
        return self.norm2(x + self.drop(self.linear2(self.drop(functional.gelu(self.linear1(x))))))


class DecoderLayer(nn.Module):
    """Self-attention, attention to a memory, then a feed-forward network: the parameters of
    `nn.TransformerDecoderLayer`."""

    def __init__(self, width: int, heads: int, ff: int, dropout: float):
        super().__init__()
        self.self_attn = Attention(width, heads, dropout)
        self.multihead_attn = Attention(width, heads, dropout)
        self.linear1 = nn.Linear(width, ff)
        self.linear2 = nn.Linear(ff, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, visible: Tensor | None, memory: Tensor, memory_visible: Tensor | None) -> Tensor:
        x = self.norm1(x + self.drop(self.self_attn(x, visible)))
        x = self.norm2(x + self.drop(self.multihead_attn(x, memory_visible, memory)))
        return self.norm3(x + self.drop(self.linear2(self.drop(functional.gelu(self.linear1(x))))))
