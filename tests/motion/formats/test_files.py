"""All formats are read and written by the same functions, and an output has the format of its input."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying, swaying_set

from motion.errors import InvalidInput, NotFound
from motion.formats.arrays.array_file import write_single
from motion.formats.files import check_output, output_for, read_file, read_files, read_motions, write_motion
from motion.formats.npz import read_npy, read_npz
from motion.formats.packed import read_packed, write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.skeleton import JOINT_NAMES


@pytest.mark.parametrize(
    ("file", "form", "layout", "content", "tolerance"),
    [
        ("a.bvh", "positions", "bvh", "positions", 1e-3),
        ("a.npy", "positions", "npy", "positions", 0),
        ("a.npz", "positions", "npz", "positions", 0),
        ("a.npz", "smpl", "smpl", "positions", 1e-3),
    ],
)
def test_positions_are_recovered_from_every_format(
    tmp_path: Path, file: str, form, layout: str, content: str, tolerance: float
):
    motion = swaying()
    write_motion(tmp_path / file, motion, form)
    source = read_file(tmp_path / file)
    assert (source.layout, source.content, source.single) == (layout, content, True)
    np.testing.assert_allclose(source.motions.motions[0].positions, motion.positions, atol=tolerance)


@pytest.mark.parametrize("file", ["a.npy", "a.npz"])
def test_features_are_written_as_features_with_as_many_rows(tmp_path: Path, file: str):
    write_motion(tmp_path / file, swaying(), "features")
    source = read_file(tmp_path / file)
    assert source.content == "features" and len(source.motions.motions[0]) == 59
    suffix = Path(file).suffix
    output_for(source, tmp_path / f"again{suffix}").write(source.motions)
    again = read_file(tmp_path / f"again{suffix}")
    assert again.content == "features" and len(again.motions.motions[0]) == 59
    output_for(source, tmp_path / "positions.npy", "positions").write(source.motions)
    assert read_npy(tmp_path / "positions.npy").shape == (59, 22, 3)


def test_an_npz_file_keeps_rate_caption_and_name(tmp_path: Path):
    write_motion(tmp_path / "a.npz", swaying(fps=30, name="walk"))
    (motion,) = read_motions(tmp_path / "a.npz")
    assert (motion.fps, motion.caption, motion.name) == (30, "a person sways", "walk")


def test_motions_at_other_rates_are_resampled_to_20_fps_for_npy(tmp_path: Path):
    motion = swaying(frames=121, fps=60)
    for form, rows in (("positions", 41), ("features", 40)):
        write_motion(tmp_path / "a.npy", motion, form)
        assert len(read_npy(tmp_path / "a.npy")) == rows
    write_motion(tmp_path / "a.npy", motion)
    np.testing.assert_allclose(read_npy(tmp_path / "a.npy"), motion.positions[::3], atol=1e-6)


def test_joints_of_an_npz_file_may_be_in_any_order(tmp_path: Path):
    motion = swaying()
    order = np.random.default_rng(0).permutation(22)
    names = np.array([*np.array(JOINT_NAMES)[order], "left_hand"])
    positions = np.concatenate([motion.positions[:, order], motion.positions[:, :1]], axis=1)
    np.savez(tmp_path / "a.npz", positions=positions, joint_names=names, fps=20)
    np.testing.assert_array_equal(read_motions(tmp_path / "a.npz").motions[0].positions, motion.positions)
    np.savez(tmp_path / "a.npz", positions=motion.positions, joint_names=np.array([*JOINT_NAMES[:-1], "flipper"]))
    with pytest.raises(InvalidInput, match="lacks right_wrist"):
        read_file(tmp_path / "a.npz")


def test_a_packed_set_is_found_with_and_without_suffix_and_stays_a_packed_set(tmp_path: Path):
    write_packed(tmp_path / "set", swaying_set())
    for path in ("set", "set.npz"):
        source = read_file(tmp_path / path)
        assert source.layout == "packed" and not source.single
    written = output_for(source, tmp_path / "out").write(source.motions, [{"status": "OK"}] * 3)
    assert sorted(file.name for file in written) == ["out.jsonl", "out.npz", "out.reports.jsonl"]
    one = source.motions.select([0])
    write_packed(tmp_path / "one", one)
    assert output_for(read_file(tmp_path / "one"), tmp_path / "b.npz").layout == "packed"


def test_the_output_has_the_format_of_the_input_unless_its_suffix_says_otherwise(tmp_path: Path):
    write_motion(tmp_path / "walk.bvh", swaying())
    write_motion(tmp_path / "walk.npz", swaying(), "smpl")
    bvh, smpl = read_file(tmp_path / "walk.bvh"), read_file(tmp_path / "walk.npz")
    assert output_for(bvh, tmp_path / "fixed").path.name == "fixed.bvh"
    assert output_for(bvh, tmp_path / "fixed.npz").layout == "npz"
    assert output_for(bvh, tmp_path / "fixed.npz", "smpl").layout == "smpl"
    assert output_for(smpl, tmp_path / "fixed.npz").layout == "smpl"
    assert output_for(smpl, tmp_path / "fixed.npz", "positions").layout == "npz"
    (tmp_path / "folder").mkdir()
    assert output_for(bvh, tmp_path / "folder").path == tmp_path / "folder" / "walk.bvh"


def test_outputs_that_cannot_hold_the_motions_are_refused_before_the_work(tmp_path: Path):
    write_packed(tmp_path / "set", swaying_set())
    write_motion(tmp_path / "a.bvh", swaying())
    packed, bvh = read_file(tmp_path / "set"), read_file(tmp_path / "a.bvh")
    for source, out, form, message in (
        (packed, "out.bvh", None, "one motion, not 3"),
        (packed, "out.usda", None, "one motion, not 3"),
        (packed, "out", "features", "holds positions"),
        (packed, "missing/out", None, "does not exist"),
        (bvh, "out.bvh", "features", "cannot hold features"),
        (bvh, "out.npy", "smpl", "must end in .npz"),
    ):
        with pytest.raises(InvalidInput, match=message):
            output_for(source, tmp_path / out, form)
    with pytest.raises(InvalidInput, match=r"\.bvh, \.glb, \.usda, \.npy or \.npz"):
        write_motion(tmp_path / "a.txt", swaying())
    assert sorted(os.listdir(tmp_path)) == ["a.bvh", "set.jsonl", "set.npz"]


@pytest.mark.parametrize("name", ["fixed.usd", "fixed.FBX", "fixed.json", "fixed.mp4", "fixed.h5", "fixed.bhv"])
def test_an_output_with_an_unknown_file_type_is_refused_before_the_work(tmp_path: Path, name: str):
    write_packed(tmp_path / "set", swaying_set())
    write_motion(tmp_path / "a.bvh", swaying())
    for source in (read_file(tmp_path / "set"), read_file(tmp_path / "a.bvh")):
        with pytest.raises(
            InvalidInput, match=rf"{name}: ends in '{Path(name).suffix}'; must end in \.bvh, \.glb, \.usda, \.npy or"
        ):
            output_for(source, tmp_path / name)


@pytest.mark.parametrize("name", ["take.01", "walk.v2", "set.train", "session.2026-11-28", "a.b_c", "plain", "dots..."])
def test_a_dot_in_the_name_of_an_output_does_not_make_a_file_type(tmp_path: Path, name: str):
    write_packed(tmp_path / "set", swaying_set())
    write_motion(tmp_path / "a.bvh", swaying())
    written = output_for(packed := read_file(tmp_path / "set"), tmp_path / name).write(packed.motions)
    assert [file.name for file in written] == [f"{name}.npz", f"{name}.jsonl"]
    assert output_for(read_file(tmp_path / "a.bvh"), tmp_path / name).path.name == f"{name}.bvh"
    assert len(read_motions(tmp_path / name)) == 3


def test_an_output_that_is_an_input_needs_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_packed("set", swaying_set())
    write_motion("a.bvh", swaying())
    Path("link.bvh").symlink_to("a.bvh")
    Path("hard.bvh").hardlink_to("a.bvh")
    Path("folder").mkdir()
    packed, bvh = read_file("set"), read_file("a.bvh")
    for source, out in (
        (packed, "set"),
        (packed, "set.npz"),
        (packed, tmp_path / "folder" / ".." / "set"),
        (bvh, "a.bvh"),
        (bvh, "a"),
        (bvh, "."),
        (bvh, "./a.bvh"),
        (bvh, tmp_path / "a.bvh"),
        (bvh, "link.bvh"),
        (bvh, "hard.bvh"),
    ):
        output = output_for(source, out)
        with pytest.raises(InvalidInput, match=f"would replace the input {source.path}; .* use --overwrite"):
            check_output(output, ["other", source.path])
        check_output(output, ["other", source.path], overwrite=True)
    check_output(output_for(bvh, "b.bvh"), ["a.bvh", "set"])
    check_output(output_for(bvh, "a.npz"), ["a.bvh", "set"])
    check_output(output_for(packed, "again"), ["set"])


def test_an_output_inside_a_humanml3d_folder_does_not_replace_its_clips(tmp_path: Path):
    (tmp_path / "data" / "new_joints").mkdir(parents=True)
    write_motion(tmp_path / "data" / "new_joints" / "x.npy", swaying())
    motion = read_file(tmp_path / "data" / "new_joints" / "x.npy")
    with pytest.raises(InvalidInput, match="would replace the input"):
        check_output(output_for(motion, tmp_path / "data" / "new_joints" / "x.npy"), [tmp_path / "data"])
    check_output(output_for(motion, tmp_path / "data" / "new.npy"), [tmp_path / "data"])


def test_several_inputs_are_read_as_one_set_with_unique_names(tmp_path: Path):
    motions = swaying_set()
    write_packed(tmp_path / "one", motions)
    write_packed(tmp_path / "two", motions)
    write_motion(tmp_path / "walk.bvh", swaying())
    source = read_files([tmp_path / "one", tmp_path / "walk.bvh", tmp_path / "two"])
    assert source.motions.ids[:4] == ["one/sway_0", "one/sway_1", "one/sway_2", "walk"]
    assert not source.single and source.motions.metadata[-1] == motions.metadata[-1]
    twice = read_files([tmp_path / "walk.bvh", tmp_path / "walk.bvh"])
    assert len(set(twice.motions.ids)) == 2
    with pytest.raises(InvalidInput, match="at least one"):
        read_files([])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((50, 24, 3)), r"\(50, 24, 3\)"),
        (np.zeros((50, 66)), r"\(50, 66\)"),
        (np.zeros((50, 22, 3), complex), "complex"),
        (np.random.default_rng(0).normal(size=(50, 263)), "un-normalised"),
        (np.full((50, 263), np.nan), "must be finite"),
        (np.zeros((0, 22, 3)), "holds nothing; must have at least one frame"),
        (np.zeros((0, 263)), "holds nothing; must have at least one frame"),
    ],
)
def test_arrays_that_are_not_motion_are_refused_with_the_file(tmp_path: Path, array: np.ndarray, message: str):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InvalidInput, match=message) as refusal:
        read_file(tmp_path / "a.npy")
    assert "a.npy" in str(refusal.value)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path):
    np.save(tmp_path / "a.npy", swaying().positions)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-100])
    np.save(tmp_path / "pickle.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    np.savez(tmp_path / "set.npz", positions=swaying().positions, offsets=np.array([0, 20]))
    np.savez(tmp_path / "fps.npz", positions=swaying().positions, fps=0)
    np.savez(tmp_path / "caption.npz", positions=swaying().positions, caption=np.zeros(3))
    np.save(tmp_path / "huge.npy", np.zeros(10))
    huge = (tmp_path / "huge.npy").read_bytes().replace(b"(10,), }        ", b"(10**13, 263), }"[:16].ljust(16))
    (tmp_path / "huge.npy").write_bytes(huge)
    (tmp_path / "header.npy").write_bytes(huge.replace(b"descr", b"(((((").replace(b"}", b"("))
    (tmp_path / "deep.npy").write_bytes(huge.replace(b"'descr'", b"-" * 5000 + b"1"))
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "text.npy").write_text("hello")
    for name, message in (
        ("a.npy", "cannot be read as .npy"),
        ("pickle.npy", "holds a; must hold positions"),
        ("other.npz", "holds weights; must hold positions"),
        ("set.npz", "lacks ids; a packed set has"),
        ("fps.npz", "fps: is 0"),
        ("caption.npz", "must be one string"),
        ("huge.npy", "cannot be read as .npy"),
        ("header.npy", "cannot be read as .npy"),
        ("deep.npy", "cannot be read as .npy"),
        ("note.txt", "no known form"),
        ("text.npy", r"it is damaged or of another format$"),
    ):
        with pytest.raises(InvalidInput, match=message):
            read_file(tmp_path / name)
    with pytest.raises(NotFound, match=r"walk\.bvh does not exist; .* has a\.npy"):
        read_file(tmp_path / "walk.bvh")
    with pytest.raises(InvalidInput, match="none of 10 files could be read"):
        read_file(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="is a folder, with no motion files"):
        read_file(tmp_path / "empty")


def test_the_case_of_a_suffix_and_a_byte_order_mark_do_not_matter(tmp_path: Path):
    write_motion(tmp_path / "a.npz", swaying())
    (tmp_path / "a.npz").rename(tmp_path / "A.NPZ")
    write_motion(tmp_path / "b.bvh", swaying())
    (tmp_path / "b.bvh").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "b.bvh").read_bytes())
    for name in ("A.NPZ", "b.bvh"):
        assert len(read_file(tmp_path / name).motions) == 1


def test_joints_are_written_in_the_order_of_humanml3d(tmp_path: Path):
    motion = swaying()
    order = np.random.default_rng(0).permutation(22)
    shuffled = replace(
        motion, positions=motion.positions[:, order], joint_names=tuple(motion.joint_names[i] for i in order)
    )
    for name in ("a.npz", "a.npy", "a.bvh"):
        write_motion(tmp_path / name, shuffled)
        back = read_file(tmp_path / name).motions.motions[0]
        np.testing.assert_allclose(back.positions, motion.positions, atol=1e-3)
    write_packed(tmp_path / "set", MotionSet((shuffled,), ((),)))
    assert np.array_equal(read_packed(tmp_path / "set").motions[0].positions, motion.positions)


def test_equal_motions_give_equal_files(tmp_path: Path):
    motion = swaying(name="walk")
    for number, same in enumerate((motion, Motion(motion.positions.copy(), 20, caption=motion.caption, name="walk"))):
        write_single(tmp_path / f"{number}.npz", same)
        write_motion(tmp_path / f"{number}.bvh", replace(same))
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    assert (tmp_path / "0.bvh").read_bytes() == (tmp_path / "1.bvh").read_bytes()
    assert set(read_npz(tmp_path / "0.npz")) == {"positions", "joint_names", "fps", "caption", "name"}
