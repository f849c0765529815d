"""Render motions as a movie of stick figures on a grid floor, `.mp4` or `.gif`."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Picture

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.shell.atomic import atomic_path
from motion.skeleton import JOINT, PARENTS
from motion.viewing.figure_colors import figure_color
from motion.viewing.html_player import Figure, Scene

MOVIE_SUFFIXES = (".mp4", ".gif")
_YAW, _PITCH = 0.7, 0.22  # radians; the camera looks down on the figure from its front left
_DISTANCE_M = 7.0
_EYE_LEVEL_M = 0.85
_HALF_WIDTH_M = 1.25
_GRID_STEP_M = 0.5
_GRID_REACH_M = 2.0
_PANEL_INCHES = 4.0
_DOTS_PER_INCH = 100
_MAX_GIF_FPS = 50.0  # the format counts hundredths of a second, and players slow down faster files
_BONES = np.array([(PARENTS[joint], joint) for joint in range(1, len(PARENTS))])


def check_movie_tools(path: Path) -> None:
    """Check that the tools to write a movie are installed.

    Args:
        path: the movie; `.mp4` needs ffmpeg.

    Raises:
        InvalidInput: ffmpeg is missing; the text says how to get it.
    """
    if path.suffix.lower() == ".mp4" and _ffmpeg() is None:
        reason = "needs ffmpeg, which is not on PATH (nor is the Python package imageio-ffmpeg installed)"
        raise InvalidInput.of(str(path), f"{reason}; install one of them, or write .html or .gif instead")


def write_movie(path: Path, scenes: Sequence[Scene], progress: Callable[[int, int], None] | None = None) -> None:
    """Render scenes one after another, each with its figures side by side, and write the movie atomically.

    The frame rate is that of the first figure, for a `.gif` at most 50 fps. Figures at other rates show their nearest
    frames.

    Args:
        path: the movie, `.mp4` or `.gif`.
        scenes: the scenes.
        progress: called with the numbers of frames (done, all).

    Raises:
        InvalidInput: ffmpeg is missing, the path cannot be written, or positions are not finite.
    """
    check_movie_tools(path)
    for figure in (figure for scene in scenes for figure in scene.figures):
        if not np.isfinite(figure.positions).all():
            raise InvalidInput.of(f"{figure.label} positions", "hold values that are not finite; they cannot be drawn")
    rate = scenes[0].figures[0].fps
    if path.suffix.lower() == ".gif":
        rate = min(rate, _MAX_GIF_FPS)
    panels = max(len(scene.figures) for scene in scenes)
    picture = Picture(figsize=(_PANEL_INCHES * panels, _PANEL_INCHES * 1.2), dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(picture)
    frames = sum(_frame_count(scene, rate) for scene in scenes)
    with rc_context({"animation.ffmpeg_path": _ffmpeg() or "ffmpeg"}), atomic_path(path) as temporary:
        writer = _writer(path, rate)
        try:
            with writer.saving(picture, str(temporary), _DOTS_PER_INCH):
                for number, _ in enumerate(_drawn_frames(picture, scenes, rate), start=1):
                    writer.grab_frame()
                    if progress:
                        progress(number, frames)
        except (subprocess.CalledProcessError, BrokenPipeError) as error:
            raise InvalidInput.of(str(path), f"could not be written: ffmpeg failed ({error})") from error


def _writer(path: Path, rate: float) -> AbstractMovieWriter:
    if path.suffix.lower() == ".gif":
        return PillowWriter(fps=max(1, round(rate)))
    # Some players show only yuv420p with an even width and height.
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"]
    return FFMpegWriter(fps=rate, codec="libx264", extra_args=even)  # pyright: ignore[reportArgumentType]


def _ffmpeg() -> str | None:
    found = shutil.which("ffmpeg")
    if found is None and importlib.util.find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg  # pyright: ignore[reportMissingImports]

        found = imageio_ffmpeg.get_ffmpeg_exe()
    return found


def _frame_count(scene: Scene, rate: float) -> int:
    seconds = max((len(figure.positions) - 1) / figure.fps for figure in scene.figures)
    return int(seconds * rate + 1e-6) + 1


def _drawn_frames(picture: Picture, scenes: Sequence[Scene], rate: float) -> Iterator[None]:
    """Draw the frames of the movie one after another; yields after each."""
    for scene in scenes:
        picture.clear()
        panels = []
        for column, figure in enumerate(scene.figures):
            axes = picture.add_subplot(1, len(scene.figures), column + 1)
            panels.append(_Panel(axes, figure, figure.color or figure_color(figure.role, column)))
        picture.subplots_adjust(left=0, right=1, bottom=0.08, top=0.93, wspace=0.01)
        picture.text(0.5, 0.03, scene.caption or scene.title, ha="center", va="center", style="italic", wrap=True)
        for index in range(_frame_count(scene, rate)):
            for panel in panels:
                panel.draw(index / rate)
            yield


class _Panel:
    """The axes of one figure, with a camera that follows its pelvis."""

    def __init__(self, axes: Axes, figure: Figure, colour: str):
        self._figure = figure
        self._floor = LineCollection([], colors="#dde3e8", linewidths=0.8)
        self._shadow = LineCollection([], colors="#00000022", linewidths=3, capstyle="round")
        self._bones = LineCollection([], colors=colour, linewidths=4, capstyle="round")
        for lines in (self._floor, self._shadow, self._bones):
            axes.add_collection(lines)
        (self._head,) = axes.plot([], [], "o", color=colour, markersize=15)
        (self._sunk,) = axes.plot([], [], "o", color="#e00000", markersize=5)
        axes.set(xlim=(-_HALF_WIDTH_M, _HALF_WIDTH_M), ylim=(-1.35, 1.65), aspect="equal")
        axes.set_title(figure.label, color=colour, fontsize=11, fontweight="bold")
        axes.set_axis_off()

    def draw(self, seconds: float) -> None:
        """Draw the frame nearest to `seconds`; after its last frame the figure stands still."""
        figure = self._figure
        index = min(round(seconds * figure.fps), len(figure.positions) - 1)
        points = figure.positions[index].astype(np.float64)
        target = np.array([points[0, 0], _EYE_LEVEL_M, points[0, 2]])
        seen = project(points, target)
        self._floor.set_segments(list(project(_grid(target), target)))
        self._shadow.set_segments(list(project(points * [1, 0, 1], target)[_BONES]))
        self._bones.set_segments(list(seen[_BONES]))
        self._head.set_data(seen[[JOINT["head"]]].T)
        self._sunk.set_data(seen[points[:, 1] < -0.01].T)


def project(points: FloatArray, target: FloatArray) -> FloatArray:
    """Project points onto the image plane of a camera that looks at a target.

    Args:
        points: (..., 3) points, metres.
        target: (3,) point that the camera looks at, metres.

    Returns:
        Image coordinates (..., 2), metres at the distance of the target.
    """
    x, y, z = np.moveaxis(points - target, -1, 0)
    right = np.cos(_YAW) * x - np.sin(_YAW) * z
    away = -np.sin(_YAW) * x - np.cos(_YAW) * z
    up = np.cos(_PITCH) * y + np.sin(_PITCH) * away
    depth = _DISTANCE_M + np.cos(_PITCH) * away - np.sin(_PITCH) * y
    return np.stack([right, up], -1) * (_DISTANCE_M / np.maximum(depth, 0.5))[..., None]


def _grid(target: FloatArray) -> FloatArray:
    """Return the end points (lines, 2, 3) of the floor's grid lines around `target`.

    The lines are fixed in the world, so that the floor does not move along with the figure.
    """
    middle = np.round(target[[0, 2]] / _GRID_STEP_M) * _GRID_STEP_M
    offsets = np.arange(-_GRID_REACH_M, _GRID_REACH_M + 1e-6, _GRID_STEP_M)
    lines = np.zeros((2 * len(offsets), 2, 3))
    lines[: len(offsets), :, 0] = middle[0] + offsets[:, None]
    lines[: len(offsets), :, 2] = middle[1] + np.array([-_GRID_REACH_M, _GRID_REACH_M])
    lines[len(offsets) :, :, 2] = middle[1] + offsets[:, None]
    lines[len(offsets) :, :, 0] = middle[0] + np.array([-_GRID_REACH_M, _GRID_REACH_M])
    return lines
