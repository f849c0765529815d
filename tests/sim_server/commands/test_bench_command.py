"""`plumb-sim bench`: its JSON document and its table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from motion.formats.files import write_motion
from motion.motion import Motion

Run = Callable[..., tuple[int, str, str]]


def test_the_ratios_are_in_the_document_and_in_the_table(motions: list[Motion], tmp_path: Path, run: Run) -> None:
    write_motion(tmp_path / "walk.npy", Motion(motions[0].positions[:24], name="walk"))
    status, text, _ = run("bench", tmp_path / "walk.npy", "--slots", 1, "--policy", "base", "--rounds", 1, "--json")
    document = json.loads(text)
    assert status == 0 and document["motions"] == 1 and document["frames"] == 24
    assert 0 < document["ratio_single_attempt"] < 2 and 0 < document["ratio_ladder"] < 2
    status, text, _ = run("bench", tmp_path / "walk.npy", "--slots", 1, "--policy", "base", "--rounds", 1)
    assert status == 0
    assert {"ratio_single_attempt", "ratio_ladder", "frames_per_core_second.mj_step"} < set(text.split())


def test_wrong_arguments_are_refused(packed: Path, run: Run) -> None:
    status, _, stderr = run("bench", packed, "--slots", 0)
    assert status == 2 and "slots" in stderr
    status, _, stderr = run("bench", packed, "--rounds", 0)
    assert status == 2 and "rounds" in stderr
    status, _, stderr = run("bench", packed, "--policy", "no-such")
    assert status == 2 and "no policy 'no-such'" in stderr
