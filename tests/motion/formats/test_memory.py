"""What a small file states or unpacks to does not use memory before it is refused."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fbx_writer import FbxScene, binary, skeleton
from swaying_body import swaying

MOST_MB = 150  # that reading may add to what the imports take

READ = """
import resource, sys
from motion.errors import InvalidInput
from motion.formats import files
from motion.formats.scenes.fbx_process import MAX_POSES
import scipy.spatial.transform, numpy.lib.format, zipfile
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limit = 4 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    files.read_file(sys.argv[1])
    print("read")
except InvalidInput as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def npy_header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def zipped(path: Path, name: str, head: bytes, megabytes: int = 600) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as stream:
        stream.write(head)
        for _ in range(megabytes):
            stream.write(bytes(1_000_000))


def zip_bomb(folder: Path) -> Path:
    zipped(folder / "a.npz", "positions.npy", npy_header("(2250000, 22, 3)"))
    return folder / "a.npz"


def zip_bomb_of_objects(folder: Path) -> Path:
    zipped(folder / "a.npz", "motion.npy", npy_header("()", "|O") + b"\x80\x03B" + struct.pack("<I", 600_000_000))
    return folder / "a.npz"


def torch_bomb(folder: Path) -> Path:
    zipped(folder / "a.pt", "archive/data/0", b"")
    return folder / "a.pt"


def large_header(folder: Path) -> Path:
    (folder / "a.npy").write_bytes(npy_header("(10000000000, 22, 3)") + bytes(1000))
    return folder / "a.npy"


def large_shape_in_a_pickle(folder: Path) -> Path:
    data = pickle.dumps({"motion": np.zeros((2, 22, 3), np.float32)}, protocol=3)
    place = data.index(b"K\x02K\x16K\x03\x87")
    data = data[:place] + b"J\x00\x94\x35\x77K\x16K\x03\x87" + data[place + 7 :]
    (folder / "a.pkl").write_bytes(data)
    return folder / "a.pkl"


def bytes_that_a_pickle_only_states(folder: Path) -> Path:
    (folder / "a.pkl").write_bytes(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc.")
    return folder / "a.pkl"


def many_frames(count: int) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        text = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 3 Xposition Yposition Zposition\n}\nMOTION\n"
        (folder / "a.bvh").write_text(f"{text}Frames: {count}\nFrame Time: 0.01\n0 0 0\n")
        return folder / "a.bvh"

    return write


def fbx_array(folder: Path) -> Path:
    pytest.importorskip("ufbx")
    data = bytearray(binary(FbxScene(skeleton(swaying(30)))))
    place = data.index(b"KeyTime") + len("KeyTime")
    assert data[place : place + 1] == b"l"
    struct.pack_into("<I", data, place + 1, 1_000_000_000)
    (folder / "a.fbx").write_bytes(bytes(data))
    return folder / "a.fbx"


def fbx_of_a_year(folder: Path) -> Path:
    pytest.importorskip("ufbx")
    (folder / "a.fbx").write_bytes(binary(FbxScene(skeleton(swaying(3)), fps=1e-6)))
    return folder / "a.fbx"


def glb(folder: Path, **accessor: object) -> Path:
    document = {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "a"}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR"} | accessor,
                      {"bufferView": 1, "componentType": 5126, "count": 2, "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": 8}, {"buffer": 0, "byteOffset": 8, "byteLength": 24}],
        "buffers": [{"byteLength": 32}],
        "animations": [{"samplers": [{"input": 0, "output": 1}],
                        "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}]}],
    }  # fmt: skip
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary_part = struct.pack("<8f", 0.0, 1e9, *[0.0] * 6)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", 32, 0x004E4942) + binary_part
    (folder / "a.glb").write_bytes(struct.pack("<III", 0x46546C67, 2, 12 + len(chunks)) + chunks)
    return folder / "a.glb"


BOMBS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zip bomb": (zip_bomb, "must be at most 100 times"),
    "zip bomb of objects": (zip_bomb_of_objects, "must be at most 100 times"),
    "zip bomb of torch": (torch_bomb, "must be at most 100 times"),
    "header of an array": (large_header, "its header says"),
    "shape in a pickle": (large_shape_in_a_pickle, "has an array of shape"),
    "bytes in a pickle": (bytes_that_a_pickle_only_states, "a.pkl"),
    "ten million frames": (many_frames(10_000_000), "must be at most 1000000"),
    "a million frames of one row": (many_frames(1_000_000), "truncated or damaged"),
    "array in FBX": (fbx_array, "FBX|unpacked"),
    "keys of a year in FBX": (fbx_of_a_year, "must be at most"),
    "accessor in glTF": (lambda folder: glb(folder, count=10**12), "beyond its data"),
    "accessor without data in glTF": (lambda folder: glb(folder, bufferView=None), "damaged|names None"),
    "keys of a year in glTF": (glb, "must be at most"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the memory of a process so")
@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_states_much_is_refused_before_memory_is_used(tmp_path: Path, name: str):
    write, reason = BOMBS[name]
    path = write(tmp_path)
    assert path.stat().st_size < 2_000_000
    ended = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    sentence, megabytes = ended.stdout.splitlines()
    assert any(each in sentence for each in reason.split("|")), sentence
    assert int(megabytes) < MOST_MB
