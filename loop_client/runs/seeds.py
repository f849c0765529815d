"""Seeds for everything random in a run, each from its own stream."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Purpose = Literal["subset", "mixture", "prompts", "noise", "strength", "correction", "fit", "evaluation"]


def derived_seed(seed: int, generation: int, purpose: Purpose) -> int:
    """The seed for one purpose in one generation of the run with `seed`: a number from 0 to 2^31 - 1.

    Distinct arguments give unrelated seeds, so no generation sees the noise of another: the published code re-seeds
    each generation alike, and so trains on the same noise fifty times over. The arm is not among the arguments: arms
    are compared on the same prompts and noise.
    """
    digest = hashlib.blake2b(f"{seed}/{generation}/{purpose}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") >> 1


def derived_generator(seed: int, generation: int, purpose: Purpose) -> np.random.Generator:
    """A random generator seeded with `derived_seed`."""
    return np.random.default_rng(derived_seed(seed, generation, purpose))
