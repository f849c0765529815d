"""Speed of sampling and training, compared to the published procedure and to the matrix products alone."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generator.benchmark_baseline import PublishedMDM, sample_as_published
from generator.diffusion.sampling import DenoisingSettings, Sampler, denoise, per_sample_noise
from generator.model.guidance import CPU_CHUNK
from generator.model.mdm import FEATURES, MDM, TEXT_DIM
from generator.text.text_batch import TextBatch
from generator.torch_runtime import resolve_device, set_torch_threads
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingData
from motion.errors import InvalidInput
from motion.shell.tables import text_table

PUBLISHED_SETTINGS = {"layers": "8", "width": "512", "heads": "4", "ff": "1024", "mask_frames": "false"}
"""Settings of the published model."""
_TRAINING_WAYS: dict[str, dict[str, Any]] = {
    "train": {},
    "train_bfloat16": {"precision": "bfloat16"},
    "train_fused": {"fused": True},
    "train_bfloat16_fused": {"precision": "bfloat16", "fused": True},
}
"""Ways to take a training step, by what their rows begin with."""
_FRAMES, _TRAINING_FRAMES = 196, 100
_STEPS, _FEW_STEPS, _GUIDANCE = 50, 10, 2.5
_TIMED_STEPS = 5
"""Steps that are timed of the 50 if all would take minutes; every step is the same work."""


def run_benchmark(
    settings: Settings,
    device: str = "auto",
    threads: int = 0,
    batches: Sequence[int] = (1, 64),
    compiled: bool = False,
    rounds: int = 2,
) -> dict[str, Any]:
    """Measure seconds per motion of 196 frames with guidance, and training steps per second.

    Sampling is measured as published, and with our code in all 50 steps and in 10 steps of DPM-Solver++, in float32 and
    bfloat16. All use the same untrained weights. Training steps are measured in both precisions, with and without a
    fused optimizer.

    Args:
        settings: settings of the model.
        device: name of the device.
        threads: CPU threads of torch; 0 for half of the usable cores.
        batches: batch sizes.
        compiled: compile our networks with `torch.compile`; the published procedure is never compiled.
        rounds: repetitions, of which the fastest counts. The procedures take turns.

    Returns:
        A document for JSON: the machine, and a table for each batch size.

    Raises:
        InvalidInput: if the device is invalid, or the published procedure does not have such a model.
    """
    set_torch_threads(threads)
    torch_device = resolve_device(device)
    for name in ("kind", "arch", "text_encoder"):
        if (chosen := getattr(settings, name)) != (published := getattr(Settings(), name)):
            raise InvalidInput.of(f"settings.{name}", f"is {chosen!r}; must be {published!r}, as published")
    exact, published = _make_models(settings, torch_device)
    rough = copy.deepcopy(exact).to(torch.bfloat16)
    if compiled:
        exact.compile()
        rough.compile()
    training = {
        name: _training_step(replace(settings, **change), torch_device) for name, change in _TRAINING_WAYS.items()
    }
    training_seconds = _time_fastest(training, torch_device, rounds)
    result: dict[str, Any] = {
        "device": str(torch_device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": sum(weight.numel() for weight in exact.parameters()),
        "compiled": compiled,
        "frames": _FRAMES,
        **{f"{name}_steps_per_s": 1 / seconds for name, seconds in training_seconds.items()},
    }
    for batch in batches:
        timed_steps = _STEPS if batch == 1 else _TIMED_STEPS
        chunk = min(batch, CPU_CHUNK) if torch_device.type == "cpu" else batch
        work = _sampling_procedures(exact, rough, published, batch, timed_steps, torch_device)
        for dtype in (torch.float32, torch.bfloat16):
            work[f"{str(dtype)[6:]}_products"] = _matrix_products(settings, chunk, dtype, torch_device)
        seconds = _time_fastest(work, torch_device, rounds)
        result[f"batch_{batch}"] = _seconds_per_motion(seconds, _STEPS / timed_steps, batch, chunk)
    return result


def benchmark_tables(result: Mapping[str, Any]) -> str:
    """Format the document of `run_benchmark` for a terminal."""
    batches = {name: values for name, values in result.items() if isinstance(values, Mapping)}
    machine = [(name, _format(value)) for name, value in result.items() if name not in batches]
    rows = [(key, *(_format(values[key]) for values in batches.values())) for key in next(iter(batches.values()), {})]
    return "\n\n".join((text_table(("quantity", "value"), machine), text_table(("quantity", *batches), rows)))


def _format(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sampling_procedures(
    exact: MDM, rough: MDM, published: PublishedMDM, batch: int, timed_steps: int, device: torch.device
) -> dict[str, Callable[[], object]]:
    """Return functions that sample a batch, ancestrally in `timed_steps` steps or in few steps."""
    text = torch.randn(batch, TEXT_DIM, generator=torch.Generator().manual_seed(0)).to(device)
    valid = torch.ones(batch, _FRAMES, dtype=torch.bool, device=device)
    noise = per_sample_noise(range(batch), [_FRAMES] * batch, _FRAMES, device)

    def ours(model: MDM, steps: int, sampler: Sampler) -> Callable[[], object]:
        settings = DenoisingSettings(_STEPS, steps, _GUIDANCE, sampler)
        return lambda: denoise(model, TextBatch.from_vectors(text), valid, noise, settings)

    return {
        "published": lambda: sample_as_published(published, text, noise, _STEPS, timed_steps, _GUIDANCE),
        "float32": ours(exact, timed_steps, "ddpm"),
        "bfloat16": ours(rough, timed_steps, "ddpm"),
        "float32_few": ours(exact, _FEW_STEPS, "dpm-solver++"),
        "bfloat16_few": ours(rough, _FEW_STEPS, "dpm-solver++"),
    }


def _seconds_per_motion(seconds: Mapping[str, float], scale: float, batch: int, chunk: int) -> dict[str, float]:
    """Compute seconds per motion and speed-ups over the published procedure.

    Args:
        seconds: measured seconds of each procedure.
        scale: 50 over the steps that were timed; applies to all procedures but those in few steps.
        batch: motions that were sampled.
        chunk: motions whose matrix products were timed.
    """
    published = seconds["published"] * scale / batch
    row = {"published_s": published}
    for dtype in ("float32", "bfloat16"):
        all_steps, few_steps = seconds[dtype] * scale / batch, seconds[f"{dtype}_few"] / batch
        products = seconds[f"{dtype}_products"] / chunk
        row |= {
            f"{dtype}_50_steps_s": all_steps,
            f"{dtype}_50_steps_products_s": products * _STEPS,
            f"{dtype}_50_steps_speedup": published / all_steps,
            f"{dtype}_10_steps_s": few_steps,
            f"{dtype}_10_steps_speedup": published / few_steps,
        }
    return row


def _make_models(settings: Settings, device: torch.device) -> tuple[MDM, PublishedMDM]:
    """Build our network and the published one, with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = MDM(settings.layers, settings.width, settings.heads, settings.ff, 0.0, settings.mask_frames)
    published = PublishedMDM(settings.layers, settings.width, settings.heads, settings.ff)
    published.load_state_dict(ours.state_dict())
    return ours.to(device).eval(), published.to(device).eval()


