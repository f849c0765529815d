"""Traces check what they are made of, and survive their files bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_trace import PARTS, is_same_trace, synthetic_trace

from motion.errors import InvalidInput, NotFound
from motion.formats.trace_file import load_trace, save_trace


def test_a_trace_survives_its_file_bit_for_bit(tmp_path: Path) -> None:
    trace = synthetic_trace()
    save_trace(tmp_path / "trace.npz", trace)
    assert is_same_trace(load_trace(tmp_path / "trace.npz"), trace)
    save_trace(tmp_path / "again.npz", trace)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "trace.npz").read_bytes()


def test_nothing_in_the_file_of_a_trace_needs_pickle(tmp_path: Path) -> None:
    save_trace(tmp_path / "trace.npz", synthetic_trace())
    with np.load(tmp_path / "trace.npz", allow_pickle=False) as archive:
        kinds = {name: archive[name].dtype for name in archive.files}
    assert kinds["contact_force"] == np.float32 and kinds["ctrl"] == np.float64 and kinds["parts"].kind == "U"


def test_replayed_arrays_keep_every_bit_and_the_others_are_short() -> None:
    fine = np.full((15, 84), 1 / 3)
    trace = synthetic_trace(ctrl=fine, distance=np.full(5, 1 / 3))
    assert trace.ctrl.tobytes() == fine.tobytes()
    assert trace.distance.dtype == np.float32


def test_feet_and_contacts_are_read_from_the_forces_of_the_parts() -> None:
    trace = synthetic_trace(parts=("seat", "right foot", "left hand", "left foot"))
    np.testing.assert_array_equal(trace.foot_force[:, 0], trace.contact_force[:, 3])
    np.testing.assert_array_equal(trace.foot_force[:, 1], trace.contact_force[:, 1])
    assert not trace.touching[0, 1] and trace.touching[1:].all()
    assert len(trace) == 5 and trace.physics_steps == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fps", 0.0),
        ("fps", float("nan")),
        ("timestep_s", -1.0),
        ("lift_m", "2 cm"),
        ("parts", ("left foot", "right foot", "left foot", "seat")),
        ("parts", ("left hand", "seat", "head", "back")),
        ("policies", ()),
        ("policies", ("",)),
        ("contact_force", np.zeros((5, 3, 3))),
        ("contact_force", np.zeros((5, len(PARTS), 3), complex)),
        ("contact_force", np.full((5, len(PARTS), 3), np.nan)),
        ("foot_centre", np.full((5, 2, 3), np.inf)),
        ("other_wrench", np.zeros((4, 6))),
        ("joint_torque", np.zeros((5, 22, 3))),
        ("assist", np.zeros(6)),
        ("assist", np.array([["much"] * 6] * 5)),
        ("distance", np.zeros(6)),
        ("actor", np.zeros(5)),
        ("actor", np.full(5, 2)),
        ("actor", np.full(5, -1)),
        ("qpos", np.zeros((91, 1))),
        ("ctrl", np.zeros((14, 84))),
        ("qfrc_applied", np.zeros((15, 68))),
        ("qfrc_applied", np.zeros((12, 69))),
        ("model_xml", ""),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        synthetic_trace(**{field: value})
    names = {violation.field for violation in refused.value.violations}
    # Fewer physics steps show in the array that comes after.
    assert names == {"qfrc_applied" if field == "ctrl" else field}


def test_physics_steps_must_be_as_many_for_each_control_step() -> None:
    with pytest.raises(InvalidInput, match="14 physics steps for 5 control steps"):
        synthetic_trace(ctrl=np.zeros((14, 84)), qfrc_applied=np.zeros((14, 69)))


def test_files_that_hold_no_trace_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_trace(tmp_path / "missing.npz")
    np.savez(tmp_path / "other.npz", positions=np.zeros((4, 22, 3)))
    with pytest.raises(InvalidInput, match=r"other\.npz: lacks fps"):
        load_trace(tmp_path / "other.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(InvalidInput, match=r"cut\.npz"):
        load_trace(tmp_path / "cut.npz")
    save_trace(tmp_path / "trace.npz", synthetic_trace())
    with np.load(tmp_path / "trace.npz") as archive:
        arrays = dict(archive)
    np.savez(tmp_path / "bad.npz", **(arrays | {"assist": np.zeros((5, 5))}))
    with pytest.raises(InvalidInput, match=r"bad\.npz\.assist: has shape \(5, 5\); must be \(5, 6\)"):
        load_trace(tmp_path / "bad.npz")
