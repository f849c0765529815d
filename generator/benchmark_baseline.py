"""Sampling as the published motion diffusion model does it, to measure ours against.

Written from what is known of it: torch's own `nn.TransformerEncoder`, tokens before batch; without the text and with it
one pass after the other; the posterior's arithmetic (Ho et al., 2020, equation 7) looked up and broadcast at each step.
Weights have the same names as ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from generator.diffusion.diffusion import respaced
from generator.model.mdm import FEATURES, TEXT_DIM
from generator.model.transformer import sinusoids

_LONGEST = 5000


class PublishedMDM(nn.Module):
    """The `trans_enc` network as published; its state is that of `generator.model.mdm.MDM`."""

    positions: Tensor

    def __init__(self, layers: int, width: int, heads: int, ff: int):
        super().__init__()
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(FEATURES, width)})
        layer = nn.TransformerEncoderLayer(width, heads, ff, 0.1, "gelu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch would have the batch first
            self.seqTransEncoder = nn.TransformerEncoder(layer, layers)
        self.embed_timestep = nn.ModuleDict(
            {"time_embed": nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.embed_text = nn.Linear(TEXT_DIM, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, FEATURES)})
        self.register_buffer("positions", sinusoids(_LONGEST, width)[:, None], persistent=False)

    def forward(self, x: Tensor, time: Tensor, text: Tensor) -> Tensor:
        """x (batch, 263, 1, frames), time (batch,), text (1, batch, 512); as x."""
        condition = self.embed_text(text) + self.embed_timestep["time_embed"](self.positions[time]).permute(1, 0, 2)
        batch, features, single, frames = x.shape
        tokens = self.input_process["poseEmbedding"](x.permute(3, 0, 1, 2).reshape(frames, batch, features))
        tokens = torch.cat([condition, tokens]) + self.positions[: frames + 1]
        made = self.output_process["poseFinal"](self.seqTransEncoder(tokens)[1:])
        return made.reshape(frames, batch, features, single).permute(1, 2, 3, 0)


@torch.no_grad()
def sample_as_published(
    model: PublishedMDM,
    text: Tensor,
    noise: Callable[[], Tensor],
    process_steps: int,
    steps: int,
    guidance: float,
) -> Tensor:
    """Normalised features (batch, frames, 263) by ancestral sampling.

    `text` (batch, 512); `noise`, (batch, frames, 263), is asked once for the start and once a step.
    """
    times, betas = respaced(process_steps, steps)
    kept = np.cumprod(1 - betas)
    kept_before = np.concatenate([[1.0], kept[:-1]])
    of_clean = betas * np.sqrt(kept_before) / (1 - kept)
    of_noisy = (1 - kept_before) * np.sqrt(1 - betas) / (1 - kept)
    variance = betas * (1 - kept_before) / (1 - kept)
    log_variance = np.log(np.concatenate([variance[1:2], variance[1:]]) if steps > 1 else betas)

    def looked_up(table: np.ndarray, index: Tensor, like: Tensor) -> Tensor:
        return torch.from_numpy(table).to(like.device)[index].float()[:, None, None, None].expand(like.shape)

    def published_noise() -> Tensor:
        return noise().permute(0, 2, 1)[:, :, None].contiguous()

    told = text[None]
    x = published_noise()
    for index in reversed(range(steps)):
        place = torch.full((len(x),), index, device=x.device)
        time = torch.from_numpy(times).to(x.device)[place]
        conditional = model(x, time, told)
        unconditional = model(x, time, torch.zeros_like(told))
        clean = unconditional + guidance * (conditional - unconditional)
        mean = looked_up(of_clean, place, x) * clean + looked_up(of_noisy, place, x) * x
        drawn = published_noise()
        more = (place != 0).float()[:, None, None, None]
        x = mean + more * torch.exp(0.5 * looked_up(log_variance, place, x)) * drawn
    return x[:, :, 0].permute(0, 2, 1)
