"""A repository's programs as a generator: the contract, resumption, what fails and how it is told."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator.cli import main
from generator.conformance import CHECKS
from generator.repository import CommandGenerator, CommandRecipe, read_command_recipe
from motion.errors import InvalidInput, NotFound, Overloaded, PlumbError
from motion.formats.files import read_motions
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, Generator, SampleOptions
from motion.synthesis import synthesize

PROGRAMS = Path(__file__).parent / "programs"
PYTHON = sys.executable
RECIPE = CommandRecipe(
    name="remembering",
    train=f"{PYTHON} train.py --data {{data}} --out {{out}} --steps {{steps}} --seed {{seed}} [--resume {{init}}] "
    "--lr {lr} --pause={pause} --fault={fault}",
    sample=f"{PYTHON} sample.py --model {{checkpoint}} --prompts {{prompts}} --lengths {{lengths}} --seed {{seed}} "
    "--out {out} [--guidance {guidance}]",
    folder=str(PROGRAMS),
    settings={"lr": 0.1, "pause": 0, "fault": "none"},
    batch=4,
)
PROMPTS, LENGTHS = ["a person walks", "waves", "squats", "a person walks"], [40, 52, 44, 60]


@pytest.fixture(scope="module")
def some() -> MotionSet:
    return synthesize(6, 11, actions=["walk", "wave", "squat"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, some: MotionSet) -> CommandGenerator:
    generator = CommandGenerator(RECIPE, tmp_path_factory.mktemp("store"))
    generator.fit(generator.upload(some), "", 2)
    return generator


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(trained: CommandGenerator, check: Callable[[Generator], None]) -> None:
    check(trained)


def bits(generator: CommandGenerator, start: int = 0, options: SampleOptions | None = None) -> list[bytes]:
    return [motion.positions.tobytes() for motion in generator.sample(PROMPTS, LENGTHS, 3, options, start)]


def test_more_than_ten_samples_come_in_the_order_of_their_numbers(trained: CommandGenerator) -> None:
    generator = CommandGenerator(replace(RECIPE, batch=32), trained._root)
    lengths = list(range(40, 52))
    assert [len(motion) for motion in generator.sample(["a person walks"] * 12, lengths)] == lengths


def test_a_request_is_always_cut_into_the_same_calls_of_the_program(trained: CommandGenerator) -> None:
    generator = CommandGenerator(replace(RECIPE, batch=3), trained._root)
    whole = bits(generator)
    assert bits(generator, 2) == whole[2:] and bits(generator, 3) == whole[3:] and bits(generator, 4) == []


def test_guidance_reaches_the_program_and_steps_have_no_place(trained: CommandGenerator) -> None:
    assert bits(trained, options=SampleOptions(guidance=4.0)) != bits(trained)
    with pytest.raises(InvalidInput, match="steps: is 5; this generator takes none"):
        trained.sample(PROMPTS, LENGTHS, options=SampleOptions(steps=5))


def test_progress_is_what_the_program_prints(tmp_path: Path, some: MotionSet) -> None:
    generator, lines = CommandGenerator(RECIPE, tmp_path), list[FitProgress]()
    generator.fit(generator.upload(some), "", 4, settings={"lr": "0.4"}, progress=lines.append)
    printed = {line.step: line.loss for line in lines if not np.isnan(line.loss)}  # told again at every beat
    assert list(printed) == [1, 2, 3, 4] and all(line.steps == 4 for line in lines)
    assert list(printed.values()) == pytest.approx([0.4, 0.2, 0.1333, 0.1])


def test_an_interrupted_training_stops_its_program_and_continues_in_its_folder(tmp_path: Path, some: MotionSet) -> None:
    class GaveUp(Exception):
        pass

    def give_up(line: FitProgress) -> None:
        if line.step >= 3:
            raise GaveUp

    generator = CommandGenerator(RECIPE, tmp_path)
    dataset, settings = generator.upload(some), {"pause": "0.05"}
    with pytest.raises(GaveUp):
        generator.fit(dataset, "", 20, settings=settings, progress=give_up)
    (folder,) = (path for path in (tmp_path / "partial").iterdir() if path.is_dir())
    stopped = int((folder / "step.txt").read_text())
    time.sleep(0.2)
    assert 3 <= stopped < 15 and int((folder / "step.txt").read_text()) == stopped
    steps: list[int] = []
    identity = generator.fit(dataset, "", 20, settings=settings, progress=lambda line: steps.append(line.step))
    assert generator.describe().default_checkpoint == identity
    log = (tmp_path / "logs" / f"{identity}.log").read_text()
    assert f"step {stopped + 1}/20" in log and log.count("step 1/20") == 1


def test_a_checkpoint_is_not_trained_twice_at_the_same_time(tmp_path: Path, some: MotionSet) -> None:
    """Not even by the program of a server that was killed, which goes on."""
    one, other = (CommandGenerator(RECIPE, tmp_path) for _ in range(2))
    dataset, begun = one.upload(some), threading.Event()
    thread = threading.Thread(
        target=lambda: one.fit(dataset, "", 20, settings={"pause": "0.1"}, progress=lambda _: begun.set())
    )
    thread.start()
    assert begun.wait(20) or not thread.is_alive()
    with pytest.raises(Overloaded, match="is being trained already"):
        other.fit(dataset, "", 20, settings={"pause": "0.1"})
    thread.join()
    assert other.fit(dataset, "", 20, settings={"pause": "0.1"}) in other.describe().checkpoints


@pytest.mark.parametrize(
    "fault, message",
    [
        ("raise", "train.py ended with status 1: RuntimeError: CUDA is out of cheese"),
        ("empty", "train.py ended well, but left nothing in {out}"),
    ],
)
def test_a_training_that_fails_is_told_by_its_last_line(
    tmp_path: Path, some: MotionSet, fault: str, message: str
) -> None:
    generator = CommandGenerator(RECIPE, tmp_path)
    with pytest.raises(PlumbError) as failed:
        generator.fit(generator.upload(some), "", 1, settings={"fault": fault})
    assert str(failed.value).startswith(message)
    assert not generator.describe().checkpoints


def test_paths_of_the_server_are_in_the_log_and_not_in_the_error(tmp_path: Path, some: MotionSet) -> None:
    code = "import sys; sys.exit(f'cannot open {sys.argv[1]} nor {sys.argv[2]}/model nor ' + sys.argv[2][:-30])"
    recipe = replace(RECIPE, train=f'{PYTHON} -c "{code}" {{data}} {{out}}', settings={})
    generator = CommandGenerator(recipe, tmp_path)
    with pytest.raises(PlumbError) as failed:
        generator.fit(generator.upload(some), "", 1)
    assert "cannot open {data} nor {out}/model nor STORE" in str(failed.value)
    assert str(tmp_path) not in str(failed.value)
    assert str(tmp_path) in next((tmp_path / "logs").iterdir()).read_text()


@pytest.mark.parametrize(
    "command, message",
    [
        ("no-such-program {prompts} {out}", "no-such-program cannot be started: No such file"),
        (f"{PYTHON} -c pass {{prompts}} {{out}}", "the samples cannot be read: "),
        (RECIPE.sample + " --fault few", "there are 3 samples of 4 prompts"),
        (RECIPE.sample + " --fault short", "sample 0 has 35 frames at 20 fps; 40 were asked for"),
    ],
)
def test_samples_that_are_not_what_was_asked_for_are_told(
    trained: CommandGenerator, command: str, message: str
) -> None:
    generator = CommandGenerator(replace(RECIPE, sample=command), trained._root)
    with pytest.raises(PlumbError, match=message):
        list(generator.sample(PROMPTS, LENGTHS, 3))


def test_a_program_that_hangs_is_stopped(trained: CommandGenerator) -> None:
    command = f"{PYTHON} -c 'import time; time.sleep(60)' {{prompts}} {{out}}"
    generator = CommandGenerator(replace(RECIPE, sample=command, timeout_s=1.0), trained._root)
    with pytest.raises(PlumbError, match="took over 1 s, and was stopped"):
        list(generator.sample(PROMPTS, LENGTHS))


def test_what_a_program_has_started_ends_with_it(trained: CommandGenerator, tmp_path: Path) -> None:
    child = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    command = f'{PYTHON} -c "{child}; import time; time.sleep(60)" {{prompts}} {{out}}'
    generator = CommandGenerator(replace(RECIPE, sample=command, timeout_s=2.0), trained._root)
    with pytest.raises(PlumbError, match="took over"):
        list(generator.sample(PROMPTS, LENGTHS))
    started = int((trained._root / "logs" / "sample.log").read_text().split()[-1])
    deadline = time.monotonic() + 10
    while _is_running(started):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("value", ["../../etc", "/etc/passwd", "--resume", "-v", "a b", "", "$(reboot)", "a\nb"])
def test_a_client_cannot_send_paths_or_flags_as_settings(
    trained: CommandGenerator, some: MotionSet, value: str
) -> None:
    with pytest.raises(InvalidInput, match=r"settings\.fault: is .*; must be a number or a word"):
        trained.fit(trained.upload(some), "", 1, settings={"fault": value})


@pytest.mark.parametrize("value", ["1e-4", "-0.5", "0.1", "cosine", "adamw:fused", "1,2,3"])
def test_numbers_and_words_are_settings(trained: CommandGenerator, value: str) -> None:
    assert trained._settings({"fault": value})["fault"] == value


def test_names_of_checkpoints_are_not_paths(trained: CommandGenerator) -> None:
    for name in ("../secret", "/etc", "f" * 300, "nothing"):
        with pytest.raises(NotFound, match="no checkpoint"):
            trained.sample(PROMPTS, LENGTHS, options=SampleOptions(name))


def test_a_repository_without_training_samples_its_own_checkpoints(trained: CommandGenerator, tmp_path: Path) -> None:
    folder = trained._root / "checkpoints" / trained.describe().default_checkpoint / "files"
    recipe = replace(RECIPE, train="", settings={}, checkpoints={"published": str(folder)})
    generator = CommandGenerator(recipe, tmp_path)
    assert generator.describe().default_checkpoint == "published"
    assert bits(generator) == bits(trained)
    with pytest.raises(InvalidInput, match="which can only sample"):
        generator.fit("0" * 32, "", 1)


@pytest.mark.filterwarnings("ignore::motion.errors.ReadingWarning")
@pytest.mark.parametrize("data", ["packed", "npy", "bvh"])
def test_a_training_gets_its_data_in_the_form_that_it_wants(tmp_path: Path, some: MotionSet, data: str) -> None:
    copy = f"{PYTHON} -c 'import shutil, sys, pathlib; p = pathlib.Path(sys.argv[1]); "
    copy += "shutil.copytree(p if p.is_dir() else p.parent, sys.argv[2], dirs_exist_ok=True)' {data} {out}"
    generator = CommandGenerator(replace(RECIPE, data=data, train=copy, settings={}), tmp_path)
    identity = generator.fit(generator.upload(some), "", 1)
    files = tmp_path / "checkpoints" / identity / "files"
    read = read_motions(files / "motions.npz" if data == "packed" else files)
    assert read.captions == some.captions
    for ours, theirs in zip(read, some, strict=True):
        np.testing.assert_allclose(ours.positions, theirs.positions, atol=2e-3)


@pytest.mark.parametrize(
    "change, field",
    [
        ({"train": "python train.py {data}"}, r"train: has no \{out\}"),
        ({"train": "python train.py {data} {out} {depth}"}, r"train: has \{depth\}; must be one of .*in settings"),
        ({"sample": "python sample.py {out}"}, r"sample: has neither \{prompts\} nor \{request\}"),
        ({"sample": "python 'sample.py {out}"}, "sample: is .*no command line"),
        ({"sample": "python sample.py [--p {prompts} {out}"}, "sample: has a bracket that is not closed"),
        ({"settings": {"steps": 1, "lr": 1, "pause": 0, "fault": 0}}, "settings.steps: is the name of another place"),
        ({"progress": r"(\d+)"}, "progress: .* must have a group"),
        ({"min_frames": 300}, "min_frames: is 300; must be at most 196"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_by_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        replace(RECIPE, **change)


def _write_recipe(folder: Path, train: str = RECIPE.train) -> Path:
    text = f"name = 'remembering'\nfolder = '{PROGRAMS}'\ntrain = '''{train}'''\nsample = '''{RECIPE.sample}'''\n"
    (folder / "model.toml").write_text(text + "[settings]\nlr = 0.1\npause = 0\nfault = 'none'\n")
    return folder / "model.toml"


def test_a_recipe_is_read_from_a_file_and_its_folder_is_relative_to_it(tmp_path: Path) -> None:
    assert read_command_recipe(_write_recipe(tmp_path)) == replace(RECIPE, batch=32)
    (tmp_path / "own.toml").write_text("name = 'x'\nsample = 'python s.py {prompts} {out}'\nfolder = 'code'\n")
    assert read_command_recipe(tmp_path / "own.toml").folder == str(tmp_path / "code")
    (tmp_path / "own.toml").write_text("name = 'x'\nsampel = 'python s.py {prompts} {out}'\n")
    with pytest.raises(InvalidInput, match=r"own\.toml: sampel: is not a known key"):
        read_command_recipe(tmp_path / "own.toml")


def _check(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    return int(ended.value.code or 0)


def test_check_stops_at_the_first_cause_in_a_repository_and_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = _write_recipe(tmp_path, RECIPE.train + " --depth 3")
    assert _check("--repository", str(recipe), "--store", str(tmp_path / "store")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("FAILED")] == [lines[-2]]
    assert lines[-2].startswith("FAILED  fits_checkpoints: train.py ended with status 2: ")
    assert "unrecognized arguments: --depth 3" in lines[-2] and lines[-1].startswith("skipped ")


def test_check_needs_a_service_or_a_repository(tmp_path: Path) -> None:
    assert _check() == 2
    assert _check("127.0.0.1:1", "--repository", str(_write_recipe(tmp_path))) == 2


def test_a_program_saves_its_state_when_it_is_stopped(tmp_path: Path, some: MotionSet) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def save(*_):\n    pathlib.Path(sys.argv[2], 'saved').touch()\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, save)\nprint('step 2')\nwhile True:\n    time.sleep(0.01)"
    )
    (tmp_path / "stops.py").write_text(code)
    generator = CommandGenerator(
        replace(RECIPE, train=f"{PYTHON} {tmp_path}/stops.py {{data}} {{out}}", settings={}), tmp_path / "store"
    )

    def stop(line: FitProgress) -> None:
        if line.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generator.fit(generator.upload(some), "", 5, progress=stop)
    assert list((tmp_path / "store" / "partial").glob("*/saved"))
