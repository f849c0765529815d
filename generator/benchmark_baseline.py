"""The sampling procedure of the published motion diffusion model, as a baseline for ours.

It reimplements the published one: torch's own `nn.TransformerEncoder`, with tokens before batch; one pass with
the text and one without; the coefficients of the posterior (Ho et al., 2020, equation 7) looked up and broadcast at
each step. Weights have the same names as ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from generator.diffusion.diffusion import respace
from generator.model.mdm import FEATURES, TEXT_DIM
from generator.model.transformer import sinusoidal_encoding

_MAX_POSITIONS = 5000


class PublishedMDM(nn.Module):
    """The published `trans_enc` network, with the state of `generator.model.mdm.MDM`.

    Args:
        layers: number of transformer layers.
        width: size of a token.
        heads: number of attention heads.
        ff: width of the feed-forward networks.
    """

    position_encoding: Tensor

    def __init__(self, layers: int, width: int, heads: int, ff: int):
        super().__init__()
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(FEATURES, width)})
        layer = nn.TransformerEncoderLayer(width, heads, ff, 0.1, "gelu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch recommends to put the batch first
            self.seqTransEncoder = nn.TransformerEncoder(layer, layers)
        self.embed_timestep = nn.ModuleDict(
            {"time_embed": nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.embed_text = nn.Linear(TEXT_DIM, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, FEATURES)})
        self.register_buffer("position_encoding", sinusoidal_encoding(_MAX_POSITIONS, width)[:, None], persistent=False)

    def forward(self, x: Tensor, time: Tensor, text: Tensor) -> Tensor:
        """Predict clean features (batch, 263, 1, frames).

        Args:
            x: (batch, 263, 1, frames) noisy features.
            time: (batch,) integer diffusion steps.
            text: (1, batch, 512) encoded texts.
        """
        condition = self.embed_text(text) + self.embed_timestep["time_embed"](self.position_encoding[time]).permute(
            1, 0, 2
        )
        batch, features, single, frames = x.shape
        tokens = self.input_process["poseEmbedding"](x.permute(3, 0, 1, 2).reshape(frames, batch, features))
        tokens = torch.cat([condition, tokens]) + self.position_encoding[: frames + 1]
        output = self.output_process["poseFinal"](self.seqTransEncoder(tokens)[1:])
        return output.reshape(frames, batch, features, single).permute(1, 2, 3, 0)


@torch.no_grad()
def sample_as_published(
    model: PublishedMDM,
    text: Tensor,
    noise: Callable[[], Tensor],
    process_steps: int,
    steps: int,
    guidance: float,
) -> Tensor:
    """Sample normalised features (batch, frames, 263) by ancestral sampling.

    Args:
        model: the published network.
        text: (batch, 512) encoded texts.
        noise: returns unit noise (batch, frames, 263); called once for the start and once per step.
        process_steps: steps of the process that the model was trained on.
        steps: sampling steps.
        guidance: scale of classifier-free guidance.
    """
    times, betas = respace(process_steps, steps)
    signal = np.cumprod(1 - betas)
    signal_before = np.concatenate([[1.0], signal[:-1]])
    clean_weight = betas * np.sqrt(signal_before) / (1 - signal)
    noisy_weight = (1 - signal_before) * np.sqrt(1 - betas) / (1 - signal)
    variance = betas * (1 - signal_before) / (1 - signal)
    log_variance = np.log(np.concatenate([variance[1:2], variance[1:]]) if steps > 1 else betas)

    def look_up(table: np.ndarray, index: Tensor, like: Tensor) -> Tensor:
        return torch.from_numpy(table).to(like.device)[index].float()[:, None, None, None].expand(like.shape)

    def published_noise() -> Tensor:
        return noise().permute(0, 2, 1)[:, :, None].contiguous()

    conditions = text[None]
    x = published_noise()
    for index in reversed(range(steps)):
        indices = torch.full((len(x),), index, device=x.device)
        time = torch.from_numpy(times).to(x.device)[indices]
        conditional = model(x, time, conditions)
        unconditional = model(x, time, torch.zeros_like(conditions))
        clean = unconditional + guidance * (conditional - unconditional)
        mean = look_up(clean_weight, indices, x) * clean + look_up(noisy_weight, indices, x) * x
        step_noise = published_noise()
        # The last step adds no noise.
        noisy = (indices != 0).float()[:, None, None, None]
        x = mean + noisy * torch.exp(0.5 * look_up(log_variance, indices, x)) * step_noise
    return x[:, :, 0].permute(0, 2, 1)
