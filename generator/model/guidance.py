"""Classifier-free guidance: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch

TOGETHER = 4
"""Samples at a time on a CPU: what they need then stays in its caches, and a batch takes a tenth less."""


def guided(model: MDM, x: Tensor, time: Tensor, text: TextBatch, valid: Tensor | None, scale: float | Tensor) -> Tensor:
    """Clean features (batch, frames, 263): u + scale (c - u), where u is said without the text and c with it.

    Both are computed in one batch of twice the size; where the scale is the number 1, c alone.

    Args:
        x, time, text, valid: as `MDM.forward` takes them.
        scale: one for all, or (batch,).
    """
    if not isinstance(scale, Tensor) and scale == 1.0:
        return model(x, time, text, valid)
    if x.device.type == "cpu" and len(x) > TOGETHER:
        parts = []
        for start in range(0, len(x), TOGETHER):
            rows = slice(start, start + TOGETHER)
            there = None if valid is None else valid[rows]
            part = scale[rows] if isinstance(scale, Tensor) else scale
            parts.append(guided(model, x[rows], time[rows], text.rows(rows), there, part))
        return torch.cat(parts)
    both = model(
        torch.cat([x, x]),
        torch.cat([time, time]),
        text.and_silent(),
        None if valid is None else torch.cat([valid, valid]),
    )
    conditional, unconditional = both.chunk(2)
    if isinstance(scale, Tensor):
        scale = scale.to(x)[:, None, None]
    return unconditional + scale * (conditional - unconditional)
