"""How much memory a training run needs, so that one that cannot fit is refused before it takes any."""

from __future__ import annotations

import torch

from generator.model.mdm import FEATURES, TEXT_DIM
from generator.torch_runtime import free_memory
from generator.training.batching import padded_length
from generator.training.settings import Settings
from motion.errors import InvalidInput

_BYTES = 4
_COPIES_OF_WEIGHTS = 5  # weights, gradients, two moments of Adam, the moving average
_WIDTHS_PER_TOKEN, _FF_PER_TOKEN = 12, 3  # values that a layer keeps of each token for its backward pass
_GIGABYTE = 2**30


def parameter_count(settings: Settings, text_dim: int = TEXT_DIM) -> int:
    """Compute the number of weights of a network without building it.

    Args:
        settings: settings of the network.
        text_dim: size of a text's vectors.
    """
    width, ff = settings.width, settings.ff
    attention = 4 * width * (width + 1)
    attentions, norms = (1, 2) if settings.arch == "trans_enc" else (2, 3)
    layer = attentions * attention + (width + 1) * ff + (ff + 1) * width + norms * 2 * width
    embeddings = (FEATURES + 1) * width + 2 * (width + 1) * width + (text_dim + 1) * width
    return settings.layers * layer + embeddings + (width + 1) * FEATURES


def training_bytes(settings: Settings, text_dim: int = TEXT_DIM) -> tuple[int, int]:
    """Estimate the memory of a training run on motions of `max_frames`.

    Args:
        settings: settings of the model and its training.
        text_dim: size of a text's vectors.

    Returns:
        Bytes of the weights with all that there is one of for each weight, and bytes of what a batch needs.
    """
    tokens = padded_length(settings.max_frames) + 1
    per_token = settings.layers * (_WIDTHS_PER_TOKEN * settings.width + _FF_PER_TOKEN * settings.ff) + 6 * FEATURES
    attention = settings.layers * settings.heads * tokens
    rows = -(-settings.batch // settings.shards)
    batch = rows * tokens * (per_token + attention) + settings.batch * tokens * FEATURES
    return _COPIES_OF_WEIGHTS * _BYTES * parameter_count(settings, text_dim), _BYTES * batch


def check_training_memory(settings: Settings, device: torch.device, free: int | None = None) -> None:
    """Check that a training run fits into the memory that is free.

    The estimate is one for the longest motions that the settings allow; shorter ones need less.

    Args:
        settings: settings of the model and its training.
        device: where to train.
        free: bytes that are free; None to ask the device.

    Raises:
        InvalidInput: on the setting that should be smaller.
    """
    free = free_memory(device) if free is None else free
    weights, batch = training_bytes(settings)
    if weights + batch <= free:
        return
    # Layers multiply everything, width the rest; a batch can be cut without another model.
    if weights <= free / 2:
        name = "batch" if settings.batch > 1 else "max_frames"
    else:
        name = "layers" if settings.layers > settings.width else "width"
    needed = f"about {(weights + batch) / _GIGABYTE:.3g} GB, of which {free / _GIGABYTE:.3g} GB are free"
    raise InvalidInput.of(
        f"settings.{name}", f"is {getattr(settings, name)}; training would take {needed}: must be smaller"
    )
