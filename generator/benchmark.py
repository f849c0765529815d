"""How fast the model samples and trains, beside the published procedure and beside its matrix products alone."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generator.benchmark_baseline import PublishedMDM, sample_as_published
from generator.diffusion.sampling import Denoising, Sampler, denoise, own_noise
from generator.generator import torch_device
from generator.model.guidance import TOGETHER
from generator.model.mdm import FEATURES, MDM, TEXT_DIM
from generator.text.text_batch import TextBatch
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingSet
from motion.errors import InvalidInput

PUBLISHED = {"layers": "8", "width": "512", "heads": "4", "ff": "1024", "mask_frames": "false"}
"""Settings of the published model."""
_FRAMES, _TRAINING_FRAMES = 196, 100
_STEPS, _FEW_STEPS, _GUIDANCE = 50, 10, 2.5
_TIMED_STEPS = 5  # of the 50 where a whole sampling would take minutes; each step is the same work


def bench(
    settings: Settings,
    device: str = "auto",
    threads: int = 0,
    batches: Sequence[int] = (1, 64),
    compiled: bool = False,
    rounds: int = 2,
) -> dict[str, Any]:
    """Seconds a motion of 196 frames, with guidance: as published, and as ours with all 50 steps and with 10 of
    DPM-Solver++, in float32 and bfloat16, the same weights for all; and training steps a second.

    Args:
        settings: of the model.
        device, threads: where it is computed.
        batches: motions sampled together.
        compiled: have our networks compiled by `torch.compile`; the published procedure stays as it is.
        rounds: of each the best of so many, which take turns.
    """
    if threads:
        torch.set_num_threads(threads)
    place = torch_device(device)
    for name in ("kind", "arch", "text_encoder"):
        if (chosen := getattr(settings, name)) != (published := getattr(Settings(), name)):
            raise InvalidInput.of(f"settings.{name}", f"is {chosen!r}; the published procedure has {published!r} alone")
    exact, published = _models(settings, place)
    rough = copy.deepcopy(exact).to(torch.bfloat16)
    if compiled:
        exact.compile()
        rough.compile()
    result: dict[str, Any] = {
        "device": str(place),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": sum(weight.numel() for weight in exact.parameters()),
        "compiled": compiled,
        "frames": _FRAMES,
        "train_steps_per_s": 1 / _best({"train": _training(settings, place)}, place, rounds)["train"],
    }
    for batch in batches:
        timed = _STEPS if batch == 1 else _TIMED_STEPS
        work = _sampling(exact, rough, published, batch, timed, place)
        work |= {f"{str(kind)[6:]}_products": _matrix_products(settings, _part(batch, place), kind, place)
                 for kind in (torch.float32, torch.bfloat16)}  # fmt: skip
        result[f"batch_{batch}"] = _row(_best(work, place, rounds), _STEPS / timed, batch, _part(batch, place))
    return result


def _part(batch: int, place: torch.device) -> int:
    """How many samples of a batch guidance computes together."""
    return min(batch, TOGETHER) if place.type == "cpu" else batch


def _sampling(
    exact: MDM, rough: MDM, published: PublishedMDM, batch: int, timed: int, place: torch.device
) -> dict[str, Callable[[], object]]:
    """Ways to sample a batch: ancestrally in `timed` steps, and in few."""
    text = torch.randn(batch, TEXT_DIM, generator=torch.Generator().manual_seed(0)).to(place)
    valid = torch.ones(batch, _FRAMES, dtype=torch.bool, device=place)
    noise = own_noise(range(batch), [_FRAMES] * batch, _FRAMES, place)

    def ours(model: MDM, steps: int, sampler: Sampler) -> Callable[[], object]:
        how = Denoising(_STEPS, steps, _GUIDANCE, sampler)
        return lambda: denoise(model, TextBatch.of_vectors(text), valid, noise, how)

    return {
        "published": lambda: sample_as_published(published, text, noise, _STEPS, timed, _GUIDANCE),
        "float32": ours(exact, timed, "ddpm"),
        "bfloat16": ours(rough, timed, "ddpm"),
        "float32_few": ours(exact, _FEW_STEPS, "dpm-solver++"),
        "bfloat16_few": ours(rough, _FEW_STEPS, "dpm-solver++"),
    }


def _row(seconds: dict[str, float], whole: float, batch: int, part: int) -> dict[str, float]:
    """Seconds a motion, and how many times faster than as published, from seconds a batch, of which all but those in
    few steps are `whole` times as many for the whole of a sampling; those of matrix products are of `part` motions."""
    published = seconds["published"] * whole / batch
    row = {"published_s": published}
    for kind in ("float32", "bfloat16"):
        steps, few = seconds[kind] * whole / batch, seconds[f"{kind}_few"] / batch
        products = seconds[f"{kind}_products"] / part
        row |= {
            f"{kind}_50_steps_s": steps,
            f"{kind}_50_steps_products_s": products * _STEPS,
            f"{kind}_50_steps_speedup": published / steps,
            f"{kind}_10_steps_s": few,
            f"{kind}_10_steps_speedup": published / few,
        }
    return row


def _models(settings: Settings, place: torch.device) -> tuple[MDM, PublishedMDM]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = MDM(settings.layers, settings.width, settings.heads, settings.ff, 0.0, settings.mask_frames)
    published = PublishedMDM(settings.layers, settings.width, settings.heads, settings.ff)
    published.load_state_dict(ours.state_dict())
    return ours.to(place).eval(), published.to(place).eval()


def _training(settings: Settings, place: torch.device) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    motions = [rng.standard_normal((_TRAINING_FRAMES, FEATURES)).astype(np.float32) for _ in range(settings.batch)]
    data = TrainingSet(motions, [[rng.standard_normal((1, TEXT_DIM)).astype(np.float32)] for _ in motions])
    return Trainer(_models(settings, place)[0], data, settings, steps=1000, seed=0, device=place).advance


def _matrix_products(settings: Settings, part: int, kind: torch.dtype, place: torch.device) -> Callable[[], object]:
    """All matrix products of one guided pass of `part` motions, and nothing else: what no arrangement of the rest can
    go below."""
    rows = 2 * part
    width, ff, heads, tokens = settings.width, settings.ff, settings.heads, _FRAMES + 1

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, device=place, dtype=kind)

    x, inner, features = drawn(rows * tokens, width), drawn(rows * tokens, ff), drawn(rows * _FRAMES, FEATURES)
    weights = [drawn(3 * width, width), drawn(width, width), drawn(ff, width)]
    back, begin, end = drawn(width, ff), drawn(width, FEATURES), drawn(FEATURES, width)
    query = drawn(rows * heads, tokens, width // heads)
    mixing = drawn(rows * heads, tokens, tokens)

    @torch.inference_mode()
    def run() -> None:
        functional.linear(features, begin)
        for _ in range(settings.layers):
            for weight in weights:
                functional.linear(x, weight)
            functional.linear(inner, back)
            torch.bmm(query, query.transpose(1, 2))
            torch.bmm(mixing, query)
        functional.linear(x, end)

    return run


def _best(work: dict[str, Callable[[], object]], place: torch.device, rounds: int) -> dict[str, float]:
    """Seconds of each, after one call that is not counted."""
    best = dict.fromkeys(work, np.inf)
    for round_ in range(rounds + 1):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            if place.type == "cuda":
                torch.cuda.synchronize()
            if round_ > 0:
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: float(value) for name, value in best.items()}
