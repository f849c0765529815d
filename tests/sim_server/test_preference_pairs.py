"""Preference pairs: the more performable motion of a prompt wins by enough, written as training code reads it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from swaying_body import rigid_sway

from motion.errors import InvalidInput
from motion.formats.files import read_motions
from motion.formats.packed import write_packed
from motion.humanml3d.features import features_to_positions
from motion.motion_set import MotionSet
from sim_server.commands.pairs_command import Pairs
from sim_server.preference_pairs import Judgement, preference_pairs


def pairs(prompts: str, forces: list[float], failed: str = "", **options: float) -> list[tuple[int, int]]:
    judgements = [Judgement(force, str(place) in failed) for place, force in enumerate(forces)]
    found = preference_pairs(list(prompts), judgements, **options)  # pyright: ignore[reportArgumentType]
    return [(pair.chosen, pair.rejected) for pair in found]


def test_the_motion_that_misses_less_force_wins() -> None:
    assert pairs("aabb", [50.0, 5.0, 1.0, 90.0]) == [(1, 0), (2, 3)]


def test_motions_of_other_prompts_and_near_ones_are_not_compared() -> None:
    assert pairs("ab", [50.0, 5.0]) == []
    assert pairs("aa", [50.0, 45.0]) == [] and pairs("aa", [50.0, 45.0], margin_n=5.0) == [(1, 0)]
    assert pairs("aa", [5.0, 5.0], margin_n=0.0) == [], "equal motions have no winner"


def test_the_pairs_that_are_farthest_apart_come_first() -> None:
    assert pairs("aaa", [0.0, 20.0, 50.0], per_prompt=2) == [(0, 2), (1, 2)]


def test_a_motion_that_the_body_lost_never_wins() -> None:
    assert pairs("aaa", [0.0, 20.0, 50.0], failed="0", per_prompt=9) == [(1, 0), (2, 0), (1, 2)]
    assert pairs("aa", [0.0, 20.0], failed="01") == []


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Write a standing and a hanging body for each of two prompts."""
    motions, captions = [], []
    for number, prompt in enumerate(("a person sways", "someone # swings")):
        for kind, lift in (("stands", 0.0), ("hangs", 0.4)):
            motion = rigid_sway(44, 0.3, number)
            lifted = motion.positions - (0, motion.positions[..., 1].min(), 0) + (0, lift, 0)
            motions.append(replace(motion, positions=lifted.astype(np.float32), name=f"{kind} {number}"))
            captions.append((prompt,))
    write_packed(tmp_path / "samples", MotionSet(tuple(motions), tuple(captions), ({},) * 4))
    return tmp_path / "samples"


def test_pairs_are_written_as_training_code_reads_them(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Pairs((samples,), tmp_path / "pairs").run()
    assert "2 pairs of 2 of 2 prompts" in capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "pairs/pairs.jsonl").read_text("utf-8").splitlines()]
    assert [(line["chosen"], line["rejected"]) for line in lines] == [("stands_0", "hangs_0"), ("stands_1", "hangs_1")]
    assert lines[1]["prompt"] == "someone # swings"
    assert all(line["rejected_force_n"] > 400 > line["chosen_force_n"] for line in lines)
    assert all(line["margin_n"] == pytest.approx(line["rejected_force_n"] - line["chosen_force_n"]) for line in lines)
    joints = np.load(tmp_path / "pairs/joints/stands_0.npy")
    features = np.load(tmp_path / "pairs/new_joint_vecs/stands_0.npy")
    assert joints.shape == (44, 22, 3) and features.shape == (43, 263) and math.isfinite(features.sum())
    recovered = features_to_positions(features)
    np.testing.assert_allclose(recovered[:, :, 1], joints[:43, :, 1], atol=1e-3)
    assert len(read_motions(tmp_path / "pairs")) == 4, "the folder is one of HumanML3D's form"


def test_what_gives_no_pairs_is_refused(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="use a smaller one"):
        Pairs((samples,), tmp_path / "pairs", margin=5000.0).run()
    with pytest.raises(InvalidInput, match="new or empty"):
        Pairs((samples,), samples.parent).run()
    with pytest.raises(InvalidInput, match="simulates nothing"):
        Pairs((samples,), tmp_path / "pairs", by="correction", effort="kinematic").run()
