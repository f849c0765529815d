"""Tracks of people by image, as PHALP writes them."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motion import rotation
from motion.errors import InvalidInput
from motion.formats.files import read_file
from motion.motion import Motion
from motion.synthesis import synthesize

joblib = pytest.importorskip("joblib")
_FRAMES = 40
_UPSIDE_DOWN = rotation.exp(np.array([np.pi, 0.0, 0.0]))


def matrices(turn: float, frames: int = _FRAMES) -> np.ndarray:
    """Return rotations (frames, 24, 3, 3) of a body that stands before a camera and bends its knees."""
    vectors = np.zeros((frames, 24, 3))
    vectors[:, [4, 5], 0] = np.linspace(0.1, 0.1 + turn, frames)[:, None]
    rotations = rotation.exp(vectors)
    rotations[:, 0] = rotation.multiply(np.broadcast_to(_UPSIDE_DOWN, (frames, 4)), rotations[:, 0])
    return rotation.to_matrix(rotations)


def images(tracks: dict[int, np.ndarray], without: dict[int, set[int]] | None = None) -> dict[str, Any]:
    """Return the images of people by the numbers of their tracks; `without` says which images a person is not in."""
    found = {}
    for frame in range(_FRAMES):
        here = [track for track in tracks if frame not in (without or {}).get(track, ())]
        found[f"outputs/_DEMO/{frame:06d}.jpg"] = {
            "time": frame, "shot": 0, "frame_path": f"{frame:06d}.jpg", "tid": here,
            "tracked_time": [0] * len(here), "bbox": [np.zeros(4) for _ in here],
            "smpl": [
                {
                    "global_orient": tracks[track][frame, :1].astype(np.float32),
                    "body_pose": tracks[track][frame, 1:].astype(np.float32),
                    "betas": np.zeros(10, np.float32),
                }
                for track in here
            ],
            "camera": [np.array([0.01 * frame, 0.0, 40.0 + frame % 3]) for _ in here],
            "mask": [{"size": [3, 3], "counts": b"00"} for _ in here],
        }  # fmt: skip
    return found


def read(path: Path, value: Any) -> Any:
    joblib.dump(value, path, compress=3)
    return read_file(path)


def bends(motion: Motion) -> np.ndarray:
    """Return the knee's angle in each frame [rad]."""
    thigh, shin = (motion.positions[:, b] - motion.positions[:, a] for a, b in ((1, 4), (4, 7)))
    cosine = (thigh * shin).sum(-1) / np.linalg.norm(thigh, axis=-1) / np.linalg.norm(shin, axis=-1)
    return np.arccos(np.clip(cosine, -1, 1))


def test_every_track_is_a_motion_that_stands_and_keeps_its_distance(tmp_path: Path) -> None:
    found = read(tmp_path / "demo.pkl", images({1: matrices(0.5), 7: matrices(1.0)}))
    assert found.motions.ids == ["demo_1", "demo_7"]
    for motion, turn in zip(found.motions.motions, (0.5, 1.0), strict=True):
        assert len(motion) == _FRAMES
        assert (motion.positions[:, 15, 1] - motion.positions[:, 0, 1]).min() > 0.3
        assert np.ptp(bends(motion)) == pytest.approx(turn, abs=0.1)
        walked = motion.positions[-1, 0] - motion.positions[0, 0]
        assert np.linalg.norm(walked) == pytest.approx(0.01 * (_FRAMES - 1), abs=1e-3)
    assert any("distance from the camera" in note for note in found.notes)


def test_images_without_the_person_are_interpolated(tmp_path: Path) -> None:
    tracks = {3: matrices(0.8)}
    whole = read(tmp_path / "a.pkl", images(tracks)).motions.motions[0]
    found = read(tmp_path / "b.pkl", images(tracks, {3: set(range(15, 22))}))
    (motion,) = found.motions.motions
    np.testing.assert_allclose(motion.positions, whole.positions, atol=1e-3)
    assert any(note.startswith("7 images in which") or "7 images in which" in note for note in found.notes)


def test_predictions_are_not_taken_for_people(tmp_path: Path) -> None:
    value = images({3: matrices(0.8)})
    for frame, image in enumerate(value.values()):
        if frame in (10, 11):
            image["tracked_time"] = [1]
            image["smpl"][0]["body_pose"][:] = np.eye(3)
    motion = read(tmp_path / "a.pkl", value).motions.motions[0]
    assert np.abs(np.diff(bends(motion))).max() < 0.05


def test_short_tracks_are_left_out_and_told(tmp_path: Path) -> None:
    found = read(tmp_path / "a.pkl", images({1: matrices(0.5), 2: matrices(0.5)}, {2: set(range(5, _FRAMES))}))
    assert len(found.motions.motions) == 1
    assert any("left out: 2" in note for note in found.notes)


def test_a_pickle_that_swells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.pkl").write_bytes(zlib.compress(bytes(200 << 20)))
    with pytest.raises(InvalidInput, match="is compressed, and has more than"):
        read_file(tmp_path / "bomb.pkl")


def test_a_damaged_compressed_pickle_is_refused(tmp_path: Path) -> None:
    joblib.dump({"poses": synthesize(1, 1).motions[0].positions}, tmp_path / "a.pkl", compress=3)
    (tmp_path / "a.pkl").write_bytes((tmp_path / "a.pkl").read_bytes()[:200])
    with pytest.raises(InvalidInput, match=r"damaged|no end"):
        read_file(tmp_path / "a.pkl")
