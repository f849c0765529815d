"""The command line `plumb-gen`: output, files, refusals and exit statuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from generator.cli import main
from generator.generator import DiffusionGenerator
from motion.formats.files import read_motions
from motion.formats.packed import read_packed, write_packed
from motion.metrics import physical_errors
from motion.motion_set import MotionSet

TINY = ("layers=1", "width=16", "heads=2", "ff=32", "diffusion_steps=6", "batch=3")


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, motions: MotionSet) -> Path:
    """Make a store with one checkpoint."""
    root = tmp_path_factory.mktemp("cli") / "store"
    generator = DiffusionGenerator(root, device="cpu")
    generator.fit(
        generator.upload(motions),
        "",
        1,
        settings={name: value for name, _, value in (pair.partition("=") for pair in TINY)},
    )
    return root


def test_train_prints_only_the_checkpoint_id(
    tmp_path: Path, motions: MotionSet, capsys: pytest.CaptureFixture[str]
) -> None:
    write_packed(tmp_path / "set", motions)
    arguments = ("train", tmp_path / "set.npz", "--steps", 2, "--store", tmp_path / "s", "--device", "cpu", "--set")
    assert status(*arguments, *TINY) == 0
    first = capsys.readouterr().out
    assert status(*arguments, *TINY) == 0
    assert capsys.readouterr().out == first
    assert (first.strip(),) == tuple(path.name for path in (tmp_path / "s" / "checkpoints").iterdir())


def test_one_prompt_is_written_as_a_motion(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "walk.npy"
    assert status("sample", "--prompt", "a person walks", "--length", 24, "--store", store, "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["out"] == str(out)
    assert len(read_motions(out).motions[0]) == 24


def test_several_prompts_are_written_as_a_packed_set(store: Path, tmp_path: Path) -> None:
    assert status("sample", "--prompt", "walk", "jump", "--length", 24, "--store", store, "--out", tmp_path / "x") == 0
    sampled = read_packed(tmp_path / "x")
    assert sampled.captions == (("walk",), ("jump",))


def test_prompts_of_a_file_are_sampled_into_a_folder_of_shards(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_text("walk\n\njump\n turn \n")
    common = ("--length", 24, "--store", store)
    assert status("sample", "--prompts", file, *common, "--shard-size", 2, "--out", tmp_path / "shards") == 0
    assert status("sample", "--prompt", "walk", "jump", "turn", *common, "--out", tmp_path / "one") == 0
    shards = [read_packed(path) for path in sorted((tmp_path / "shards").glob("*.npz"))]
    assert [len(shard.motions) for shard in shards] == [2, 1]
    one = read_packed(tmp_path / "one")
    assert [captions for shard in shards for captions in shard.captions] == list(one.captions)
    assert [motion.positions.tobytes() for shard in shards for motion in shard.motions] == [
        motion.positions.tobytes() for motion in one.motions
    ]


def test_a_checkpoint_can_be_given_as_a_folder(store: Path, tmp_path: Path) -> None:
    (folder,) = (store / "checkpoints").iterdir()
    shutil.copytree(folder, tmp_path / "mine")
    common = ("sample", "--prompt", "a person walks", "--length", 24)
    by_folder, by_id = tmp_path / "folder.npy", tmp_path / "id.npy"
    assert status(*common, "--store", tmp_path / "none", "--checkpoint", tmp_path / "mine", "--out", by_folder) == 0
    assert status(*common, "--store", store, "--checkpoint", folder.name, "--out", by_id) == 0
    assert by_folder.read_bytes() == by_id.read_bytes()
    assert not (tmp_path / "none").exists()


def test_values_of_a_repeated_flag_are_joined(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompts = ("--prompt", "walk", "jump", "--prompt", "sit")
    assert status("sample", *prompts, "--length", 24, "--store", store, "--out", tmp_path / "x") == 0
    assert "x.npz" in capsys.readouterr().err
    assert read_packed(tmp_path / "x").captions == (("walk",), ("jump",), ("sit",))
    repeated = [argument for pair in TINY for argument in ("--set", pair)]
    assert status("train", "default", "--split", "test", "--steps", 1, "--store", tmp_path / "s", *repeated) == 0
    (card,) = (tmp_path / "s" / "checkpoints").glob("*/card.json")
    assert json.loads(card.read_text())["settings"]["width"] == 16


@pytest.mark.parametrize("command", ["", "serve", "train", "import", "sample", "check", "bench"])
def test_help_needs_no_heavy_imports(command: str) -> None:
    script = (
        "import sys; from generator.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(sorted({'torch', 'grpc', 'scipy', 'diffusers'} & set(sys.modules)), file=sys.stderr)"
    )
    arguments = [command, "--help"] if command else ["--help"]
    ended = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert "usage: plumb-gen" in ended.stdout and ended.stderr.strip() == "[]"


def test_the_folder_called_mdm_is_not_the_checkpoint_that_ships(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = (store / "checkpoints").iterdir()
    shutil.copytree(folder, tmp_path / "mdm")
    monkeypatch.chdir(tmp_path)
    sampled = []
    for number, checkpoint in enumerate(("mdm", "./mdm", "")):
        arguments = ("--prompt", "walk", "--length", 16, "--steps", 2, "--store", "none", "--checkpoint", checkpoint)
        assert status("sample", *arguments, "--out", f"{number}.npy") == 0
        sampled.append((tmp_path / f"{number}.npy").read_bytes())
    assert sampled[0] == sampled[2] != sampled[1]


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("sample", "--prompt", "walk", "jump", "--out", "x.bvh"), ".bvh holds one motion, not 2"),
        (("sample", "--prompt", "walk", "--out", "x.gif"), "ends in '.gif'"),
        (("sample", "--prompt", "walk", "jump", "--out", "x.fbx"), "ends in '.fbx'"),
        (("sample", "--out", "x.npy"), "prompts: are none"),
        (("sample", "--prompt", "walk", "--out", "x.npy", "--threads", "-1"), "threads: is -1"),
        (("sample", "--prompt", "walk", "--checkpoint", "beef", "--out", "x.npy"), "no checkpoint 'beef'"),
        (("sample", "--prompt", "walk", "--checkpoint", ".", "--out", "x.npy"), "no checkpoint in"),
        (("sample", "--prompt", " ", "--out", "x.npy"), "prompts[0]"),
        (("sample", "--prompt", "walk", "--length", "7", "--out", "x.npy"), "lengths[0]"),
        (("sample", "--prompt", "walk", "--length", "7", "--shard-size", "2", "--out", "x"), "lengths[0]"),
        (("sample", "--prompt", "walk", "--shard-size", "0", "--out", "x"), "--shard-size: is 0"),
        (("sample", "--prompts", "no_such_file", "--out", "x"), "no_such_file cannot be read"),
        (("sample", "--prompt", "walk", "--out", "no/such/folder/x.npy"), "does not exist"),
        (("train", "no-such-file.npz", "--steps", "1"), "no-such-file"),
        (("bench", "--set", "depth=3"), "settings.depth"),
        (("bench", "--set", "depth"), "NAME=VALUE"),
        (("bench", "--set", "width=9", "heads=3"), "must be even"),
        (("bench", "--batch", "0"), "--batch"),
        (("bench", "--set", "kind=flow"), "settings.kind"),
        (("bench", "--device", "abacus"), "abacus"),
    ],
)
def test_refused_commands_print_one_sentence(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    where = ("--store", str(store)) if arguments[0] != "bench" else ()
    assert status(*arguments, *where) == 2
    printed = capsys.readouterr()
    assert word in printed.err and "Traceback" not in printed.err and not printed.out
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("shipped", ["mdm", "flow"])
def test_checkpoints_that_ship_can_be_sampled(tmp_path: Path, shipped: str) -> None:
    out = tmp_path / "wave.npy"
    assert status("sample", "--prompt", "a person waves", "--checkpoint", shipped, "--steps", 5, "--out", out,
                  "--store", tmp_path / "s") == 0  # fmt: skip
    wave = np.load(out)
    assert wave.shape == (120, 22, 3)
    assert (
        1.3 < wave[..., 1].max() < 2.3 and physical_errors(wave, 20.0).phys_err_mm < 60
    )  # a body upright on the floor


def test_training_is_logged_to_tensorboard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("train", "default", "--split", "test", "--steps", 3, "--store", tmp_path / "s", "--tensorboard",
                  tmp_path / "log", "--set", *TINY) == 0  # fmt: skip
    events = EventAccumulator(str(tmp_path / "log")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "samples_per_s"}
    assert events.Scalars("loss")[-1].step == 3


def test_bench_prints_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("bench", "--device", "cpu", "--json", "--batch", 1, 2, "--set", *TINY) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["device"] == "cpu" and measured["train_steps_per_s"] > 0
    for way in ("train_bfloat16", "train_fused", "train_bfloat16_fused"):
        assert measured[f"{way}_steps_per_s"] > 0
    for batch in (1, 2):
        row = measured[f"batch_{batch}"]
        assert row["bfloat16_10_steps_speedup"] == row["published_s"] / row["bfloat16_10_steps_s"] > 0


def test_bench_prints_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("bench", "--device", "cpu", "--batch", 1, "--set", *TINY) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["threads", str(torch.get_num_threads())] in [line.split() for line in lines]
    assert any(line.split() == ["quantity", "batch_1"] for line in lines)
