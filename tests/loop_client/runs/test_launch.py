"""Test that services which were started for a run end with it, and that wrong addresses are refused at once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loop_client.runs import launch, motion_run
from loop_client.runs.launch import ServiceProcess, Services
from loop_client.runs.run_recipe import Recipe
from motion.errors import InvalidInput, ServiceUnavailable
from motion.rpc.client_security import ClientSecurity

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
    """Return a folder with two modules: `stub_service`, and `doomed_service`, which does not come up."""
    (tmp_path / "stub_service.py").write_text(STUB)
    (tmp_path / "doomed_service.py").write_text("import sys; sys.exit('the port is in use')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def test_a_service_is_stopped_at_the_end(stub: Path) -> None:
    with ServiceProcess("stub_service", ["--marks", str(stub)], stub / "logs" / "stub.log") as service:
        assert service.address() == "127.0.0.1:4711" and not (stub / "ended").exists()
    assert (stub / "ended").exists() and (stub / "logs" / "stub.log").read_text() == "listening\n"


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_service_is_stopped_when_the_run_raises(stub: Path, kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        with ServiceProcess("stub_service", ["--marks", str(stub)], stub / "log") as service:
            service.address()
            raise kind
    assert (stub / "ended").exists()


def test_a_service_ends_with_a_parent_that_is_killed(stub: Path) -> None:
    program = textwrap.dedent(f"""
        import os, pathlib, signal
        from loop_client.runs.launch import ServiceProcess
        with ServiceProcess("stub_service", ["--marks", {str(stub)!r}], pathlib.Path({str(stub)!r}) / "log") as service:
            service.address()
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    deadline = time.monotonic() + 10
    while not (stub / "ended").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (stub / "ended").exists()


def test_a_service_that_does_not_start_is_reported_with_its_last_words(stub: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="ended with status 1 as it started, saying: the port is in use"):
        with ServiceProcess("doomed_service", [], stub / "log") as service:
            service.address()


def test_a_wrong_address_is_refused_before_anything_is_started_or_read(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        pytest.fail("a service was started although the address of the other one is wrong")

    monkeypatch.setattr(motion_run, "open_services", started)
    monkeypatch.setattr(motion_run, "load_data", started)
    for services in (Services(generator="127.0.0.1:1"), Services(sim="127.0.0.1:1")):
        with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1:1"):
            motion_run.run_recipe(tiny_recipe, tmp_path / "run", services=services)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let services be started that are none: clients connect at their first call alone."""

    class Unstarted(ServiceProcess):
        def __enter__(self) -> ServiceProcess:
            return self

        def address(self) -> str:
            return "127.0.0.1:1"

    monkeypatch.setattr(launch, "ServiceProcess", Unstarted)


def test_services_that_a_run_starts_are_reached_in_the_clear_whatever_the_environment_says_of_others(
    unstarted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMB_CA", str(tmp_path / "missing.crt"))
    with launch.open_services(Services(), tmp_path) as (generator, corrector):
        assert generator and corrector
    with pytest.raises(InvalidInput, match=r"missing\.crt"), launch.open_services(Services("sim:1"), tmp_path):
        pass


def test_services_at_given_addresses_are_reached_as_the_run_was_told(unstarted: None, tmp_path: Path) -> None:
    token = ClientSecurity(token="alice-token-0123456789")
    for services in (Services(sim="sim:1", security=token), Services(generator="gen:1", security=token)):
        with pytest.raises(InvalidInput, match="token: would be sent in clear text"):
            services.check()
        with pytest.raises(InvalidInput, match="token: would be sent in clear text"):
            with launch.open_services(services, tmp_path):
                pass
