"""Flow matching: straight paths, exact integration of velocities that are linear in time, and training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generator.diffusion.flow import integrate, interpolate, time_indices
from generator.model.mdm import FEATURES, TEXT_DIM
from generator.text.text_batch import TextBatch
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingData
from motion.errors import InvalidInput

TEXT, VALID = TextBatch.from_vectors(torch.zeros(2, TEXT_DIM)), torch.ones(2, 8, dtype=torch.bool)


def test_paths_from_noise_to_motion_are_straight() -> None:
    clean, noise = torch.randn(2, 8, FEATURES), torch.randn(2, 8, FEATURES)
    for time, wanted in ((0.0, noise), (1.0, clean), (0.25, 0.75 * noise + 0.25 * clean)):
        torch.testing.assert_close(interpolate(clean, noise, torch.full((2,), time)), wanted)
    assert time_indices(torch.tensor([0.0, 0.5, 1.0])).tolist() == [0, 500, 1000]


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_a_velocity_that_is_linear_in_time_is_integrated_exactly(steps: int) -> None:
    start = torch.randn(2, 8, FEATURES)

    def model(x, time, text, valid):
        share = (time.float() / 1000)[:, None, None]
        return x + (1 - share) * 2 * share

    end = integrate(model, TEXT, VALID, lambda: start, steps, guidance=1.0)  # pyright: ignore
    torch.testing.assert_close(end, start + 1, atol=3e-3, rtol=0)


def test_guidance_scales_the_velocity_of_a_flow() -> None:
    def model(x, time, text, valid):
        return x + (1 - time.float()[:, None, None] / 1000) * text.tokens[:, :, :1]

    text = TextBatch.from_vectors(torch.ones(2, TEXT_DIM))
    for guidance, wanted in ((1.0, 1.0), (2.5, 2.5)):
        end = integrate(model, text, VALID, lambda: torch.zeros(2, 8, FEATURES), 4, guidance)  # pyright: ignore
        torch.testing.assert_close(end, torch.full_like(end, wanted))


def test_training_a_flow_reduces_its_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    motion = torch.randn(24, FEATURES, generator=generator).numpy()
    settings = Settings(kind="flow", layers=1, width=32, heads=2, ff=32, batch=8, lr=1e-2, warmup=1, cond_drop=0.0)
    from generator.training.checkpoint import initialize_model

    data = TrainingData([motion] * 8, [[torch.zeros(1, TEXT_DIM).numpy()]] * 8)
    trainer = Trainer(initialize_model(settings, 0), data, settings, 50, 0, torch.device("cpu"))
    losses = [trainer.advance() for _ in range(50)]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


def test_an_unknown_kind_of_model_is_refused() -> None:
    with pytest.raises(InvalidInput, match="diffusion, flow"):
        replace(Settings(), kind="wish")
