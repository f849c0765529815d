"""Classifier-free guidance: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.mdm import MDM
from generator.text_batch import TextBatch


def guided(model: MDM, x: Tensor, time: Tensor, text: TextBatch, valid: Tensor | None, scale: float | Tensor) -> Tensor:
    """Clean features (batch, frames, 263): u + scale (c - u), where u is said without the text and c with it.

    Both are computed in one batch of twice the size; where the scale is the number 1, c alone.

    Args:
        x, time, text, valid: as `MDM.forward` takes them.
        scale: one for all, or (batch,).
    """
    if isinstance(scale, Tensor):
        scale = scale.to(x)[:, None, None]
    elif scale == 1.0:
        return model(x, time, text, valid)
    both = model(
        torch.cat([x, x]),
        torch.cat([time, time]),
        text.and_silent(),
        None if valid is None else torch.cat([valid, valid]),
    )
    conditional, unconditional = both.chunk(2)
    return unconditional + scale * (conditional - unconditional)
