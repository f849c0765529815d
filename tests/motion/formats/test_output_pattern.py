"""A star in the path of the output gives each motion of a set files of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rig_files import rig_text
from swaying_body import swaying, swaying_set

from motion.errors import InvalidInput
from motion.formats.files import check_output, output_for, read_file, read_rig
from motion.formats.generators.mdm_results import write_results
from motion.formats.motion_file import MotionFile
from motion.motion_set import MotionSet


def packed(motions: MotionSet, folder: Path) -> MotionFile:
    return MotionFile(folder / "set", "packed", motions)


def named(*names: str) -> MotionSet:
    return MotionSet(tuple(replace(swaying(20, seed=i), name=name) for i, name in enumerate(names)), ((),) * len(names))


def test_each_motion_gets_a_file_of_each_form(tmp_path: Path):
    motions = swaying_set()
    output = output_for(packed(motions, tmp_path), tmp_path / "new" / "*.{bvh,glb,usda}")
    written = output.write(motions)
    assert sorted(path.name for path in written) == sorted(
        f"{name}.{suffix}" for name in motions.ids for suffix in ("bvh", "glb", "usda")
    )
    for motion in motions:
        for suffix in ("bvh", "glb"):
            (read,) = read_file(tmp_path / "new" / f"{motion.name}.{suffix}").motions.motions
            assert read.fps == motion.fps
            assert np.linalg.norm(read.positions - motion.positions, axis=-1).max() < 1e-4


def test_the_folder_is_read_as_the_set_that_it_was_written_from(tmp_path: Path):
    motions = swaying_set()
    output_for(packed(motions, tmp_path), tmp_path / "new" / "*.{bvh,glb}").write(motions)
    assert read_file(tmp_path / "new").motions.ids == motions.ids


def test_words_around_the_star_stay(tmp_path: Path):
    output = output_for(packed(named("walk"), tmp_path), tmp_path / "fixed_*_v2.npz")
    assert [path.name for path in output.files] == ["fixed_walk_v2.npz"]


def test_motions_that_were_left_out_are_not_written(tmp_path: Path):
    motions = named("a", "b")
    output = output_for(packed(motions, tmp_path), tmp_path / "*.bvh")
    assert [path.name for path in output.write(motions.select([1]))] == ["b.bvh"]


def test_names_cannot_leave_the_folder(tmp_path: Path):
    motions = named("../../up", "/etc/x", "..", "sub/run", 'a:b*?"', "", ".hidden")
    output = output_for(packed(motions, tmp_path), tmp_path / "out" / "*.bvh")
    places = [path.relative_to(tmp_path / "out").as_posix() for path in output.files]
    assert places == ["up.bvh", "etc/x.bvh", "motion.bvh", "sub/run.bvh", "a_b___.bvh", "motion_2.bvh", "hidden.bvh"]
    assert all(path.resolve().is_relative_to((tmp_path / "out").resolve()) for path in output.files)


def test_no_two_motions_share_a_file_even_where_case_does_not_count(tmp_path: Path):
    files = output_for(packed(named("Walk", "walk", "walk_2"), tmp_path), tmp_path / "*.bvh").files
    assert len({path.name.casefold() for path in files}) == 3


def test_files_of_a_folder_keep_their_rig(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bvh").write_text(rig_text())
    (tmp_path / "in" / "b.bvh").write_text(rig_text(order="XYZ"))
    source = read_file(tmp_path / "in")
    output_for(source, tmp_path / "out" / "*.bvh").write(source.motions)
    text = (tmp_path / "out" / "b.bvh").read_text()
    assert "LeftHandIndex1" in text and "Xrotation Yrotation Zrotation" in text


@pytest.mark.parametrize("pattern", [None, "*.bvh", "*.{bvh,glb}"])
def test_a_folder_or_a_pattern_is_written_on_the_rig_of_another_file(tmp_path: Path, pattern: str | None):
    (tmp_path / "in").mkdir()
    for name, seed in (("a.bvh", 1), ("b.npz", 2), ("c.npy", 3)):
        motion = swaying(20, seed=seed, name=name)
        single = MotionFile(tmp_path / name, "npz", MotionSet((motion,), ((),)))
        output_for(single, tmp_path / "in" / name).write(single.motions)
    (tmp_path / "rig.bvh").write_text(rig_text())
    source, rig = read_file(tmp_path / "in"), read_rig(tmp_path / "rig.bvh")
    output = output_for(source, tmp_path / "out" / pattern if pattern else tmp_path / "out", rig=rig)
    written = [path.relative_to(tmp_path / "out").as_posix() for path in output.write(source.motions)]
    assert [name for name in written if name.endswith(".bvh")] == ["a.bvh", "b.bvh", "c.bvh"]
    for name in ("a.bvh", "b.bvh", "c.bvh"):
        assert "JOINT LeftHandIndex1" in (tmp_path / "out" / name).read_text()


def test_results_of_a_generator_become_one_file_each(tmp_path: Path):
    write_results(tmp_path / "results.npy", swaying_set())
    source = read_file(tmp_path / "results.npy")
    written = output_for(source, tmp_path / "fixed" / "*.bvh").write(source.motions)
    assert [path.name for path in written] == ["results_0.bvh", "results_1.bvh", "results_2.bvh"]


@pytest.mark.parametrize("name", ["*", "*.fbx", "*.{bvh,exe}", "*.bvh*", "**.bvh", "*.{bvh", "*.", "*.bvh,glb"])
def test_a_pattern_that_cannot_be_followed_is_refused_with_one_that_can(tmp_path: Path, name: str):
    with pytest.raises(InvalidInput, match=r"must be like FOLDER/\*\.bvh"):
        output_for(packed(named("a"), tmp_path), tmp_path / name)


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is not a folder"):
        output_for(packed(named("a"), tmp_path), tmp_path / "file" / "deep" / "*.bvh")


def test_an_input_is_not_replaced_by_a_pattern(tmp_path: Path):
    (tmp_path / "a.bvh").write_text(rig_text())
    source = read_file(tmp_path / "a.bvh")
    with pytest.raises(InvalidInput, match="--overwrite"):
        check_output(output_for(source, tmp_path / "*.bvh"), [tmp_path / "a.bvh"])


def test_several_motions_for_one_file_are_told_of_the_star(tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"\*\.bvh for a file of each motion"):
        output_for(packed(named("a", "b"), tmp_path), tmp_path / "x.bvh")
