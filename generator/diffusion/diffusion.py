"""The diffusion process and the losses of a network that reverses it.

Ho et al., "Denoising Diffusion Probabilistic Models", 2020, with the cosine schedule of Nichol and Dhariwal, "Improved
Denoising Diffusion Probabilistic Models", 2021, and a network that predicts the clean sample, as MDM does.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


@cache
def cosine_betas(steps: int) -> npt.NDArray[np.float64]:
    """Compute the variance (steps,) of the noise added at each step: Nichol and Dhariwal, equation 17."""

    def alpha_bar(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    return np.array([min(1 - alpha_bar((i + 1) / steps) / alpha_bar(i / steps), 0.999) for i in range(steps)])


@cache
def alphas_cumprod(steps: int) -> npt.NDArray[np.float64]:
    """Compute the share (steps,) of the signal's variance that is left after each step."""
    return np.cumprod(1.0 - cosine_betas(steps), dtype=np.float64)


def respace(steps: int, kept_steps: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Choose evenly spaced steps of a longer process and compute the betas of the process of these steps alone.

    At each step that is kept, the shorter process has as much noise as the longer one (Nichol and Dhariwal, section 4).

    Args:
        steps: steps of the longer process.
        kept_steps: steps of the shorter process.

    Returns:
        Indices (kept_steps,) of the kept steps in the longer process, and their betas (kept_steps,).
    """
    kept = np.round(np.linspace(0, steps - 1, kept_steps)).astype(np.int64)
    if kept_steps == 1:
        kept[:] = steps - 1
    signal = alphas_cumprod(steps)[kept]
    return kept, 1.0 - signal / np.concatenate([[1.0], signal[:-1]])


def add_noise(clean: Tensor, noise: Tensor, time: Tensor, steps: int) -> Tensor:
    """Sample from q(x_t | x_0).

    Args:
        clean: (batch, frames, features) clean motions.
        noise: (batch, frames, features) unit noise.
        time: (batch,) integer diffusion steps.
        steps: steps of the process.

    Returns:
        Noisy motions (batch, frames, features).
    """
    signal = torch.from_numpy(alphas_cumprod(steps))[time.cpu()][:, None, None]
    return signal.sqrt().to(clean) * clean + (1 - signal).sqrt().to(clean) * noise


def masked_loss(predicted: Tensor, clean: Tensor, valid: Tensor) -> Tensor:
    """Compute the mean squared error over the valid frames of each motion, MDM's only loss on HumanML3D.

    Args:
        predicted: (batch, frames, features).
        clean: (batch, frames, features).
        valid: (batch, frames) bool.

    Returns:
        Losses (batch,).
    """
    squares = ((predicted - clean) ** 2 * valid[..., None]).sum((1, 2))
    return squares / (valid.sum(1) * clean.shape[2])


def velocity_loss(predicted: Tensor, clean: Tensor, valid: Tensor) -> Tensor:
    """Compute `masked_loss` (batch,) of the frame-to-frame differences: MDM's λ_vel term, on features."""
    return masked_loss(predicted.diff(dim=1), clean.diff(dim=1), valid[:, 1:])
