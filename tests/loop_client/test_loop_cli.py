"""`plumb-loop` as it is typed: what it prints where, and the status it ends with."""

from __future__ import annotations

import json
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
    """The fakes in place of processes."""
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


def test_run_resume_and_report(recipe_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    assert status_of("run", recipe_file, "--out", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["metrics"]) == 8 and document["real"]["motions"] == 6

    assert status_of("run", recipe_file, "--out", out) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "holds a run already; go on with it by --resume" in printed.err

    assert status_of("run", recipe_file, "--out", out, "--resume") == 0
    capsys.readouterr()
    assert status_of("report", out) == 0
    assert capsys.readouterr().out == f"open {out}/report.html\n"


def test_a_lost_service_says_how_to_go_on(
    recipe_file: str, tmp_path: Path, fake_services: FakeGenerator, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    def lost(*_, **__):
        raise ServiceUnavailable("the generator at 127.0.0.1:1 went away")

    monkeypatch.setattr(fake_services, "fit", lost)
    out = str(tmp_path / "run")
    assert status_of("run", recipe_file, "--out", out) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "the generator at 127.0.0.1:1 went away; what was done is kept, go on with: plumb-loop run" in said
    assert said.endswith(f"--out {out} --resume")


def test_a_run_that_never_began_needs_no_resume(
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
        (("train-evaluator", "default", "--out", "x", "--steps", "0"), "--steps: is 0"),
    ],
)
def test_refusals_are_one_sentence(arguments, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err and "Traceback" not in printed.err and printed.out == ""


def test_recipes_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
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
