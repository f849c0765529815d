"""Seeds for everything random in a run, each from its own stream."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Purpose = Literal["subset", "mixture", "prompts", "noise", "strength", "correction", "fit", "evaluation"]
"""What a seed is for; `fit` is the training. Seeds are hashed from these words, so none of them may be renamed."""


def derive_seed(seed: int, generation: int, purpose: Purpose) -> int:
    """Derive the seed for one purpose in one generation of a run.

    Distinct arguments give unrelated seeds, so that no generation sees the noise of another. The published code seeds
    every generation alike and so trains on the same noise fifty times over. The arm is not among the arguments: arms
    are compared on the same prompts and noise.

    Args:
        seed: the seed of the run.
        generation: the generation, from 0.
        purpose: what the seed is for.

    Returns:
        A number from 0 to 2^31 - 1.
    """
    digest = hashlib.blake2b(f"{seed}/{generation}/{purpose}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") >> 1


def derive_rng(seed: int, generation: int, purpose: Purpose) -> np.random.Generator:
    """Return a random generator that is seeded with `derive_seed` of the same arguments."""
    return np.random.default_rng(derive_seed(seed, generation, purpose))
