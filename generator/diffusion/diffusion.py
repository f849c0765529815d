"""The diffusion process: how noise goes into a motion, and what a network is taught about taking it out again.

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
    """Variance of the noise added at each of `steps` steps, (steps,): Nichol and Dhariwal, equation 17."""

    def kept(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    return np.array([min(1 - kept((i + 1) / steps) / kept(i / steps), 0.999) for i in range(steps)])


@cache
def alphas_cumprod(steps: int) -> npt.NDArray[np.float64]:
    """Share of the signal's variance that is left after each step, (steps,)."""
    return np.cumprod(1.0 - cosine_betas(steps), dtype=np.float64)


def respaced(steps: int, kept_steps: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The process of `steps` steps as one of fewer: which steps stay, evenly spaced, and their betas (kept_steps,).

    The shorter process has the longer one's noise at each step that stays (Nichol and Dhariwal, section 4).
    """
    chosen = np.round(np.linspace(0, steps - 1, kept_steps)).astype(np.int64)
    if kept_steps == 1:
        chosen[:] = steps - 1
    left = alphas_cumprod(steps)[chosen]
    return chosen, 1.0 - left / np.concatenate([[1.0], left[:-1]])


def noised(clean: Tensor, noise: Tensor, time: Tensor, steps: int) -> Tensor:
    """Sample of q(x_t | x_0): (batch, frames, features) from clean motion, unit noise and integer times (batch,)."""
    left = torch.from_numpy(alphas_cumprod(steps))[time.cpu()][:, None, None]
    return left.sqrt().to(clean) * clean + (1 - left).sqrt().to(clean) * noise


def masked_loss(predicted: Tensor, clean: Tensor, valid: Tensor) -> Tensor:
    """Mean squared error over the valid frames of each motion, (batch,): MDM's only loss on HumanML3D.

    `predicted`, `clean` (batch, frames, features); `valid` (batch, frames) bool.
    """
    squares = ((predicted - clean) ** 2 * valid[..., None]).sum((1, 2))
    return squares / (valid.sum(1) * clean.shape[2])


def velocity_loss(predicted: Tensor, clean: Tensor, valid: Tensor) -> Tensor:
    """`masked_loss` of the changes from frame to frame, (batch,): the form of MDM's λ_vel term, on features."""
    return masked_loss(predicted.diff(dim=1), clean.diff(dim=1), valid[:, 1:])
