"""Test the command line of `plumb-loop`: its output and exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import RECIPE, FakeCorrector, FakeGenerator, swaying_set

from loop_client import cli
from loop_client.runs import motion_run as run
from motion.errors import ServiceUnavailable
from motion.formats.packed import write_packed


@pytest.fixture
def recipe_file(tmp_path: Path, swaying_path: Path) -> str:
    text = RECIPE.format(data=swaying_path).replace("generations = 2", "generations = 1")
    (tmp_path / "tiny.toml").write_text(text)
    return str(tmp_path / "tiny.toml")


@pytest.fixture(autouse=True)
def fake_services(monkeypatch: pytest.MonkeyPatch) -> FakeGenerator:
    """Replace the processes of both services by fakes."""
    generator = FakeGenerator()

    @contextmanager
    def opened(services, directory):
        yield generator, FakeCorrector()

    monkeypatch.setattr(run, "open_services", opened)
    return generator


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_a_recipe_is_run_resumed_and_reported(
    recipe_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run")
    assert status_of("run", recipe_file, "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["metrics"]) == 8 and document["real"]["motions"] == 6

    assert status_of("run", recipe_file, "--out", out) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "holds a run already; resume it with --resume" in printed.err

    assert status_of("run", recipe_file, "--out", out, "--resume") == 0
    capsys.readouterr()
    assert status_of("report", out) == 0
    assert capsys.readouterr().out == f"open {out}/report.html\n"


def test_a_lost_service_is_reported_with_the_command_that_resumes(
    recipe_file: str, tmp_path: Path, fake_services: FakeGenerator, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    def lost(*_, **__):
        raise ServiceUnavailable("the generator at 127.0.0.1:1 went away")

    monkeypatch.setattr(fake_services, "fit", lost)
    out = str(tmp_path / "run")
    assert status_of("run", recipe_file, "--out", out) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "the generator at 127.0.0.1:1 went away; finished stages are kept, resume with: plumb-loop run" in said
    assert said.endswith(f"--out {out} --resume")


def test_a_run_that_could_not_start_needs_no_resume(
    recipe_file: str, tmp_path: Path, fake_services: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise ServiceUnavailable("the generator at 127.0.0.1:1 does not answer")

    out = str(tmp_path / "run")
    with monkeypatch.context() as context:
        context.setattr(fake_services, "describe", absent)
        assert status_of("run", recipe_file, "--out", out) == 2
    assert status_of("run", recipe_file, "--out", out) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nothing"), "there is no recipe 'nothing'; there are"),
        (("report", "no/where"), "there is no run in no/where"),
        (("evaluate", "no/where", "no/where"), "no/where"),
        (("evaluate", "no/where", "no/where", "--seed", "-1"), "--seed: is -1"),
        (("score", "default", "--seed", "-1"), "--seed: is -1"),
        (("score", "no/where", "--generator", "127.0.0.1:1"), "127.0.0.1:1"),
        (("run", "demo", "--generator", "127.0.0.1:1", "--out", "no/where"), "127.0.0.1:1"),
        (("train-evaluator", "default", "--out", "x", "--steps", "0"), "--steps: is 0"),
    ],
)
def test_refusals_are_one_sentence(arguments, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err and "Traceback" not in printed.err and printed.out == ""


def test_recipes_lists_the_shipped_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("recipes", "--json") == 0
    assert {"demo", "cmu"} <= set(json.loads(capsys.readouterr().out))


def test_evaluate_compares_two_sets(swaying_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = swaying_set(8)
    write_packed(tmp_path / "other", other.with_motions([replace(m, positions=m.positions + 0.1) for m in other]))
    train = ("train-evaluator", str(swaying_path), "--out", str(tmp_path / "evaluator"))
    assert status_of(*train, "--movement-steps", "3", "--steps", "3") == 0
    capsys.readouterr()
    compare = ("evaluate", str(tmp_path / "other"), str(swaying_path), "--evaluator", str(tmp_path / "evaluator"))
    assert status_of(*compare, "--replications", "4", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fid"] >= 0 and document["set"]["motions"] == 8 and document["reference"]["motions"] == 16
    assert {"fid", "kid", "precision", "r_precision_3", "matching_score"} <= set(document["replicated"])
    assert document["n"] == 6 and len(document["fid_by_n"]) >= 3
    assert status_of(*compare, "--replications", "4") == 0
    assert "r_precision_3" in capsys.readouterr().out


def test_help_needs_no_heavy_import() -> None:
    program = "import loop_client.cli, sys; print(sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for package in ("torch", "grpc", "mujoco", "scipy", "sklearn", "matplotlib"):
        assert f"'{package}'" not in loaded
