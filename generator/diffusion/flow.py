"""Flow matching: straight ways from noise to motion, and a network that says where each ends.

Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023, with conditional optimal-transport paths (their
equation 22 with sigma_min = 0): at time t, from 0 to 1, a motion x on its way from noise e is z = (1 - t) e + t x, and
its velocity is x - e. Sampling integrates that velocity from noise on.

The network says the end of the way, x, from which the velocity follows as (x - z) / (1 - t). Asked for the velocity
itself it would have to repeat the noise, 263 numbers a frame, which do not pass through a narrower network: one of
width 128 shook at 3200 m/s³.
"""

from __future__ import annotations

import torch
from torch import Tensor

from generator.diffusion.sampling import Noise
from generator.model.guidance import guided
from generator.model.mdm import MDM
from generator.text.text_batch import TextBatch

STEPS = 10
"""Of integration, where a request names none: more change little."""
MOST_STEPS = 1000
_TICKS = 1000  # time as the network is told it, an index


def ticks(time: Tensor) -> Tensor:
    """Times from 0 to 1 as the integers that the network embeds."""
    return (time * _TICKS).round().long()


def on_the_way(clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Where motions (batch, frames, features) are at times (batch,) from 0 to 1, coming from unit noise."""
    share = time.to(clean)[:, None, None]
    return (1 - share) * noise + share * clean


@torch.inference_mode()
def integrate(model: MDM, text: TextBatch, valid: Tensor, noise: Noise, steps: int, guidance: float) -> Tensor:
    """Normalised features (batch, frames, 263), by the midpoint rule: two evaluations a step.

    Args:
        model: which says clean motions.
        text: what the motions are to show.
        valid: (batch, frames) bool.
        noise: asked once; on the device of the model.
        steps: of integration.
        guidance: scale of classifier-free guidance.
    """
    x = noise()

    def velocity(x: Tensor, time: float) -> Tensor:
        told = ticks(torch.full((len(x),), time, device=x.device))
        return (guided(model, x, told, text, valid, guidance) - x) / (1 - time)

    for index in range(steps):
        start, length = index / steps, 1 / steps
        halfway = x + length / 2 * velocity(x, start)
        x = x + length * velocity(halfway, start + length / 2)
    return x
