"""Find real data and recorded numbers, and skip the tests whose data are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from recordings import Recordings

ROOT = Path(__file__).resolve().parent.parent

# Recipes name PLUMB_DATA. Beside the checkout is where developers keep the data; the package itself has no default.
if (ROOT / "../shared/data").is_dir():
    os.environ.setdefault("PLUMB_DATA", str(ROOT / "../shared/data"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Prepare a spread run.

    The first corrector on a machine is compiled, which takes longer than tests wait for a server: before they start.
    And each process has one thread of torch: threads of neighbours that wait for a core spin.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        import torch

        torch.set_num_threads(1)
    elif session.config.getoption("numprocesses", None):
        from motion.protocols import CorrectionOptions
        from motion.synthesis.collection import synthesize
        from sim_server import Corrector

        options = CorrectionOptions(effort="fast", always_simulate=True)
        with Corrector(slots=1) as corrector:
            corrector.correct(synthesize(1, seed=0), options=options)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real mocap, named by PLUMB_DATA."""
    folder = Path(os.environ.get("PLUMB_DATA") or ROOT / "../shared/data")
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist (set PLUMB_DATA)")
    return folder


@pytest.fixture(scope="session")
def parity_dir() -> Recordings:
    """Return the numbers recorded from published code."""
    return Recordings()
