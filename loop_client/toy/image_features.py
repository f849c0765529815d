"""Features of a classifier of a set's own images, the space in which sets of images are compared.

The network resembles LeNet-5 (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998). Its 84
features before the last layer are used, as by Alemohammad et al. and Gillman et al. on MNIST.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from loop_client.evaluation.torch_threads import single_threaded_torch

_FEATURES = 84
_EPOCHS, _BATCH, _RATE = 20, 64, 1e-3
_MAX_IMAGES = 12_000  # to train on
_CHUNK = 1024  # images evaluated at once


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """A trained classifier of images.

    Attributes:
        body: maps images to features.
        head: maps features to logits of the classes.
        shape: channels, height and width of the images.
    """

    body: nn.Module
    head: nn.Module
    shape: tuple[int, int, int]

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Compute features (n, 84) of images (n, channels · height · width)."""
        return self._run(pixels)[0]

    def classes(self, pixels: np.ndarray) -> np.ndarray:
        """Classify images (n, channels · height · width); the classes (n,)."""
        return self._run(pixels)[1]

    def _run(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = torch.as_tensor(np.asarray(pixels, np.float32).reshape(-1, *self.shape))
        with single_threaded_torch(), torch.inference_mode():
            features = torch.cat([self.body(chunk) for chunk in images.split(_CHUNK)])
            return features.double().numpy(), self.head(features).argmax(1).numpy()


def train_features(
    images: np.ndarray, classes: np.ndarray, count: int, seed: int = 0, steps: int | None = None
) -> ImageFeatures:
    """Train a classifier; equal arguments give an equal one.

    Args:
        images: (n, channels, height, width), of which at most 12,000 are used.
        classes: (n,) their classes, from 0.
        count: number of classes.
        seed: of the weights and the order of batches.
        steps: of training, on 64 images each; None for 20 epochs.
    """
    images, classes = images[:_MAX_IMAGES].astype(np.float32), classes[:_MAX_IMAGES]
    shape = images.shape[1:]
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]), single_threaded_torch():
        torch.manual_seed(seed)
        body = nn.Sequential(
            nn.Conv2d(shape[0], 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(16 * (shape[1] // 4) * (shape[2] // 4), 120), nn.ReLU(),
            nn.Linear(120, _FEATURES), nn.ReLU(),
        )  # fmt: skip
        head = nn.Linear(_FEATURES, count)
        optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], _RATE)
        batches = max(1, len(images) // _BATCH)
        steps = _EPOCHS * batches if steps is None else steps
        for rows in itertools.islice(_row_batches(len(images), batches, rng), steps):
            logits = head(body(torch.from_numpy(images[rows])))
            loss = functional.cross_entropy(logits, torch.from_numpy(classes[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return ImageFeatures(body.eval().requires_grad_(False), head.requires_grad_(False), shape)


def _row_batches(n: int, batches: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the rows of each batch, epoch by epoch, without end."""
    while True:
        yield from np.array_split(rng.permutation(n), batches)
