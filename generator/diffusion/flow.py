"""Flow matching: straight paths from noise to motion, and a network that predicts where each of them ends.

Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023, with conditional optimal-transport paths (their
equation 22 with sigma_min = 0): at time t, from 0 to 1, the path from noise e to motion x is at z = (1 - t) e + t x,
and its velocity is x - e. Sampling integrates that velocity, starting from noise.

The network predicts the end of the path, x; the velocity is then (x - z) / (1 - t). A network that predicts the
velocity itself would have to reproduce the noise, 263 numbers a frame, which do not pass through a narrower network:
motions of one of width 128 had a jitter of 3200 m/s³.
"""

from __future__ import annotations

import torch
from torch import Tensor

from generator.diffusion.sampling import NoiseSource
from generator.model.guidance import predict_guided
from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch

DEFAULT_STEPS = 10
"""Integration steps if a request names none; more of them change little."""
MAX_STEPS = 1000
_TIME_INDICES = 1000


def time_indices(time: Tensor) -> Tensor:
    """Convert times from 0 to 1 to the integers that the network embeds."""
    return (time * _TIME_INDICES).round().long()


def interpolate(clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Compute where the paths from noise to motions are at some time.

    Args:
        clean: (batch, frames, features) clean motions.
        noise: (batch, frames, features) unit noise.
        time: (batch,) times from 0 to 1.

    Returns:
        Points (batch, frames, features) of the paths.
    """
    share = time.to(clean)[:, None, None]
    return (1 - share) * noise + share * clean


@torch.inference_mode()
def integrate(model: MDM, text: TextBatch, valid: Tensor, noise: NoiseSource, steps: int, guidance: float) -> Tensor:
    """Sample normalised features (batch, frames, 263) by the midpoint rule, with two evaluations per step.

    Args:
        model: network that predicts clean motions.
        text: encoded texts.
        valid: (batch, frames) bool, False past the end of a motion.
        noise: called once; returns noise on the device of the model.
        steps: integration steps.
        guidance: scale of classifier-free guidance.
    """
    x = noise()

    def velocity(x: Tensor, time: float) -> Tensor:
        indices = time_indices(torch.full((len(x),), time, device=x.device))
        return (predict_guided(model, x, indices, text, valid, guidance) - x) / (1 - time)

    for index in range(steps):
        start, length = index / steps, 1 / steps
        midpoint = x + length / 2 * velocity(x, start)
        x = x + length * velocity(midpoint, start + length / 2)
    return x
