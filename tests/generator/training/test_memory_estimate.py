"""The estimate of a training run's memory, and the refusal of one that does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generator.generator import DiffusionGenerator
from generator.training.checkpoint import build_model
from generator.training.memory_estimate import check_training_memory, parameter_count, training_bytes
from generator.training.settings import Settings
from motion.errors import InvalidInput
from motion.motion_set import MotionSet

CPU = torch.device("cpu")
PUBLISHED = Settings(layers=8, width=512, ff=1024, batch=64)


@pytest.mark.parametrize("arch", ["trans_enc", "trans_dec", "trans_dec_emb"])
def test_the_number_of_weights_is_that_of_the_network(arch: str) -> None:
    settings = Settings(layers=2, width=32, heads=2, ff=48, arch=arch)
    assert parameter_count(settings) == sum(weight.numel() for weight in build_model(settings).parameters())


def test_the_estimate_grows_with_the_model_and_the_batch_and_falls_with_shards() -> None:
    weights, batch = training_bytes(PUBLISHED)
    assert training_bytes(replace(PUBLISHED, batch=128)) == (weights, 2 * batch)
    assert training_bytes(replace(PUBLISHED, layers=16))[0] > 1.9 * weights
    assert training_bytes(replace(PUBLISHED, shards=8))[1] < 0.2 * batch


def test_a_run_that_does_not_fit_is_refused_by_what_takes_the_memory() -> None:
    check_training_memory(PUBLISHED, CPU, free=16 * 2**30)
    for change, field in (
        ({"batch": 4096}, "batch: is 4096; training would take about 2"),
        ({"width": 8192, "heads": 8}, "width: is 8192"),
        ({"layers": 128, "width": 64, "ff": 65536}, "layers: is 128"),
    ):
        with pytest.raises(InvalidInput, match=rf"settings\.{field}.* GB.*must be smaller"):
            check_training_memory(replace(PUBLISHED, **change), CPU, free=1 * 2**30 if "batch" not in change else 2**34)


def test_a_model_that_does_not_fit_is_refused_before_anything_of_it_is_built(
    generator: DiffusionGenerator, motions: MotionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = generator.upload(motions)
    monkeypatch.setattr("generator.generator.train", lambda *_: pytest.fail("the training must not begin"))
    monkeypatch.setattr("generator.training.memory_estimate.free_memory", lambda _: 2**30)
    with pytest.raises(InvalidInput, match=r"settings\.batch: is 16384; training would take about .* GB"):
        generator.fit(dataset, "", 1, settings={"batch": "16384", "width": "512", "layers": "8"})
