"""Services started for a run end with it, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loop_client.runs.launch import _process
from motion.errors import ServiceUnavailable

STUB = """
import pathlib, signal, sys, time
arguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))
marks = pathlib.Path(arguments["--marks"])
def stop(*_):
    (marks / "ended").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(arguments["--announce"]).write_text("127.0.0.1:4711")
print("listening", flush=True)
while True:
    time.sleep(0.02)
"""


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two modules: `stub_service`, and `doomed_service`, which does not come up."""
    (tmp_path / "stub_service.py").write_text(STUB)
    (tmp_path / "doomed_service.py").write_text("import sys; sys.exit('the port is in use')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def test_is_stopped_at_the_end(stub: Path) -> None:
    with _process("stub_service", ["--marks", str(stub)], stub / "logs" / "stub.log") as address:
        assert address == "127.0.0.1:4711" and not (stub / "ended").exists()
    assert (stub / "ended").exists() and (stub / "logs" / "stub.log").read_text() == "listening\n"


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_is_stopped_when_the_run_breaks_off(stub: Path, kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        with _process("stub_service", ["--marks", str(stub)], stub / "log"):
            raise kind
    assert (stub / "ended").exists()


def test_ends_with_a_parent_that_is_killed(stub: Path) -> None:
    program = textwrap.dedent(f"""
        import os, pathlib, signal
        from loop_client.runs.launch import _process
        with _process("stub_service", ["--marks", {str(stub)!r}], pathlib.Path({str(stub)!r}) / "log"):
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    deadline = time.monotonic() + 10
    while not (stub / "ended").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (stub / "ended").exists()


def test_says_why_it_did_not_come_up(stub: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="ended with status 1 as it started, saying: the port is in use"):
        with _process("doomed_service", [], stub / "log"):
            pytest.fail("it did not come up")
