"""What a classifier of a set's own images sees in them: the space that distances between sets of images are taken in.

A network in the manner of LeNet-5 (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998),
whose 84 features before the last layer are used, as by Alemohammad et al. and Gillman et al. on MNIST.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from loop_client.evaluation.embedding import one_thread

_FEATURES = 84
_EPOCHS, _BATCH, _RATE = 20, 64, 1e-3
_MOST = 12_000  # images that it is trained on
_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """A trained classifier."""

    body: nn.Module
    head: nn.Module
    shape: tuple[int, int, int]

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(n, 84) features of images (n, channels · height · width)."""
        return self._run(pixels)[0]

    def classes(self, pixels: np.ndarray) -> np.ndarray:
        """(n,) the class that each image is taken for."""
        return self._run(pixels)[1]

    def _run(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = torch.as_tensor(np.asarray(pixels, np.float32).reshape(-1, *self.shape))
        with one_thread(), torch.inference_mode():
            seen = torch.cat([self.body(part) for part in images.split(_AT_ONCE)])
            return seen.double().numpy(), self.head(seen).argmax(1).numpy()


def train_features(images: np.ndarray, classes: np.ndarray, count: int, seed: int = 0) -> ImageFeatures:
    """Train a classifier on images (n, channels, height, width) of `count` classes; equal ones give an equal one."""
    images, classes = images[:_MOST].astype(np.float32), classes[:_MOST]
    shape = images.shape[1:]
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        body = nn.Sequential(
            nn.Conv2d(shape[0], 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(16 * (shape[1] // 4) * (shape[2] // 4), 120), nn.ReLU(),
            nn.Linear(120, _FEATURES), nn.ReLU(),
        )  # fmt: skip
        head = nn.Linear(_FEATURES, count)
        optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], _RATE)
        for _ in range(_EPOCHS):
            for rows in np.array_split(rng.permutation(len(images)), max(1, len(images) // _BATCH)):
                said = head(body(torch.from_numpy(images[rows])))
                loss = functional.cross_entropy(said, torch.from_numpy(classes[rows]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return ImageFeatures(body.eval().requires_grad_(False), head.requires_grad_(False), shape)
