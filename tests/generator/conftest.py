"""A model that trains in milliseconds, and motions to train it on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generator.generator import DiffusionGenerator
from generator.training.settings import Settings
from motion.motion_set import MotionSet
from motion.synthesis import synthesize


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    """Use one thread of torch: more of them spin while they wait for cores that other programs have."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def motions() -> MotionSet:
    return synthesize(6, seed=0)


@pytest.fixture(scope="session")
def tiny() -> Settings:
    return Settings(layers=1, width=16, heads=2, ff=32, dropout=0.1, diffusion_steps=8, batch=3, warmup=2)


@pytest.fixture
def generator(tmp_path: Path, tiny: Settings) -> DiffusionGenerator:
    return DiffusionGenerator(tmp_path / "store", device="cpu", settings=tiny)
