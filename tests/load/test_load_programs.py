"""The programs of `make load`, `make soak` and the long runs, at a size at which they take seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from growing_table import GrowingTable
from identity import Identity
from load import LoadTest
from load_clients import Load, closed_loop, open_loop
from load_motions import pieces, requests_for
from long_run import LongRun
from server_under_load import ServerUnderLoad
from soak import Sample, Soak, growth

from motion.errors import InvalidInput
from motion.protocols import CorrectionOptions
from motion.v1 import corrector_pb2

REQUESTS = requests_for(pieces(12, 16), CorrectionOptions())


def _rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their headers."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row, after in zip(rows, [*rows[1:], [""]], strict=True) if "---" not in (row[0], after[0])]


def test_closed_loops_send_each_request_once_and_compare_the_answers(echo: ServerUnderLoad) -> None:
    answers = closed_loop(echo.address, REQUESTS, 5)
    assert (answers.sent, answers.answered, answers.lost, answers.wrong) == (12, 12, 0, 0)
    assert 0 < answers.percentile(50) <= answers.percentile(99) <= answers.seconds
    compared = closed_loop(echo.address, REQUESTS, 3, [b""] * 12)
    assert (compared.answered, compared.wrong) == (12, 12)


def test_calls_that_fail_are_counted_by_their_status_and_not_as_lost(echo: ServerUnderLoad) -> None:
    malformed = corrector_pb2.CorrectRequest().SerializeToString()
    load = closed_loop(echo.address, [*REQUESTS, malformed, malformed], 2)
    assert load.answered == 12 and load.errors == {"INVALID_ARGUMENT": 2} and load.lost == 0
    assert Load(sent=3, latencies=[1.0]).lost == 2


def test_an_open_loop_sends_at_its_rate_and_at_times_that_the_seed_decides(echo: ServerUnderLoad) -> None:
    loads = [open_loop(echo.address, REQUESTS, 60.0, 1.0, seed) for seed in (1, 1, 2)]
    assert loads[0].sent == loads[1].sent and all(30 <= load.sent <= 90 and load.lost == 0 for load in loads)


def test_a_server_is_measured_with_all_that_it_started(echo: ServerUnderLoad) -> None:
    before = echo.cpu_seconds()
    closed_loop(echo.address, REQUESTS * 20, 1)
    assert echo.cpu_seconds() > before and 20 < echo.resident_mib() < 2000


def test_the_load_program_prints_all_tables_and_finds_no_wrong_answer(capsys: pytest.CaptureFixture[str]) -> None:
    program = LoadTest(clients=(1, 3), motions=4, frames=16, seconds=0.8, probes=2, calls=20, workers=0)
    assert program.run() == 0
    rows = {row[0]: row for row in _rows(capsys.readouterr().out)}
    assert list(rows) == [
        "in process",
        "1 clients",
        "3 clients",
        "one client alone",
        "70% of the full load",
        "64 other clients, --max-queue 4",
        "a corrector that does nothing",
    ]
    assert rows["3 clients"][1] == "4" and rows["3 clients"][-2:] == ["0", "0"]


def test_the_soak_watches_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert Soak(minutes=0.03, motions=4, frames=16, every=0.2, most_mib_a_minute=1e9, flags="--workers 0").run() == 0
    printed = capsys.readouterr().out
    assert len(_rows(printed)) >= 4 and " 0 wrong, 0 lost; memory " in printed


def test_a_table_is_printed_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    table = GrowingTable("way", "seconds")
    assert capsys.readouterr().out == "\n| way | seconds |\n| --- | --- |\n"
    table.add("one", 0.12345)
    assert capsys.readouterr().out == "| one | 0.123 |\n"
    table.add(2)
    assert capsys.readouterr().out == "| 2 |  |\n"


def test_growth_is_the_slope_of_the_last_two_thirds() -> None:
    samples = [Sample(60.0 * n, 100.0 + 50 * min(n, 10) + 2.5 * n, 0.0, 0) for n in range(31)]
    assert np.isclose(growth(samples), 2.5)
    assert growth(samples[:1]) == 0.0


def test_all_ways_give_one_set_of_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert Identity(motions=4, frames=16, batch=(1, 4), threads=(2,), workers=(1,)).run() == 0
    rows = _rows(capsys.readouterr().out)
    assert len(rows) == 4 and len({row[2] for row in rows}) == 1 and {row[3] for row in rows} == {"0"}


def test_a_long_run_goes_on_where_it_ended(
    sim: ServerUnderLoad, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.jsonl"
    run = LongRun(count=7, frames=16, block=2, out=out, server=sim.address)
    assert run.run() == 0
    whole, summary = out.read_text().splitlines(), capsys.readouterr().out
    assert summary.startswith("7 motions, ") and ", 0 unmarked, 0 not finite, 0 differing in " in summary
    assert [json.loads(line)["motions"] for line in whole[1:]] == [2, 2, 2, 1]
    out.write_text("\n".join(whole[:3]) + '\n{"block": 2, "mot')  # killed while it wrote
    assert run.run() == 0
    kept = out.read_text().splitlines()
    assert kept[:3] == whole[:3]
    redone = [json.loads(line) | {"seconds": 0} for line in kept[3:]]
    assert redone == [json.loads(line) | {"seconds": 0} for line in whole[3:]]
    with pytest.raises(InvalidInput, match="is of a run with"):
        LongRun(count=7, frames=16, block=2, seed=1, out=out, server=sim.address).run()
