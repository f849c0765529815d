"""Training in parts of a batch and in several processes: the same steps, whoever computes them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from generator.generator import DiffusionGenerator
from generator.training.checkpoint import WEIGHTS, initialize_model, read_checkpoint
from generator.training.data_parallel import ProcessGroup, local_device_name, process_group
from generator.training.settings import Settings
from generator.training.trainer import Trainer
from generator.training.training_run import prepare_training_data
from motion.errors import InvalidInput
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet
from motion.protocols import FitProgress

STEPS = 4
SETTINGS = {"batch": "5", "dropout": "0.1", "velocity_weight": "1"}


def trained(generator: DiffusionGenerator, root: Path, motions: MotionSet, **settings: str) -> dict[str, torch.Tensor]:
    identity = generator.fit(generator.upload(motions), "", STEPS, 3, SETTINGS | settings)
    return read_checkpoint(root / "store" / "checkpoints" / identity).weights


def test_the_parts_of_a_batch_make_nearly_the_step_of_the_whole(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet
) -> None:
    whole = trained(generator, tmp_path, motions, dropout="0")
    for shards in ("2", "5"):
        parts = trained(generator, tmp_path, motions, dropout="0", shards=shards)
        for name, weight in whole.items():
            np.testing.assert_allclose(parts[name], weight, atol=2e-5, err_msg=name)
        assert any(not torch.equal(parts[name], whole[name]) for name in whole)


def test_the_loss_of_a_batch_in_parts_is_that_of_the_whole(generator: DiffusionGenerator, motions: MotionSet) -> None:
    dataset, losses = generator.upload(motions), dict[str, list[float]]()
    for shards in ("1", "2", "5"):
        lines: list[FitProgress] = []
        settings = {"batch": "5", "dropout": "0", "shards": shards}
        generator.fit(dataset, "", STEPS, 3, settings, lines.append)
        losses[shards] = [line.loss for line in lines]
    np.testing.assert_allclose(losses["2"], losses["1"], rtol=1e-4)
    np.testing.assert_allclose(losses["5"], losses["1"], rtol=1e-4)


@pytest.mark.parametrize("settings", [{"shards": "3"}, {"fused": "true"}, {"precision": "bfloat16"}])
def test_an_interrupted_run_ends_in_the_same_weights_with_every_way_to_take_a_step(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet, settings: dict[str, str]
) -> None:
    def stop(line: FitProgress) -> None:
        if line.step == 2:
            raise KeyboardInterrupt

    dataset = generator.upload(motions)
    with pytest.raises(KeyboardInterrupt):
        generator.fit(dataset, "", STEPS, 3, SETTINGS | settings, stop)
    identity = generator.fit(dataset, "", STEPS, 3, SETTINGS | settings)
    other = DiffusionGenerator(tmp_path / "other" / "store", device="cpu", settings=generator._settings)
    other.upload(motions)
    assert other.fit(dataset, "", STEPS, 3, SETTINGS | settings) == identity
    cut, whole = (root / "store" / "checkpoints" / identity / WEIGHTS for root in (tmp_path, tmp_path / "other"))
    assert cut.read_bytes() == whole.read_bytes()


def test_a_fused_update_is_nearly_the_plain_one(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet
) -> None:
    plain, fused = (trained(generator, tmp_path, motions, fused=fused) for fused in ("false", "true"))
    for name, weight in plain.items():
        np.testing.assert_allclose(fused[name], weight, atol=1e-5, err_msg=name)


class Threads(ProcessGroup):
    """Two threads in place of two processes."""

    barrier = threading.Barrier(2)
    given: ClassVar[dict[int, torch.Tensor]] = {}

    def gather(self, values: torch.Tensor) -> list[torch.Tensor]:
        self.given[self.rank] = values
        self.barrier.wait(60)
        gathered = [self.given[rank] for rank in range(self.count)]
        self.barrier.wait(60)
        return gathered


def test_processes_that_share_the_shards_take_the_steps_of_one(tiny: Settings, motions: MotionSet) -> None:
    settings = replace(tiny, batch=5, shards=4, dropout=0.0)
    data = prepare_training_data(motions, settings, None)[1]

    def trainer(group: ProcessGroup) -> Trainer:
        return Trainer(initialize_model(settings, 3), data, settings, STEPS, 3, torch.device("cpu"), group)

    def train(trainer: Trainer) -> tuple[list[float], dict[str, torch.Tensor]]:
        return [trainer.advance() for _ in range(STEPS)], trainer.state()

    losses, state = train(trainer(ProcessGroup()))
    # Initial weights are drawn by torch's global generator, which threads share: before they start.
    both = [trainer(Threads(rank, 2)) for rank in range(2)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(train, both))
    for other_losses, other_state in results:
        assert other_losses == losses
        assert all(torch.equal(other_state[name], state[name]) for name in state)


@pytest.mark.slow
def test_two_processes_train_the_same_bytes_as_one(
    generator: DiffusionGenerator, tmp_path: Path, motions: MotionSet
) -> None:
    write_packed(tmp_path / "motions", motions)
    ours = generator._settings.to_json()
    model = {name: str(ours[name]) for name in ("layers", "width", "heads", "ff", "diffusion_steps", "warmup")}
    settings = SETTINGS | model | {"shards": "4"}
    identity = generator.fit(generator.upload(motions), "", STEPS, 3, settings)
    arguments = [
        "-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={_free_port()}", "-m", "generator",
        "train", str(tmp_path / "motions.npz"), "--steps", str(STEPS), "--seed", "3", "--device", "cpu",
        "--store", str(tmp_path / "both"), "--set", *(f"{name}={value}" for name, value in settings.items()),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.split() == [identity]  # one of the processes says it
    one, both = (tmp_path / name / "checkpoints" / identity / WEIGHTS for name in ("store", "both"))
    assert both.read_bytes() == one.read_bytes()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_shards_that_processes_cannot_share_are_refused() -> None:
    ProcessGroup(1, 2).check_shards(4)
    with pytest.raises(InvalidInput, match=r"settings\.shards: is 3; must be a multiple of the 2 processes"):
        ProcessGroup(0, 2).check_shards(3)


def test_a_process_that_was_not_started_by_torchrun_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    group = process_group(torch.device("cpu"))
    assert group == ProcessGroup(0, 1) and group.is_main
    assert [part.tolist() for part in group.gather(torch.ones(2))] == [[1.0, 1.0]]
    assert local_device_name("cuda") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device_name("cuda") == "cuda:3" and local_device_name("cpu") == "cpu"
