"""HumanML3D folders are read as whole clips and captioned parts, and every skipped clip is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion.errors import InvalidInput, NotFound, SkippedMotionsWarning
from motion.formats.files import output_for, read_file, read_motions
from motion.formats.humanml3d_folder import read_captions, read_humanml3d
from motion.formats.packed import read_packed
from motion.humanml3d.features import features_to_positions, positions_to_features
from motion.shell.command import run_command

TEXTS = {
    "000000": "a person sways.#a/DET person/NOUN sway/VERB#0.0#0.0\nsomeone moves#someone/PRON move/VERB#nan#nan\n",
    "000001": "sways twice#sway/VERB#0.0#0.0\nfirst part#part/NOUN#0.5#3.0\nsame part#part/NOUN#0.5#3.0\n",
    "000002": "only a part#part/NOUN#1.0#4.5\n",
    "000003": "too short#short/ADJ#0.0#0.0\n",
    "000004": "no motion#no/DET#0.0#0.0\n",
    "000006": "broken#line\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "HumanML3D"
    (root / "new_joint_vecs").mkdir(parents=True)
    (root / "texts").mkdir()
    for number, frames in enumerate((60, 101, 101, 30, 0, 60, 60)):
        if frames:
            features = positions_to_features(swaying(frames + 1, seed=number).positions)
            np.save(root / "new_joint_vecs" / f"{number:06d}.npy", features)
    for name, text in TEXTS.items():
        (root / "texts" / f"{name}.txt").write_text(text)
    (root / "train.txt").write_text("".join(f"{number:06d}\n" for number in range(7)))
    (root / "val.txt").write_text("000000\n")
    np.save(root / "Mean.npy", np.zeros(263, np.float32))
    np.save(root / "Std.npy", np.ones(263, np.float32))
    return root


def test_skipped_motions_are_warned_of_in_python_and_on_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(SkippedMotionsWarning) as seen:
        kept = read_motions(folder, "train")
    assert any("1 skipped, " in str(each.message) and str(each.message).endswith(": 000006") for each in seen)

    def command() -> None:
        assert read_motions(folder, "train").ids == kept.ids

    with pytest.raises(SystemExit) as ended:
        run_command(command)
    assert ended.value.code == 0 and ": 000006\n" in capsys.readouterr().err


def test_clips_and_captioned_parts_become_motions(folder: Path):
    read = read_humanml3d(folder, "train")
    motions = read.motions
    assert motions.ids == ["000000", "000001", "000001@0.5-3", "000002@1-4.5"]
    assert motions.captions[0] == ("a person sways.", "someone moves")
    assert motions.captions[2] == ("first part", "same part")
    assert motions.metadata[3] == {"clip": "000002", "tokens": [["part/NOUN"]], "split": "train"}
    assert [len(motion) for motion in motions] == [60, 101, 50, 70]
    whole = features_to_positions(np.load(folder / "new_joint_vecs" / "000001.npy"))
    np.testing.assert_array_equal(motions.motions[2].positions, whole[10:60])
    assert read.mean is not None and read.std is not None and read.std.shape == (263,)


def test_skipped_clips_are_named_with_the_reason(folder: Path):
    read = read_humanml3d(folder, "train")
    assert read.outside == ("000003",)
    assert set(read.unreadable) == {"000004", "000005", "000006"}
    assert read.unreadable["000004"] == "no motion file" and read.unreadable["000005"] == "no text file"
    notes = "\n".join(read.notes())
    assert "1 skipped, too short or too long: 000003" in notes and "caption#tokens#start#end" in notes


def test_frame_limits_and_split_can_be_chosen(folder: Path):
    assert "000003" in read_humanml3d(folder, "train", min_frames=2).motions.ids
    assert read_humanml3d(folder, "val").motions.ids == ["000000"]
    assert len(read_humanml3d(folder).motions) == 4
    with pytest.raises(NotFound, match=r"no list dev\.txt; its lists are: train, val"):
        read_humanml3d(folder, "dev")
    with pytest.raises(InvalidInput, match="none of 6 clips"):
        read_humanml3d(folder, min_frames=500, max_frames=900)


def test_positions_are_read_if_the_folder_has_no_features(folder: Path):
    (folder / "new_joint_vecs").rename(folder / "unused")
    (folder / "new_joints").mkdir()
    np.save(folder / "new_joints" / "000000.npy", swaying(60).positions)
    np.testing.assert_array_equal(read_humanml3d(folder, "val").motions.motions[0].positions, swaying(60).positions)
    (folder / "new_joints" / "000000.npy").unlink()
    (folder / "new_joints").rmdir()
    with pytest.raises(NotFound, match="neither new_joint_vecs/ nor new_joints/"):
        read_humanml3d(folder)


def test_a_folder_becomes_a_packed_set(folder: Path, tmp_path: Path):
    source = read_file(folder, split="train")
    assert source.layout == "humanml3d" and not source.single and source.unreadable == 3
    output_for(source, tmp_path / "set").write(source.motions)
    assert read_packed(tmp_path / "set").content_id() == source.motions.content_id()
    assert read_file(tmp_path / "set", split="train").motions.content_id() == source.motions.content_id()
    with pytest.raises(InvalidInput, match=r"split: is 'val'.*must be one of train"):
        read_file(tmp_path / "set", split="val")


def test_damaged_texts_and_statistics_are_refused(folder: Path):
    (folder / "new_joint_vecs" / "000000.npy").write_bytes(b"\x93NUMPY")
    assert "000000" in read_humanml3d(folder, "train").unreadable
    with pytest.raises(InvalidInput, match="not a number"):
        (folder / "texts" / "x.txt").write_text("a#b#c#d")
        read_captions(folder / "texts" / "x.txt")
    np.save(folder / "Mean.npy", np.zeros(7))
    with pytest.raises(InvalidInput, match=r"Mean\.npy"):
        read_humanml3d(folder, "train")
