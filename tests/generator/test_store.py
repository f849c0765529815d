"""The store of data sets and checkpoints: damage heals, and what cannot be written is found out before the work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from generator.generator import DiffusionGenerator
from generator.training.checkpoint import CARD, WEIGHTS, read_checkpoint, write_checkpoint
from motion.errors import InvalidInput, NotFound
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, SampleOptions

STEPS = 4


class Interrupted(Exception):
    """Raised by a progress callback to interrupt its training run."""


def flip_bit(path: Path, after: bytes = b"") -> None:
    """Change one bit of a file: of the byte after a text, or of one in its second half."""
    content = bytearray(path.read_bytes())
    content[content.index(after) + len(after) if after else int(0.7 * len(content))] ^= 1
    path.write_bytes(bytes(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def _write(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    "damage",
    [flip_bit, _cut, _write(b""), _write(b"garbage"), lambda path: save_file({"other": torch.zeros(2)}, path)],
    ids=["bit", "cut", "empty", "garbage", "foreign"],
)
def test_a_damaged_state_of_a_run_begins_the_run_anew_with_the_same_result(
    generator: DiffusionGenerator, root: Path, motions: MotionSet, damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def stop(line: FitProgress) -> None:
        if line.step == 2:
            raise Interrupted

    dataset = generator.upload(motions)
    identity = generator.fit(dataset, "", STEPS, 3)
    whole = (root / "checkpoints" / identity / WEIGHTS).read_bytes()
    shutil.rmtree(root / "checkpoints" / identity)
    with pytest.raises(Interrupted):
        generator.fit(dataset, "", STEPS, 3, progress=stop)
    damage(root / "partial" / f"{identity}.safetensors")
    steps: list[int] = []
    assert generator.fit(dataset, "", STEPS, 3, progress=lambda line: steps.append(line.step)) == identity
    assert steps == [1, 2, 3, 4] and "begins anew" in caplog.text
    assert (root / "checkpoints" / identity / WEIGHTS).read_bytes() == whole


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
@pytest.mark.parametrize("damage", [flip_bit, _cut, _write(b"[" * 200_000)], ids=["bit", "cut", "deep"])
def test_a_damaged_data_set_is_not_found_until_it_is_uploaded_again(
    generator: DiffusionGenerator, root: Path, motions: MotionSet, suffix: str, damage: Callable[[Path], None]
) -> None:
    dataset = generator.upload(motions)
    whole = (root / "datasets" / f"{dataset}{suffix}").read_bytes()
    damage(root / "datasets" / f"{dataset}{suffix}")
    with pytest.raises(NotFound, match=f"the data set '{dataset}' is damaged; upload it again"):
        generator.fit(dataset, "", 1)
    assert generator.upload(motions) == dataset
    assert (root / "datasets" / f"{dataset}{suffix}").read_bytes() == whole
    assert generator.fit(dataset, "", 1)


def test_a_data_set_that_is_whole_is_not_written_again(
    generator: DiffusionGenerator, root: Path, motions: MotionSet
) -> None:
    dataset = generator.upload(motions)
    before = {path: path.stat().st_mtime_ns for path in (root / "datasets").iterdir()}
    assert generator.upload(motions) == dataset
    assert {path: path.stat().st_mtime_ns for path in (root / "datasets").iterdir()} == before


@pytest.mark.parametrize("file", [WEIGHTS, CARD])
def test_a_flipped_bit_of_a_checkpoint_is_noticed_and_heals_when_it_is_trained_again(
    generator: DiffusionGenerator, root: Path, motions: MotionSet, file: str
) -> None:
    dataset = generator.upload(motions)
    identity = generator.fit(dataset, "", 1)
    whole = (root / "checkpoints" / identity / file).read_bytes()
    flip_bit(root / "checkpoints" / identity / file, b"" if file == WEIGHTS else b'"motions": ')
    fresh = DiffusionGenerator(root, device="cpu")
    with pytest.raises(InvalidInput, match="digest"):
        fresh.sample(["a person walks"], [40], options=SampleOptions(identity))
    assert fresh.describe().default_checkpoint == "mdm"
    assert generator.fit(dataset, "", 1) == identity
    assert (root / "checkpoints" / identity / file).read_bytes() == whole
    assert fresh.describe().default_checkpoint == identity


def test_a_checkpoint_from_before_there_were_digests_is_used(
    generator: DiffusionGenerator, root: Path, motions: MotionSet
) -> None:
    folder = root / "checkpoints" / generator.fit(generator.upload(motions), "", 1)
    checkpoint = read_checkpoint(folder)
    write_checkpoint(folder, checkpoint)
    text = (folder / CARD).read_text()
    start = text.index('"digests"')
    (folder / CARD).write_text(text[:start] + text[text.index("},", start) + 2 :].lstrip())
    assert "digests" not in read_checkpoint(folder).card
    assert generator.describe().default_checkpoint == folder.name


def test_moments_that_are_damaged_are_refused(generator: DiffusionGenerator, root: Path, motions: MotionSet) -> None:
    dataset, kept = generator.upload(motions), {"keep_optimizer": "true"}
    first = generator.fit(dataset, "", 2, settings=kept)
    flip_bit(root / "optimizers" / f"{first}.safetensors")
    with pytest.raises(InvalidInput, match="another digest"):
        generator.fit(dataset, first, 2)


def test_a_full_disk_is_found_out_before_the_training(
    generator: DiffusionGenerator, motions: MotionSet, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = generator.upload(motions)
    steps: list[FitProgress] = []
    with monkeypatch.context() as patched:
        patched.setattr("generator.store.shutil.disk_usage", lambda _: SimpleNamespace(free=10_000))
        with pytest.raises(InvalidInput, match=r"has 10,000 bytes free on its disk; must have \d+") as refused:
            generator.fit(dataset, "", 3, progress=steps.append)
    assert not steps and refused.value.violations[0].field.startswith(str(root))
    assert generator.fit(dataset, "", 3, progress=steps.append) and len(steps) == 3


def test_a_store_that_cannot_be_written_is_found_out_before_the_training(
    generator: DiffusionGenerator, motions: MotionSet, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    dataset = generator.upload(motions)
    steps: list[FitProgress] = []
    monkeypatch.setattr("generator.store.tempfile.TemporaryFile", refuse)
    with pytest.raises(InvalidInput, match="checkpoints: cannot be written: Read-only file system"):
        generator.fit(dataset, "", 3, progress=steps.append)
    assert not steps


def test_files_of_the_store_have_absolute_paths_in_errors(
    motions: MotionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a service knows them for its own, and does not tell its clients."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(InvalidInput) as refused:
        DiffusionGenerator(Path("store"), device="cpu").upload(motions)
    assert os.path.isabs(refused.value.violations[0].field)


@pytest.mark.parametrize("name", ["f" * 300, "f" * 100_000])
def test_ids_that_are_too_long_for_files_are_not_found(generator: DiffusionGenerator, name: str) -> None:
    with pytest.raises(NotFound):
        generator.fit(name, "", 1)
    with pytest.raises(NotFound):
        generator.fit("f" * 32, name, 1)
    with pytest.raises(NotFound):
        generator.sample(["a person walks"], [40], options=SampleOptions(name))


@pytest.mark.parametrize("fps", [0.0, 2e-4, float("nan"), 1e9])
def test_motions_at_an_impossible_rate_are_refused(
    generator: DiffusionGenerator, motions: MotionSet, fps: float
) -> None:
    with pytest.raises(InvalidInput, match=r"motions\[0\]\.fps: is .*; must be from 1 to 1000"):
        generator.upload(motions.with_motions([replace(motions.motions[0], fps=fps), *motions.motions[1:]]))


def test_more_steps_than_anyone_trains_are_refused(generator: DiffusionGenerator, motions: MotionSet) -> None:
    with pytest.raises(InvalidInput, match="steps: is 2147483647; must be at least 1 and at most 100000000"):
        generator.fit(generator.upload(motions), "", 2**31 - 1)
