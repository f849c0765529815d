"""Arrange the motions of several files side by side and write them as a page or a movie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from motion.errors import InvalidInput
from motion.formats.files import MotionFile
from motion.metrics import physical_errors
from motion.motion import Motion
from motion.shell.atomic import atomic_path, check_target
from motion.viewing.html_player import Figure, Scene, page_html

PAGE_SUFFIXES = (".html", ".htm")


def paired_scenes(sources: Sequence[MotionFile], limit: int) -> tuple[list[Scene], int]:
    """Make one scene per motion that shows the motion of every source side by side.

    Sets are matched by the ids that all of them have. Single motions, and sets that share no id, are matched by order.

    Args:
        sources: the files.
        limit: most scenes to make.

    Returns:
        The scenes, and the number of motions that are not shown because of the limit.

    Raises:
        InvalidInput: there is nothing to show, or sets that share no id differ in size.
    """
    sets = [source.motions for source in sources]
    shared = [name for name in sets[0].ids if all(name in motions.ids for motions in sets[1:])]
    if shared and not all(source.single for source in sources):
        rows = [[motions.ids.index(name) for motions in sets] for name in shared]
    else:
        sizes = [len(motions) for motions in sets]
        if len(set(sizes)) > 1:
            reason = f"holds sets of {sizes} motions that share no id; must match to stand side by side"
            raise InvalidInput.of("IN", reason)
        rows = [[index] * len(sets) for index in range(sizes[0])]
    if not rows:
        raise InvalidInput.of("IN", "holds no motions; there is nothing to show")
    scenes = []
    for row in rows[:limit]:
        shown = [(source, source.motions.motions[index]) for source, index in zip(sources, row, strict=True)]
        labels = _labels(sources, [str(motion.name) for _, motion in shown])
        figures = [
            Figure(label, motion.positions, motion.fps) for label, (_, motion) in zip(labels, shown, strict=True)
        ]
        texts = [source.motions.captions[index] for source, index in zip(sources, row, strict=True)]
        caption = next((text[0] for text in texts if text), "")
        numbers = _numbers([motion for _, motion in shown], labels if len(sources) > 1 else [""])
        scenes.append(Scene(tuple(figures), str(shown[0][1].name), caption, numbers=numbers))
    return scenes, max(0, len(rows) - limit)


def _numbers(motions: Sequence[Motion], labels: Sequence[str]) -> dict[str, float]:
    """Return the numbers by which the motions of a page can be sorted, by their names with units."""
    numbers: dict[str, float] = {}
    for motion, label in zip(motions, labels, strict=True):
        errors = physical_errors(motion.positions, motion.fps)
        suffix = f" of {label}" if label else ""
        numbers[f"physical error{suffix}, mm"] = errors.phys_err_mm
        numbers[f"skating{suffix}, % of frames"] = 100 * errors.skate_ratio
        numbers[f"jitter{suffix}, m/s³"] = errors.jitter_m_s3
    return numbers


def _labels(sources: Sequence[MotionFile], names: Sequence[str]) -> list[str]:
    """Return distinct labels for the figures of one scene: names of the motions or files, or else whole paths."""
    stems = [source.path.stem if not source.single else name for source, name in zip(sources, names, strict=True)]
    if len(sources) == 1:
        return list(names)
    if len(set(stems)) == len(stems):
        return stems
    return [str(source.path) for source in sources]


def check_view_target(path: Path) -> None:
    """Check that a page or movie can be written.

    Args:
        path: the output, `.html`, `.mp4` or `.gif`.

    Raises:
        InvalidInput: the suffix is another one, a tool is missing, or the path cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in PAGE_SUFFIXES:
        from motion.viewing.movie import MOVIE_SUFFIXES, check_movie_tools

        if suffix not in MOVIE_SUFFIXES:
            raise InvalidInput.of(str(path), f"ends in {suffix!r}; must be .html, .mp4 or .gif")
        check_movie_tools(path)
    check_target(path)


def write_view(
    path: Path, scenes: Sequence[Scene], title: str, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write scenes as a page (`.html`) or a movie (`.mp4`, `.gif`), atomically.

    Args:
        path: the output.
        scenes: the scenes.
        title: title of the page; a movie has none.
        progress: called with the numbers of a movie's frames (done, all).

    Raises:
        InvalidInput: see `check_view_target`, or positions are not finite.
    """
    check_view_target(path)
    if path.suffix.lower() in PAGE_SUFFIXES:
        page = page_html(scenes, title)
        with atomic_path(path) as temporary:
            temporary.write_text(page, encoding="utf-8")
        return
    # A page does not need matplotlib, which takes half a second to import.
    from motion.viewing.movie import write_movie

    write_movie(path, scenes, progress)
