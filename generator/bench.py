"""How fast the model trains and samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from generator.diffusion_generator import torch_device
from generator.mdm import FEATURES, MDM, TEXT_DIM
from generator.sampling import Denoising, denoise, own_noise
from generator.settings import Settings
from generator.text_batch import TextBatch
from generator.training import Trainer, TrainingSet

_FRAMES = 196
_TRAINING_FRAMES = 100
_FEW_STEPS = 10


def bench(settings: Settings, device: str = "auto", threads: int = 0, rounds: int = 3) -> dict[str, Any]:
    """Training steps a second, and seconds a motion of 196 frames, guided: with all steps of the process and with
    10 of DPM-Solver++; each the best of `rounds`, which take turns."""
    if threads:
        torch.set_num_threads(threads)
    place = torch_device(device)
    rng = np.random.default_rng(0)
    motions = [rng.standard_normal((_TRAINING_FRAMES, FEATURES)).astype(np.float32) for _ in range(settings.batch)]
    data = TrainingSet(motions, [[rng.standard_normal((1, TEXT_DIM)).astype(np.float32)] for _ in motions])
    trainer = Trainer(_model(settings), data, settings, steps=1000, seed=0, device=place)
    model = _model(settings).to(place).eval()

    def sampled(count: int, steps: int) -> None:
        valid = torch.ones(count, _FRAMES, dtype=torch.bool, device=place)
        noise = own_noise(range(count), [_FRAMES] * count, _FRAMES, place)
        text = TextBatch.of_vectors(torch.zeros(count, TEXT_DIM, device=place))
        denoise(model, text, valid, noise, Denoising(settings.diffusion_steps, steps, guidance=2.5))

    full, few = settings.diffusion_steps, min(_FEW_STEPS, settings.diffusion_steps)
    work: dict[str, tuple[Callable[[], object], int]] = {
        "train": (lambda: [trainer.advance() for _ in range(5)], 5),
        **{f"{count}x{steps}": (lambda count=count, steps=steps: sampled(count, steps), count)
           for count in (1, 16) for steps in (full, few)},
    }  # fmt: skip
    best = dict.fromkeys(work, np.inf)
    for _ in range(rounds):
        for name, (run, units) in work.items():
            start = time.perf_counter()
            run()
            if place.type == "cuda":
                torch.cuda.synchronize()
            best[name] = min(best[name], (time.perf_counter() - start) / units)
    return {
        "device": str(place),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        f"train_steps_per_s_batch_{settings.batch}": 1 / best["train"],
        f"seconds_per_motion_{full}_steps_batch_1": best[f"1x{full}"],
        f"seconds_per_motion_{full}_steps_batch_16": best[f"16x{full}"],
        f"seconds_per_motion_{few}_steps_batch_1": best[f"1x{few}"],
        f"seconds_per_motion_{few}_steps_batch_16": best[f"16x{few}"],
    }


def _model(settings: Settings) -> MDM:
    return MDM(settings.layers, settings.width, settings.heads, settings.ff, settings.dropout, settings.mask_frames)
