"""Files of other forms are refused with what to do with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from motion.errors import InvalidInput
from motion.formats.arrays.unread_forms import unread_form
from motion.formats.files import read_file


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.c3d", "holds markers on the skin, not joints"),
        ("a.TRC", "MoSh"),
        ("a.csv", "save joints (frames, 22, 3) as .npy"),
        ("a.mvnx", "export .bvh or .fbx"),
        ("a.mat", "scipy.io.loadmat"),
        ("a.vmd", "MikuMikuDance"),
        ("a.xyz", "is of no known form; must be .bvh or the name of a packed set"),
    ],
)
def test_the_sentence_says_what_to_do(name: str, said: str):
    error = unread_form(Path(name), ".bvh")
    assert said in str(error) and str(error).startswith(name) and "\n" not in str(error)


def test_a_file_of_another_form_is_refused_by_it(tmp_path: Path):
    (tmp_path / "take.c3d").write_bytes(b"\x02P")
    with pytest.raises(InvalidInput, match=r"take\.c3d: holds markers on the skin"):
        read_file(tmp_path / "take.c3d")
