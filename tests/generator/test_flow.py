"""Laws of flow matching: straight ways, an integration that is exact where the velocity is, and a fit that learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generator.diffusion.flow import integrate, on_the_way, ticks
from generator.model.mdm import FEATURES, TEXT_DIM
from generator.text.text_batch import TextBatch
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingSet
from motion.errors import InvalidInput

TEXT, VALID = TextBatch.of_vectors(torch.zeros(2, TEXT_DIM)), torch.ones(2, 8, dtype=torch.bool)


def test_ways_are_straight() -> None:
    clean, noise = torch.randn(2, 8, FEATURES), torch.randn(2, 8, FEATURES)
    for time, wanted in ((0.0, noise), (1.0, clean), (0.25, 0.75 * noise + 0.25 * clean)):
        torch.testing.assert_close(on_the_way(clean, noise, torch.full((2,), time)), wanted)
    assert ticks(torch.tensor([0.0, 0.5, 1.0])).tolist() == [0, 500, 1000]


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_a_velocity_that_is_linear_in_time_is_integrated_exactly(steps: int) -> None:
    start = torch.randn(2, 8, FEATURES)

    def model(x, time, text, valid):
        share = (time.float() / 1000)[:, None, None]
        return x + (1 - share) * 2 * share

    end = integrate(model, TEXT, VALID, lambda: start, steps, guidance=1.0)  # pyright: ignore
    torch.testing.assert_close(end, start + 1, atol=3e-3, rtol=0)


def test_guidance_goes_further_the_texts_way() -> None:
    def model(x, time, text, valid):
        return x + (1 - time.float()[:, None, None] / 1000) * text.tokens[:, :, :1]

    text = TextBatch.of_vectors(torch.ones(2, TEXT_DIM))
    for guidance, wanted in ((1.0, 1.0), (2.5, 2.5)):
        end = integrate(model, text, VALID, lambda: torch.zeros(2, 8, FEATURES), 4, guidance)  # pyright: ignore
        torch.testing.assert_close(end, torch.full_like(end, wanted))


def test_a_flow_learns() -> None:
    generator = torch.Generator().manual_seed(0)
    motion = torch.randn(24, FEATURES, generator=generator).numpy()
    settings = Settings(kind="flow", layers=1, width=32, heads=2, ff=32, batch=8, lr=3e-3, warmup=1, cond_drop=0.0)
    from generator.training.checkpoint import new_model

    data = TrainingSet([motion] * 8, [[torch.zeros(1, TEXT_DIM).numpy()]] * 8)
    trainer = Trainer(new_model(settings, 0), data, settings, 150, 0, torch.device("cpu"))
    losses = [trainer.advance() for _ in range(150)]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="diffusion, flow"):
        replace(Settings(), kind="wish")
