"""A toy experiment that takes a moment, and randomness for toy models."""

from __future__ import annotations

from typing import Any

import numpy as np

TOY_RECIPE: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "generations": 6,
    "num_seeds": 4,
    "data": {"kind": "gaussian", "n": 20},
    "generator": {"kind": "gaussian"},
    "metrics": ["gaussian_w2"],
    "arms": [
        {"name": "synthetic", "strategy": "replace", "synthetic": 20},
        {"name": "half", "strategy": "augment", "synthetic": 20},
        {"name": "all", "strategy": "accumulate", "synthetic": 10, "growth": "linear"},
        {"name": "fixed", "strategy": "accumulate_fixed", "synthetic": 10},
    ],
    "checks": [
        {"kind": "ratio", "metric": "gaussian_w2", "arms": ["half"], "from": 3, "to": 6, "least": 0.0, "most": 99.0}
    ],
}

IMAGE_SETTINGS: dict[str, dict[str, Any]] = {
    "unet-diffusion": {"width": 8, "first_epochs": 2, "steps": 3, "times": 20},
    "unet-flow": {"width": 8, "first_epochs": 2, "steps": 3},
    "unet-edm": {"width": 8, "first_epochs": 2, "steps": 3},
    "wgan-gp": {"width": 4, "first_epochs": 2, "latent": 4},
}

IMAGE_RECIPE: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "paper": "none",
    "row": "none",
    "generations": 2,
    "num_seeds": 2,
    "samples": 20,
    "data": {"kind": "digits", "n": 64},
    "generator": {"kind": "wgan-gp", "settings": {**IMAGE_SETTINGS["wgan-gp"], "batch": 32}},
    "metrics": ["fid", "fid_100", "accuracy", "precision", "recall"],
    "arms": [
        {"name": "raw", "strategy": "augment", "synthetic": 20},
        {"name": "corrected", "strategy": "augment", "synthetic": 20, "corrector": "centroid"},
    ],
}


def rng_for(purpose: str) -> np.random.Generator:
    """Return a generator of random numbers that is the same for each purpose."""
    return np.random.default_rng(len(purpose))
