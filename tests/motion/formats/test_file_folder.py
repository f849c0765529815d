"""Plain folders of files: a set with captions, in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file, write_motion
from motion.formats.packed import read_packed


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    (folder / "texts").mkdir()
    write_motion(folder / "walk.bvh", swaying(name="walk"))
    write_motion(folder / "more" / "run.npy", swaying(50))
    write_motion(folder / "hop.v2.npz", swaying(30, fps=30), "smpl")
    np.save(folder / "pair.npy", np.stack([swaying().positions, swaying().positions]))
    np.save(folder / "Mean.npy", np.zeros(263))
    (folder / "walk.txt").write_text("a person walks\n\nsomeone walks slowly\n")
    (folder / "texts" / "run.txt").write_text("a run#a/DET run/NOUN#0.0#0.0\n")
    return folder


def test_a_folder_is_a_set_with_captions(clips: Path):
    found = read_file(clips)
    assert found.layout == "folder" and not found.single and not found.unreadable
    assert found.motions.ids == ["hop.v2", "more/run", "pair_0", "pair_1", "walk"]
    captions = dict(zip(found.motions.ids, found.motions.captions, strict=True))
    assert captions["walk"] == ("a person walks", "someone walks slowly") and captions["more/run"] == ("a run",)
    assert captions["hop.v2"] == ()


def test_a_folder_comes_back_as_a_folder_of_the_same_files(clips: Path, tmp_path: Path):
    found = read_file(clips)
    written = output_for(found, tmp_path / "out").write(found.motions)
    names = {file.relative_to(tmp_path / "out").as_posix() for file in written}
    assert names == {"hop.v2.npz", "more/run.npy", "pair.npz", "pair.jsonl", "walk.bvh"}
    again = read_file(tmp_path / "out")
    assert set(again.motions.ids) == set(found.motions.ids)
    for name, motion in zip(again.motions.ids, again.motions, strict=True):
        wanted = found.motions.motions[found.motions.ids.index(name)]
        np.testing.assert_allclose(motion.positions, wanted.positions, atol=1e-3)
        assert motion.fps == wanted.fps


def test_a_folder_becomes_a_packed_set(clips: Path, tmp_path: Path):
    found = read_file(clips)
    output_for(found, tmp_path / "set.npz").write(found.motions)
    assert read_packed(tmp_path / "set").content_id() == found.motions.content_id()


def test_a_file_that_cannot_be_read_is_left_out_and_named(clips: Path):
    (clips / "bad.npy").write_bytes(b"hello")
    (clips / "walk.txt").write_bytes(b"\xff\xfe\xff")
    found = read_file(clips)
    assert found.unreadable == 1 and len(found.motions) == 5
    assert any("left out" in note and "bad.npy" in note for note in found.notes)
    assert any("no caption of walk.bvh" in note for note in found.notes)
    for file in clips.rglob("*"):
        if file.suffix in (".npy", ".npz", ".bvh"):
            file.write_bytes(b"")
    with pytest.raises(InvalidInput, match="none of 5 files could be read"):
        read_file(clips)


def test_the_same_name_twice_is_kept_apart(clips: Path):
    write_motion(clips / "walk.npy", swaying())
    assert {"walk", "walk.npy"} <= set(read_file(clips).motions.ids)


def test_a_humanml3d_folder_needs_no_texts(tmp_path: Path):
    (tmp_path / "new_joints").mkdir()
    np.save(tmp_path / "new_joints" / "000001.npy", swaying().positions)
    found = read_file(tmp_path)
    assert found.motions.ids == ["000001"] and found.motions.captions == ((),)


def test_kit_ml_is_refused_by_name(tmp_path: Path):
    (tmp_path / "new_joint_vecs").mkdir()
    np.save(tmp_path / "new_joint_vecs" / "00001.npy", np.zeros((60, 251)))
    with pytest.raises(InvalidInput, match="KIT-ML"):
        read_file(tmp_path)
