"""The program of `make faults`, with servers that start fast, and what it would say of motions that are lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fault_bench import FaultBench, Outcome
from fault_scenarios import SCENARIOS
from faults import Faults, outcome_table
from load_motions import pieces
from server_under_load import ServerUnderLoad

_FAST = ("kill_one_of_three", "terminate_one_of_two", "client_killed")


def test_no_motion_is_lost_or_wrong_whatever_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    assert Faults(only=_FAST, motions=60, frames=16, echo=True).run() == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert len(rows) == len(_FAST)
    assert [row[1:6] for row in rows] == [["60", "60", "0", "0", "0"]] * len(_FAST)


@pytest.mark.slow
def test_no_motion_is_lost_or_wrong_whatever_breaks_a_server_that_ships() -> None:
    assert Faults(motions=40, frames=20).run() == 0


def test_motions_that_are_lost_or_wrong_are_counted(echo: ServerUnderLoad) -> None:
    bench = FaultBench.of(pieces(10, 16), "fast", (), echo=True)
    outcome = replace(bench, right=[b"", *bench.right[1:]]).correct("nothing", echo.address)
    assert (outcome.sent, outcome.back, outcome.told, outcome.lost, outcome.wrong) == (10, 10, 0, 0, 1)
    gone = bench.correct("no server", "127.0.0.1:1")
    assert (gone.back, gone.told, gone.lost) == (0, 10, 0) and "there is no sim server" in gone.seen
    lost = Outcome("a fault", 10, back=7, told=1)
    assert lost.lost == 2 and "| a fault | 10 | 7 | 1 | 2 | 0 | 0.0 |  |" in outcome_table([lost])


def test_every_fault_of_the_program_is_described() -> None:
    assert all(scenario.__doc__ and scenario.__name__ == name for name, scenario in SCENARIOS.items())
    assert set(_FAST) <= set(SCENARIOS)
