"""Motions for worker processes, what they become, and workers in which some motions do harm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from worker_orders import SEED, SIMULATED, Same

from motion.motion import Motion
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server.workers import worker


@pytest.fixture(scope="session")
def short_motions() -> list[Motion]:
    """Return twelve motions of about 2 s, none of which is dangerous."""
    return [Motion(motion.positions[: 37 + index], name=f"{index}") for index, motion in enumerate(synthesize(12, 5))]


@pytest.fixture(scope="session")
def in_process(short_motions: list[Motion]) -> dict[str | None, Correction]:
    """Return the corrections of the motions by a corrector in this process, by name."""
    with Corrector() as corrector:
        return {each.motion.name: each for each in corrector.correct(short_motions, SEED, SIMULATED)}


@pytest.fixture
def same(in_process: dict[str | None, Correction]) -> Same:
    """Return a function that tells whether corrections are those of the corrector in this process, byte by byte."""

    def same(corrections: Sequence[Correction]) -> bool:
        wanted = [in_process[each.motion.name] for each in corrections]
        return all(
            np.array_equal(one.motion.positions, other.motion.positions) and one.report == other.report
            for one, other in zip(corrections, wanted, strict=True)
        )

    return same


@pytest.fixture
def dangerous_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pools start `dangerous_worker` instead of the worker that ships."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(worker, "PROGRAM", "dangerous_worker")
