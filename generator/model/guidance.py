"""Classifier-free guidance: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch

CPU_CHUNK = 4
"""Samples computed at a time on a CPU: their activations fit into its caches, and a batch takes a tenth less time."""


def predict_guided(
    model: MDM, x: Tensor, time: Tensor, text: TextBatch, valid: Tensor | None, scale: float | Tensor
) -> Tensor:
    """Predict clean features (batch, frames, 263) with classifier-free guidance.

    The result is u + scale (c - u), with c the prediction given the text and u the one without. Both are computed in
    one batch of twice the size; if the scale is the number 1, only c is.

    Args:
        model: network to call.
        x: (batch, frames, 263) noisy normalised features.
        time: (batch,) integer diffusion steps.
        text: encoded texts.
        valid: (batch, frames) bool, False past the end of a motion; None if no motion is padded.
        scale: guidance scale, one number or (batch,).
    """
    if not isinstance(scale, Tensor) and scale == 1.0:
        return model(x, time, text, valid)
    if x.device.type == "cpu" and len(x) > CPU_CHUNK:
        chunks = []
        for start in range(0, len(x), CPU_CHUNK):
            rows = slice(start, start + CPU_CHUNK)
            chunk_valid = None if valid is None else valid[rows]
            chunk_scale = scale[rows] if isinstance(scale, Tensor) else scale
            chunks.append(predict_guided(model, x[rows], time[rows], text.rows(rows), chunk_valid, chunk_scale))
        return torch.cat(chunks)
    both = model(
        torch.cat([x, x]),
        torch.cat([time, time]),
        text.with_unconditional(),
        None if valid is None else torch.cat([valid, valid]),
    )
    conditional, unconditional = both.chunk(2)
    if isinstance(scale, Tensor):
        scale = scale.to(x)[:, None, None]
    return unconditional + scale * (conditional - unconditional)
