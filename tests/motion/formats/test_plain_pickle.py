"""Pickles are read without running them: plain values come back, everything else is refused."""

from __future__ import annotations

import collections
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.formats.arrays.object_file import read_object_file
from motion.formats.arrays.plain_pickle import NotPlain, read_plain_pickle, read_torch_archive


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_numbers_and_text_come_back(protocol: int):
    shared = np.arange(6.0).reshape(2, 3)
    value = {
        "c": shared, "again": shared, "fortran": np.asfortranarray(shared), "empty": np.zeros((0, 3)),
        "scalar": np.float32(2.5), "words": np.array(["ab", "c"]), "list": ["x", 1, None, True, b"y"],
        1: {"objects": np.array(["hello", None], dtype=object)}, "big": np.arange(3, dtype=">i4"),
    }  # fmt: skip
    found = read_plain_pickle(pickle.dumps(value, protocol=protocol))
    for key in ("c", "again", "fortran", "empty", "words", "big"):
        np.testing.assert_array_equal(found[key], value[key])
    assert found["scalar"] == 2.5 and found["list"] == ["x", 1, None, True, b"y"]
    assert found[1] == {"objects": ["hello", None]}


class _Attack:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_nothing_is_run(tmp_path: Path):
    for value in (_Attack(tmp_path / "a"), {"motion": _Attack(tmp_path / "a")}, [np.zeros(2), _Attack(tmp_path / "a")]):
        with pytest.raises(NotPlain, match="mkdir, which is not an array"):
            read_plain_pickle(pickle.dumps(value))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "value", [{1, 2}, 1j, collections.Counter("ab"), np.array([1j]), np.zeros(2, dtype=[("a", "f4")]), io.BytesIO]
)
def test_other_objects_are_refused(value: object):
    with pytest.raises(NotPlain):
        read_plain_pickle(pickle.dumps(value))


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\x80\x04", b"\x80\x04.", b"(((((", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", b"R."],
)
def test_damaged_pickles_are_refused(data: bytes):
    with pytest.raises(NotPlain):
        read_plain_pickle(data)


def test_a_shape_larger_than_its_bytes_is_refused_before_memory_is_used():
    data = pickle.dumps(np.zeros((3, 5)), protocol=4).replace(
        b"K\x03K\x05\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"
    )
    with pytest.raises(NotPlain, match="bytes"):
        read_plain_pickle(data)


def test_tensors_are_read_without_torch(tmp_path: Path):
    torch = pytest.importorskip("torch")
    value = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    torch.save({"smpl_params_global": {"turned": value.T, "part": value[1:, ::2]}}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        found = read_torch_archive(archive)["smpl_params_global"]
    np.testing.assert_array_equal(found["turned"], value.T.numpy())
    np.testing.assert_array_equal(found["part"], value[1:, ::2].numpy())
    torch.save(torch.nn.Linear(2, 2), tmp_path / "b.pt")
    with zipfile.ZipFile(tmp_path / "b.pt") as archive, pytest.raises(NotPlain, match="not an array"):
        read_torch_archive(archive)


def test_files_of_joblib_are_read(tmp_path: Path):
    joblib = pytest.importorskip("joblib")
    value = {0: {"pose": np.arange(1000.0).reshape(10, 100), "ids": np.arange(4)}}
    joblib.dump(value, tmp_path / "a.pkl")
    found = read_plain_pickle((tmp_path / "a.pkl").read_bytes())
    np.testing.assert_array_equal(found[0]["pose"], value[0]["pose"])
    np.testing.assert_array_equal(found[0]["ids"], value[0]["ids"])


def test_a_dictionary_with_a_default_is_read_as_a_dictionary():
    """WHAM writes its results as one: a dictionary for each body that was seen."""
    results = collections.defaultdict(dict)
    results[0]["pose"] = np.arange(6.0).reshape(2, 3)
    found = read_plain_pickle(pickle.dumps(results))
    assert list(found) == [0]
    np.testing.assert_array_equal(found[0]["pose"], results[0]["pose"])


def test_the_default_of_a_dictionary_is_not_called():
    evil = collections.defaultdict(print)
    evil[0] = 1
    assert read_plain_pickle(pickle.dumps(evil)) == {0: 1}


def test_tensors_in_forms_that_are_not_read_are_refused_with_what_to_do(tmp_path: Path):
    torch = pytest.importorskip("torch")
    torch.save({"poses": torch.zeros(3, 72)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(InvalidInput, match=r"PyTorch before 1\.6; must be loaded and saved again by torch\.save"):
        read_object_file(tmp_path / "old.pt")
    tensors = np.array({"pred_rotmat": torch.zeros(3, 24, 3, 3)}, dtype=object)
    np.save(tmp_path / "tram.npy", tensors, allow_pickle=True)
    with pytest.raises(InvalidInput, match=r"must be made arrays by tensor\.numpy\(\)"):
        read_object_file(tmp_path / "tram.npy")
