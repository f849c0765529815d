"""Test the selection of clips by the recordings that HumanML3D's index.csv names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from loop_fakes import swaying_set

from loop_client.runs.clip_index import read_index, select_recordings
from loop_client.runs.real_motions import load_data
from loop_client.runs.recipe_sections import DataRecipe
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import write_packed
from motion.motion_set import MotionSet

INDEX = """source_path,start_frame,end_frame,new_name
./pose_data/BMLmovi/Subject_1/walk_poses.npy,0,100,000000.npy
./pose_data/BMLmovi/Subject_1/sitting_down_poses.npy,0,100,000001.npy
./pose_data/CMU/01/01_01_poses.npy,0,100,000002.npy
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "index.csv").write_text(INDEX)
    return tmp_path / "index.csv"


def clips(names: list[str]) -> MotionSet:
    motions = swaying_set(len(names))
    renamed = [replace(motion, name=name) for motion, name in zip(motions, names, strict=True)]
    return MotionSet(tuple(renamed), motions.captions, tuple({"clip": name.partition("@")[0]} for name in names))


def test_clips_of_a_recording_and_their_mirrors_are_selected(index: Path) -> None:
    motions = clips(["000000", "M000000", "000000@1-3", "000001", "M000001", "000002", "000009"])
    chosen = select_recordings(motions, read_index(index), ["BMLmovi"], ["sitting_down"])
    assert list(chosen.ids) == ["000000", "M000000", "000000@1-3"]
    assert select_recordings(motions, read_index(index), ["BMLmovi", "CMU"], []).ids == motions.ids[:6]


def test_a_recipe_selects_the_clips_of_its_sources(index: Path, tmp_path: Path) -> None:
    write_packed(tmp_path / "set", clips(["000000", "M000000", "000001", "M000001", "000002"]))
    recipe = DataRecipe(n=2, train=str(tmp_path / "set"), index=str(index), sources=("BMLmovi",), test_n=2)
    assert {name.removeprefix("M") for name in load_data(recipe).pool.ids} <= {"000000", "000001"}
    with pytest.raises(InvalidInput, match="no clip of"):
        load_data(replace(recipe, sources=("KIT",)))
    with pytest.raises(InvalidInput, match="give both or none"):
        replace(recipe, sources=())


def test_sets_without_clip_names_are_refused(index: Path) -> None:
    with pytest.raises(InvalidInput, match="clip00 does not name the clip it is of"):
        select_recordings(swaying_set(2), read_index(index), ["BMLmovi"], [])


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "source_path,new_name\nonly\n"])
def test_files_that_are_no_index_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(InvalidInput, match="columns"):
        read_index(tmp_path / "index.csv")
    with pytest.raises(NotFound):
        read_index(tmp_path / "none.csv")
