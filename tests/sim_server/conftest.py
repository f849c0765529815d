"""Motions, clips and a small trained policy, which several rooms test with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from motion.motion import Motion
from motion.synthesis import synthesize

if TYPE_CHECKING:
    from sim_server.learning.clips import Clip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def motions() -> list[Motion]:
    """Return three short motions, those of the tiny training."""
    from tiny_training import SOURCE

    return list(synthesize(SOURCE.count, SOURCE.seed, actions=SOURCE.actions))


@pytest.fixture(scope="session")
def clips(motions: list[Motion]) -> list[Clip]:
    """Return the clips of the motions, clean and corrupted."""
    from sim_server.learning.clips import make_clips

    return make_clips(motions, [1.0] * 3, {"clean": 1.0, "all": 1.0}, (0.95, 1.05), 0)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a policy that was trained for one short chapter; tests must not write to it."""
    from tiny_training import TINY

    from sim_server.learning.policy_training_run import train

    return train(replace(TINY, steps=200), tmp_path_factory.mktemp("trained"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `plumb-sim` in this process: arguments -> exit status, stdout, stderr."""
    from sim_server.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run
