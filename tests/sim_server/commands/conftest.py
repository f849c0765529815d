"""A server in a process of its own, a small packed set, and a stand-in for the simulation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

import sim_server.corrector
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet
from motion.report import Correction


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run `plumb-sim serve` in a process of its own."""
    announce = tmp_path_factory.mktemp("serve") / "address"
    command = [sys.executable, "-m", "sim_server", "serve", "--listen", "127.0.0.1:0", "--announce", str(announce)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    yield ServerProcess(process, announce)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in errors


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Return the path of a packed set of three motions."""
    motions = [sway(20 + seed, seed, caption=f"sway {seed}", name=f"clip/{seed}") for seed in range(3)]
    motions[1] = replace(motions[1], fps=30.0)
    write_packed(tmp_path / "set", MotionSet(tuple(motions), tuple((str(m.caption), "sways") for m in motions)))
    return tmp_path / "set"


@pytest.fixture
def smoothing(monkeypatch: pytest.MonkeyPatch) -> list[SmoothingCorrector]:
    """Smooth instead of simulating, and return the list of opened correctors.

    Motions called `falls` fail, and those called `carried` are assisted.
    """
    opened: list[SmoothingCorrector] = []

    class Smoothing(SmoothingCorrector):
        def __init__(self, policy: str = "", threads: int = 0):
            super().__init__()
            opened.append(self)

        def correct(self, *arguments: object, **named: object) -> list[Correction]:
            corrections = super().correct(*arguments, **named)  # pyright: ignore[reportArgumentType]
            changes: dict[str | None, dict[str, Any]] = {
                "falls": {"status": "FAILED", "completed": 0.5},
                "carried": {"status": "ASSISTED", "reason": "carried by 240 N on average"},
            }
            return [replace(c, report=replace(c.report, **changes.get(c.motion.name, {}))) for c in corrections]

        def __enter__(self) -> SmoothingCorrector:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    monkeypatch.setattr(sim_server.corrector, "Corrector", Smoothing)
    return opened
