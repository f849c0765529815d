"""`plumb-gen check`: the results of the conformance checks, and which of them are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from certificate_factory import Authority

from generator.cli import main
from generator.conformance.example import RetrievalGenerator
from generator.service import services
from motion.errors import NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, SampleOptions
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import ServerSecurity


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    return int(ended.value.code or 0)


class WithoutUploads(RetrievalGenerator):
    def upload(self, dataset: MotionSet) -> str:
        raise NotFound("uploads are closed today")


class Truncating(RetrievalGenerator):
    """Returns no motions from a later index, and accepts any settings."""

    def sample(self, prompts: Sequence[str], lengths: Sequence[int], seed: int = 0,
               options: SampleOptions | None = None, start_index: int = 0) -> Iterator[Motion]:  # fmt: skip
        motions = super().sample(prompts, lengths, seed, options, start_index)
        return iter(()) if start_index else motions

    def fit(self, dataset: str, init: str, steps: int, seed: int = 0, settings: Mapping[str, str] | None = None,
            progress: Callable[[FitProgress], None] | None = None) -> str:  # fmt: skip
        return super().fit(dataset, init, steps, seed, None, progress)


def test_check_stops_at_the_first_failure_that_the_other_checks_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(services(WithoutUploads())) as address:
        assert status(address) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok      describes_itself"
    assert lines[1].startswith("FAILED  identifies_datasets_by_content: ") and "closed today" in lines[1]
    assert lines[2].startswith("skipped 13 checks that rely on identifies_datasets_by_content: rejects_invalid")
    assert len(lines) == 3


def test_check_lists_every_failure_that_others_do_not_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(services(Truncating())) as address:
        assert status(address) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = [line.split()[1].rstrip(":") for line in lines if line.startswith("FAILED")]
    assert failed == ["rejects_invalid_fits", "samples_from_any_index"] and len(lines) == 15


def test_check_without_a_server_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("127.0.0.1:1") == 2
    captured = capsys.readouterr()
    assert "127.0.0.1:1" in captured.err and not captured.out


def test_check_connects_by_its_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority(tmp_path)
    pair, mine = authority.issue("server.test"), authority.issue("client")
    tokens, token = tmp_path / "tokens", tmp_path / "token"
    tokens.write_text("some-token-0123456789 checker admin\n", "utf-8")
    token.write_text("some-token-0123456789", "utf-8")
    flags = ["--ca", str(authority.cert), "--cert", str(mine.cert), "--key", str(mine.key)]
    settings = ServerSettings(
        "127.0.0.1:0",
        drain_seconds=0.0,
        security=ServerSecurity(pair.cert, pair.key, authority.cert, tokens=tokens),
    )
    with serving(services(RetrievalGenerator()), settings) as address:
        assert status(address, *flags, "--token-file", str(token)) == 0
        assert len(capsys.readouterr().out.splitlines()) == 15
        assert status(address, *flags) == 2
    assert not capsys.readouterr().out


def test_check_passes_for_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(services(RetrievalGenerator())) as address:
        assert status(address) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15 and all(line.startswith("ok      ") for line in lines)
