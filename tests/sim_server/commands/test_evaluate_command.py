"""`plumb-sim evaluate`: its table, its JSON, and the card of a policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector

from motion.formats.files import write_motion
from motion.motion import Motion
from sim_server.policies.policy_folder import read_policy

Run = Callable[..., tuple[int, str, str]]


def test_a_server_and_this_process_report_the_same(server: ServerProcess, packed: Path, run: Run) -> None:
    documents = []
    for more in ((), ("--server", server.address)):
        status, text, _ = run("evaluate", packed, "--corrupt", "float", "--json", *more)
        assert status == 0
        documents.append({k: v for k, v in json.loads(text).items() if k != "frames_per_second"})
    assert documents[0] == documents[1] and documents[0]["clips"] == 3


@pytest.fixture
def walk(motions: list[Motion], tmp_path: Path) -> Path:
    """Return the file of a short motion."""
    write_motion(tmp_path / "walk.npy", Motion(motions[0].positions[:30], name="walk"))
    return tmp_path / "walk.npy"


@pytest.fixture
def policy(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of the trained policy."""
    return Path(shutil.copytree(trained, tmp_path / "policy"))


def test_a_card_gets_the_rows_of_its_own_policy_alone(walk: Path, policy: Path, tmp_path: Path, run: Run) -> None:
    other = shutil.copytree(policy, tmp_path / "other")  # another policy of the same name
    flags = [flag for each in ("zero", policy, other) for flag in ("--policy", each)]
    _, text, stderr = run("evaluate", walk, *flags, "--assist", "50", "--card", policy, "--json")
    card = json.loads((policy / "card.json").read_text())
    assert [row["policy"] for row in json.loads(text)["rows"]] == ["zero", "tiny", "tiny"]
    assert card["scores"] == [json.loads(text)["rows"][1]]
    assert "1 of 3 rows" in stderr
    assert read_policy(policy).name == "tiny"


def test_a_card_of_a_policy_that_is_not_evaluated_is_refused_before_the_work(
    walk: Path, policy: Path, tmp_path: Path, run: Run, smoothing: list[SmoothingCorrector]
) -> None:
    before = (policy / "card.json").read_bytes()
    for flags in ((), ("--policy", "zero"), ("--server", "127.0.0.1:1", "--policy", "zero")):
        status, _, stderr = run("evaluate", walk, *flags, "--card", policy)
        assert status == 2 and "tiny, which is not evaluated" in stderr and stderr.count("\n") == 1
    assert run("evaluate", walk, "--card", tmp_path / "nowhere")[0] == 2
    assert not smoothing and (policy / "card.json").read_bytes() == before


def test_combinations_of_flags_make_a_table(packed: Path, run: Run, smoothing: object) -> None:
    status, text, _ = run(
        "evaluate", packed, "--corrupt", "sink", "--corrupt", "drift", "--assist", "none", "--assist", 9
    )
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert status == 0 and len(rows) == 6
    assert [(row[rows[0].index("assist")], row[rows[0].index("corrupt")]) for row in rows[2:]] == [
        ("none", "sink"), ("9", "sink"), ("none", "drift"), ("9", "drift"),
    ]  # fmt: skip
