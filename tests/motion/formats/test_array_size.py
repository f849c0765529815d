"""Archives and headers that state far more than the file holds are refused before memory is used."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.formats.files import read_file


def _header(shape: str) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_a_zip_bomb_is_refused(tmp_path: Path):
    with (
        zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("positions.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(_header("(1500000, 22, 3)"))
        for _ in range(400):
            stream.write(bytes(1_000_000))
    with pytest.raises(InvalidInput, match="bytes of arrays when it is unpacked; must be at most 100 times"):
        read_file(tmp_path / "bomb.npz")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_header_larger_than_its_file_is_refused(tmp_path: Path, name: str):
    data = _header("(10000000000, 22, 3)") + bytes(1000)
    if name.endswith(".npy"):
        (tmp_path / name).write_bytes(data)
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("positions.npy", data)
    with pytest.raises(InvalidInput, match=r"its header says float32 \(10000000000, 22, 3\)"):
        read_file(tmp_path / name)


def test_a_packed_motion_that_compresses_well_is_read(tmp_path: Path):
    from swaying_body import sway

    positions = np.repeat(sway(2).positions[:1], 40_000, axis=0)
    np.savez_compressed(tmp_path / "still.npz", positions=positions)
    assert len(read_file(tmp_path / "still.npz").motions.motions[0]) == 40_000
