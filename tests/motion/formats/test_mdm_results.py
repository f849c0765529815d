"""Several motions in one `.npy` file have the form of MDM's results."""

from __future__ import annotations

import pickletools
from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying_set

from motion.errors import InvalidInput
from motion.formats.files import output_for, read_file
from motion.formats.generators.mdm_results import results_of, write_results
from motion.formats.motion_file import MotionFile


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_results(tmp_path / "results.npy", swaying_set())
    return tmp_path / "results.npy"


def test_our_reader_gives_back_what_was_written(written: Path):
    read, motions = read_file(written), swaying_set()
    assert len(read.motions) == 3
    for index, (back, motion) in enumerate(zip(read.motions, motions, strict=True)):
        assert back.fps == 20
        if motion.fps == 20:
            assert (back.positions == motion.positions).all()
        assert back.caption == motion.caption, index


def test_numpy_gives_the_dictionary_that_mdm_writes(written: Path):
    results = np.load(written, allow_pickle=True).item()
    assert list(results) == ["motion", "text", "lengths", "num_samples", "num_repetitions"]
    assert results["motion"].shape == (3, 22, 3, results["lengths"].max())
    assert results["motion"].dtype == np.float32
    assert results["text"] == ["a person sways", "", "a person sways"]
    assert results["num_samples"] * results["num_repetitions"] == 3
    motion = swaying_set().motions[0]
    assert (results["motion"][0, :, :, : len(motion)] == motion.positions.transpose(1, 2, 0)).all()


def test_the_frames_behind_a_short_motion_repeat_its_last(written: Path):
    results = np.load(written, allow_pickle=True).item()
    short = int(results["lengths"].argmin())
    behind = results["motion"][short, :, :, results["lengths"][short] - 1 :]
    assert behind.shape[-1] > 1 and (behind == behind[..., :1]).all()


def test_the_pickle_names_only_what_old_and_new_numpy_have(written: Path):
    data = written.read_bytes()
    pickle = data[data.index(b"\n") + 1 :]
    named = {argument for opcode, argument, _ in pickletools.genops(pickle) if opcode.name == "GLOBAL"}
    assert named == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    assert not any(opcode.name == "STACK_GLOBAL" for opcode, _, _ in pickletools.genops(pickle))


def test_equal_motions_give_equal_bytes(written: Path):
    first = written.read_bytes()
    write_results(written, swaying_set())
    assert written.read_bytes() == first


def test_a_set_that_goes_to_one_npy_file_has_this_form(tmp_path: Path):
    source = MotionFile(tmp_path / "set", "packed", swaying_set())
    output_for(source, tmp_path / "x.npy").write(source.motions)
    assert len(read_file(tmp_path / "x.npy").motions) == 3


def test_results_of_one_motion_come_back_as_results(tmp_path: Path):
    write_results(tmp_path / "one.npy", swaying_set(1))
    source = read_file(tmp_path / "one.npy")
    output_for(source, tmp_path / "fixed.npy").write(source.motions)
    assert np.load(tmp_path / "fixed.npy", allow_pickle=True).item()["motion"].shape[0] == 1
    output_for(source, tmp_path / "plain.npy", "positions").write(source.motions)
    assert np.load(tmp_path / "plain.npy").shape == (40, 22, 3)


@pytest.mark.parametrize("form", ["features", "smpl"])
def test_results_hold_positions_only(tmp_path: Path, form):
    source = MotionFile(tmp_path / "set", "packed", swaying_set())
    with pytest.raises(InvalidInput, match="must"):
        output_for(source, tmp_path / "x.npy", form)


def test_motions_of_another_rate_are_resampled(tmp_path: Path):
    motions = swaying_set()
    assert motions.motions[1].fps == 30
    assert results_of(motions)["lengths"][1] == (len(motions.motions[1]) - 1) * 20 // 30 + 1