def _training_step(settings: Settings, device: torch.device) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    motions = [rng.standard_normal((_TRAINING_FRAMES, FEATURES)).astype(np.float32) for _ in range(settings.batch)]
    data = TrainingData(motions, [[rng.standard_normal((1, TEXT_DIM)).astype(np.float32)] for _ in motions])
    return Trainer(_make_models(settings, device)[0], data, settings, steps=1000, seed=0, device=device).advance


def _matrix_products(settings: Settings, chunk: int, dtype: torch.dtype, device: torch.device) -> Callable[[], object]:
    """Return a function that computes only the matrix products of one guided pass of `chunk` motions.

    This is a lower bound for any implementation of the rest.
    """
    rows = 2 * chunk
    width, ff, heads, tokens = settings.width, settings.ff, settings.heads, _FRAMES + 1

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, dtype=dtype)

    x, hidden, features = drawn(rows * tokens, width), drawn(rows * tokens, ff), drawn(rows * _FRAMES, FEATURES)
    weights = [drawn(3 * width, width), drawn(width, width), drawn(ff, width)]
    ff_output, pose_input, pose_output = drawn(width, ff), drawn(width, FEATURES), drawn(FEATURES, width)
    query = drawn(rows * heads, tokens, width // heads)
    attention = drawn(rows * heads, tokens, tokens)

    @torch.inference_mode()
    def run() -> None:
        functional.linear(features, pose_input)
        for _ in range(settings.layers):
            for weight in weights:
                functional.linear(x, weight)
            functional.linear(hidden, ff_output)
            torch.bmm(query, query.transpose(1, 2))
            torch.bmm(attention, query)
        functional.linear(x, pose_output)

    return run


def _time_fastest(work: Mapping[str, Callable[[], object]], device: torch.device, rounds: int) -> dict[str, float]:
    """Return the fewest seconds of each function, after one call that is not counted."""
    fastest = dict.fromkeys(work, float("inf"))
    for round_number in range(rounds + 1):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if round_number > 0:
                fastest[name] = min(fastest[name], time.perf_counter() - start)
    return fastest
