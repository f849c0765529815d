"""Transformer layers with fused attention and the parameter names of torch's own, so published weights can be loaded.

Vaswani et al., "Attention is all you need", 2017; post-norm, GELU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinusoidal_encoding(length: int, width: int) -> Tensor:
    """Compute the position encoding (length, width) of Vaswani et al., section 3.5."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class Attention(nn.Module):
    """Multi-head attention with the parameters of `nn.MultiheadAttention`.

    Args:
        width: size of a token.
        heads: number of attention heads.
        dropout: dropout probability of the attention weights.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor | None, memory: Tensor | None = None) -> Tensor:
        """Compute attention outputs (batch, tokens, width).

        Args:
            x: (batch, tokens, width) tokens of the queries.
            mask: (batch, 1, 1, keys) bool, True for keys that may be attended to; None for all.
            memory: (batch, keys, width) tokens of the keys and values; None for self-attention.
        """
        batch, tokens, width = x.shape
        if memory is None:
            projected = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
            query, key, value = (self._split_heads(part) for part in projected.chunk(3, -1))
        else:
            query = self._split_heads(functional.linear(x, self.in_proj_weight[:width], self.in_proj_bias[:width]))
            projected = functional.linear(memory, self.in_proj_weight[width:], self.in_proj_bias[width:])
            key, value = (self._split_heads(part) for part in projected.chunk(2, -1))
        if x.dtype == torch.bfloat16 and x.device.type == "cpu" and not self.training:
            mixed = _unfused_attention(query, key, value, mask)
        else:
            dropout = self.dropout if self.training else 0.0
            mixed = functional.scaled_dot_product_attention(query, key, value, mask, dropout)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def _split_heads(self, x: Tensor) -> Tensor:
        """Reshape (batch, tokens, width) to (batch, heads, tokens, width / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _unfused_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Compute attention by plain matrix products.

    On CPUs with bfloat16 instructions this is faster than torch's fused attention, which does not use them.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(-1) @ value


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, with the parameters of `nn.TransformerEncoderLayer`.

    Args:
        width: size of a token.
        heads: number of attention heads.
        ff: width of the feed-forward network.
        dropout: dropout probability.
    """

    def __init__(self, width: int, heads: int, ff: int, dropout: float):
        super().__init__()
        self.self_attn = Attention(width, heads, dropout)
        self.linear1 = nn.Linear(width, ff)
        self.linear2 = nn.Linear(ff, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return tokens (batch, tokens, width); `x` and `mask` as in `Attention.forward`."""
        x = self.norm1(x + self.drop(self.self_attn(x, mask)))
        return self.norm2(x + self.drop(self.linear2(self.drop(functional.gelu(self.linear1(x))))))


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and a feed-forward network, as in `nn.TransformerDecoderLayer`.

    Args:
        width: size of a token.
        heads: number of attention heads.
        ff: width of the feed-forward network.
        dropout: dropout probability.
    """

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

    def forward(self, x: Tensor, mask: Tensor | None, memory: Tensor, memory_mask: Tensor | None) -> Tensor:
        """Return tokens (batch, tokens, width); arguments as in `Attention.forward`, with a mask for the memory."""
        x = self.norm1(x + self.drop(self.self_attn(x, mask)))
        x = self.norm2(x + self.drop(self.multihead_attn(x, memory_mask, memory)))
        return self.norm3(x + self.drop(self.linear2(self.drop(functional.gelu(self.linear1(x))))))
