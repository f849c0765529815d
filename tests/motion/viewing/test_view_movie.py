"""Movies have one picture per frame, and a missing tool is reported with what to do about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from swaying_body import swaying

from motion.errors import InvalidInput
from motion.viewing.html_player import Figure, Scene
from motion.viewing.movie import project, write_movie
from motion.viewing.viewer import check_view_target


def scenes(fps: float = 20.0, frames: int = 6) -> list[Scene]:
    motion = swaying(frames=frames, fps=fps)
    return [
        Scene((Figure("before", motion.positions, fps), Figure("after", motion.positions[:3], fps)), caption="sways")
    ]


@pytest.mark.parametrize(("fps", "frames"), [(20.0, 6), (100.0, 3)])
def test_a_gif_has_one_picture_per_frame_at_50_fps_at_most(tmp_path: Path, fps: float, frames: int):
    image = pytest.importorskip("PIL.Image")
    write_movie(tmp_path / "clip.gif", scenes(fps))
    with image.open(tmp_path / "clip.gif") as clip:
        assert clip.n_frames == frames and clip.size == (800, 480)


def test_without_ffmpeg_an_mp4_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("motion.viewing.movie._ffmpeg", lambda: None)
    with pytest.raises(InvalidInput, match=r"needs ffmpeg.*\.html or \.gif"):
        check_view_target(tmp_path / "clip.mp4")


def test_a_failing_ffmpeg_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("motion.viewing.movie._ffmpeg", lambda: "false")
    with pytest.raises(InvalidInput, match="ffmpeg failed"):
        write_movie(tmp_path / "clip.mp4", scenes(frames=60))
    assert not list(tmp_path.iterdir())


def test_the_camera_does_not_mirror():
    target = np.array([0.0, 0.85, 0.0])
    left, right, up = project(np.array([[1.0, 0.85, 0.0], [-1.0, 0.85, 0.0], [0.0, 2.0, 0.0]]), target)
    assert left[0] > right[0], "a person who faces the camera has their left on the viewer's right"
    assert up[1] > 0 and up[0] == pytest.approx(0)
