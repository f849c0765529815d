"""Bad members are left out and named, unless there are only bad ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from swaying_body import sway

from motion.errors import InvalidInput
from motion.formats.members import check_any_size, keep_valid
from motion.formats.motion_file import MotionFile, set_of_one
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.validation import check_motion


def file_of(*motions: Motion) -> MotionFile:
    captions = tuple((f"caption of {motion.name}",) for motion in motions)
    return MotionFile(Path("set.npz"), "packed", MotionSet(motions, captions))


def bad(name: str) -> Motion:
    return Motion(np.full((9, 22, 3), np.nan), name=name)


def test_bad_members_are_named_and_the_captions_stay_with_the_others() -> None:
    kept = keep_valid(file_of(bad("a"), sway(name="b"), bad("c"), sway(name="d")), check_motion)
    assert kept.motions.ids == ["b", "d"] and kept.motions.captions == (("caption of b",), ("caption of d",))
    assert kept.unreadable == 2 and [note.split(":")[0] for note in kept.notes] == [
        "left out a positions",
        "left out c positions",
    ]


def test_a_set_of_good_members_has_the_same_motions() -> None:
    file = file_of(sway(name="a"), sway(name="b"))
    kept = keep_valid(file, check_motion)
    assert kept.motions.motions == file.motions.motions and kept.notes == () and kept.unreadable == 0


def test_a_set_without_a_good_member_is_refused() -> None:
    with pytest.raises(InvalidInput, match="holds no motions"):
        keep_valid(file_of(), check_motion)
    with pytest.raises(InvalidInput, match=r"m0 positions.*and 4 more") as refusal:
        keep_valid(file_of(*(bad(f"m{i}") for i in range(12))), check_motion)
    assert "m8" not in str(refusal.value)


def test_a_body_of_the_wrong_size_is_refused_with_the_flag_that_mends_it() -> None:
    giant = sway(name="giant").with_positions(sway().positions * 3)
    file = replace(file_of(), layout="npz", motions=set_of_one(giant))
    with pytest.raises(InvalidInput, match=r"m tall.*--unit"):
        keep_valid(file, check_motion)
    assert check_any_size(giant, check_motion) is giant
    with pytest.raises(InvalidInput, match="must be finite"):
        check_any_size(bad("a"), check_motion)
