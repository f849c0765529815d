"""What a file does not say: said by the user, or found, put right and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import rigid_sway, sway

from motion.errors import InvalidInput, ReadingWarning
from motion.formats.files import ReadOptions, read_file, read_files, read_motions, write_motion
from motion.formats.packed import write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.orientation import turn_from_y


def walking(frames: int = 60, name: str | None = None) -> Motion:
    """Move a body ahead by two metres, so that it cannot be lying."""
    motion = sway(frames, name=name)
    way = np.zeros((frames, 1, 3), np.float32)
    way[:, 0, 2] = np.linspace(0, 2, frames)
    return motion.with_positions(motion.positions + way)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"input_fps": 0.0}, "--input-fps"),
        ({"input_fps": float("nan")}, "--input-fps"),
        ({"unit": "ft"}, "--unit"),
        ({"up": "w"}, "--up"),
        ({"frames": "12"}, "--frames"),
        ({"frames": "1:2:3"}, "--frames"),
        ({"frames": "-:3"}, "--frames"),
        ({"frames": "a:b"}, "--frames"),
    ],
)
def test_bad_values_are_refused_in_a_sentence(fields: dict, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        ReadOptions(**fields)


def test_parts_are_named_like_slices() -> None:
    cases = {"2:5": (2, 5), ":4": (0, 4), "7:": (7, 10), "-3:": (7, 10), ":-1": (0, 9), "5:99": (5, 10), ":": (0, 10)}
    for text, expected in cases.items():
        assert ReadOptions(frames=text).frame_range(10) == expected
    with pytest.raises(InvalidInput, match="no frame of the 10"):
        ReadOptions(frames="12:20").frame_range(10)


def test_members_that_are_too_short_for_a_part_are_left_out(tmp_path: Path) -> None:
    motions = [rigid_sway(frames, 1.0, 0, name=f"m{frames}") for frames in (30, 10)]
    write_packed(tmp_path / "set", MotionSet(tuple(motions), ((), ())))
    source = read_file(tmp_path / "set", options=ReadOptions(frames="20:"))
    assert source.motions.ids == ["m30"] and len(source.motions.motions[0]) == 10 and source.unreadable == 1
    assert source.notes == ("m10: left out, 10 frames are too few for --frames 20:",)
    with pytest.raises(InvalidInput, match="no frame of the 30"):
        read_file(tmp_path / "set", options=ReadOptions(frames="40:"))


def test_the_rate_of_an_array_is_assumed_and_told_or_given(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", sway().positions)
    np.savez(tmp_path / "b.npz", positions=sway().positions)
    write_motion(tmp_path / "c.npz", sway(fps=25))
    for name in ("a.npy", "b.npz"):
        (note,) = read_file(tmp_path / name).notes
        assert "20 fps (--input-fps" in note
        with pytest.warns(ReadingWarning, match="no frame rate"):
            read_motions(tmp_path / name)
    assert read_file(tmp_path / "c.npz").notes == ()
    for name in ("a.npy", "b.npz", "c.npz"):
        source = read_file(tmp_path / name, options=ReadOptions(input_fps=30))
        assert source.notes == () and source.motions.motions[0].fps == 30 and "given" in source.facts["rate"]


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000), ("cm", 100), ("in", 1 / 0.0254)])
def test_the_unit_of_an_array_is_found_from_the_size_of_the_body(tmp_path: Path, unit: str, factor: float) -> None:
    np.savez(tmp_path / "a.npz", positions=walking().positions * factor, fps=20)
    source = read_file(tmp_path / "a.npz")
    np.testing.assert_allclose(source.motions.motions[0].positions, walking().positions, atol=1e-4)
    (note,) = source.notes
    assert "--unit" in note
    given = read_file(tmp_path / "a.npz", options=ReadOptions(unit=unit))  # pyright: ignore[reportArgumentType]
    assert given.notes == ()
    np.testing.assert_array_equal(given.motions.motions[0].positions, source.motions.motions[0].positions)


def test_the_unit_of_a_rig_is_told_or_given(tmp_path: Path) -> None:
    write_motion(tmp_path / "a.bvh", walking())
    (note,) = read_file(tmp_path / "a.bvh").notes
    assert "centimetres (--unit" in note
    child = read_file(tmp_path / "a.bvh", options=ReadOptions(unit="mm"))
    assert child.notes == ()
    np.testing.assert_allclose(child.motions.motions[0].positions, 0.1 * walking().positions, atol=1e-3)


@pytest.mark.parametrize("suffix", ["npz", "npy", "bvh"])
@pytest.mark.parametrize("axis", ["z", "-z", "x", "-x", "-y"])
def test_a_body_that_stands_along_another_axis_is_turned_and_told(tmp_path: Path, axis, suffix: str) -> None:
    motion = walking()
    file = tmp_path / f"a.{suffix}"
    write_motion(file, motion.with_positions(turn_from_y(motion.positions, axis)))
    source = read_file(file)
    np.testing.assert_allclose(source.motions.motions[0].positions, motion.positions, atol=2e-3)
    assert f"{axis.upper()} is up" in source.notes[-1] and source.facts["up"].startswith(axis.upper())
    again = read_file(file, options=ReadOptions(up=axis))
    np.testing.assert_array_equal(again.motions.motions[0].positions, source.motions.motions[0].positions)
    assert not any("is up" in note for note in again.notes)
    as_it_is = read_file(file, options=ReadOptions(up="y")).motions.motions[0].positions
    np.testing.assert_allclose(as_it_is, turn_from_y(motion.positions, axis), atol=2e-3)


def test_a_turned_motion_goes_back_on_its_own_rig_along_its_own_axis(tmp_path: Path) -> None:
    motion = walking()
    write_motion(tmp_path / "a.bvh", motion.with_positions(turn_from_y(motion.positions, "z")))
    source = read_file(tmp_path / "a.bvh", options=ReadOptions(frames="10:30"))
    (origin,) = source.origins
    assert origin is not None
    origin.write(tmp_path / "b.bvh", source.motions.motions[0])
    back = read_file(tmp_path / "b.bvh", options=ReadOptions(up="y")).motions.motions[0].positions
    np.testing.assert_allclose(back, turn_from_y(motion.positions[10:30], "z"), atol=2e-3)


def test_a_body_that_may_lie_is_left_and_asked_about(tmp_path: Path) -> None:
    motion = sway(60)
    lying = turn_from_y(motion.positions, "z")
    lying[..., 1] -= lying[..., 1].min()
    write_motion(tmp_path / "a.npz", motion.with_positions(lying))
    source = read_file(tmp_path / "a.npz")
    np.testing.assert_array_equal(source.motions.motions[0].positions, lying)
    (note,) = source.notes
    assert "--up=z" in note


def test_the_motions_of_a_set_share_their_axis(tmp_path: Path) -> None:
    certain, open_ = walking(name="walks"), sway(60, name="stands")
    turned = [m.with_positions(turn_from_y(m.positions, "z")) for m in (certain, open_)]
    turned[1] = turned[1].with_positions(turned[1].positions + np.array((0, 0.3, 0), np.float32))
    write_packed(tmp_path / "set", MotionSet(tuple(turned), ((), ())))
    source = read_file(tmp_path / "set")
    assert source.notes == ("walks, stands: Z is up in this file; turned so that Y is up (--up says another)",)
    both = [motion.with_positions(motion.positions) for motion in (certain, turned[1])]
    write_packed(tmp_path / "mixed", MotionSet(tuple(both), ((), ())))
    assert read_file(tmp_path / "mixed").motions.content_id() == MotionSet(tuple(both), ((), ())).content_id()


def test_a_mirrored_world_is_told_and_reflected_on_demand(tmp_path: Path) -> None:
    motion = walking()
    write_motion(tmp_path / "a.npz", motion.with_positions(motion.positions * (-1, 1, 1)))
    (note,) = read_file(tmp_path / "a.npz").notes
    assert "left side" in note and "--mirror" in note
    source = read_file(tmp_path / "a.npz", options=ReadOptions(mirror=True))
    assert source.notes == ()
    np.testing.assert_array_equal(source.motions.motions[0].positions, motion.positions)
    write_motion(tmp_path / "b.npz", motion)
    (note,) = read_file(tmp_path / "b.npz", options=ReadOptions(mirror=True)).notes
    assert "leave out --mirror" in note


def test_what_needs_nothing_keeps_its_bytes(tmp_path: Path) -> None:
    motions = MotionSet(tuple(rigid_sway(40, 1.0, k, name=f"m{k}") for k in range(3)), ((), (), ()))
    write_packed(tmp_path / "set", motions)
    source = read_file(tmp_path / "set")
    assert source.motions.content_id() == motions.content_id() and source.notes == ()


def test_notes_of_several_files_name_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", sway().positions)
    source = read_files([tmp_path / "a.npy", tmp_path / "b.npy"])
    assert [note.partition(":")[0] for note in source.named_notes()] == [str(tmp_path / f"{n}.npy") for n in "ab"]
