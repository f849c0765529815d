"""What `plumb-motion view` shows: which motions stand side by side, and in which medium."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from motion.errors import InvalidInput
from motion.formats.files import MotionFile
from motion.shell.atomic import atomic_path, check_target
from motion.viewing.html_player import Figure, Scene, page_html

PAGE_SUFFIXES = (".html", ".htm")


def paired_scenes(sources: Sequence[MotionFile], limit: int) -> tuple[list[Scene], int]:
    """A scene a motion, with that motion of every source side by side, and how many scenes the limit left out.

    Sets are matched by the ids that all of them have; where they share none, and for single motions, by order.

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
            raise InvalidInput.of("IN", f"hold {sizes} motions and share no id; must match to stand side by side")
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
        scenes.append(Scene(tuple(figures), str(shown[0][1].name), caption))
    return scenes, max(0, len(rows) - limit)


def _labels(sources: Sequence[MotionFile], names: Sequence[str]) -> list[str]:
    """What tells the figures of one scene apart: the motion's name, else the file's, else its whole path."""
    stems = [source.path.stem if not source.single else name for source, name in zip(sources, names, strict=True)]
    if len(sources) == 1:
        return list(names)
    if len(set(stems)) == len(stems):
        return stems
    return [str(source.path) for source in sources]


def check_view_target(path: Path) -> None:
    """Raises `InvalidInput` if `path` names no medium, one that cannot be made here, or cannot be written."""
    suffix = path.suffix.lower()
    if suffix not in PAGE_SUFFIXES:
        from motion.viewing.movie import MOVIE_SUFFIXES, check_movie_tools

        if suffix not in MOVIE_SUFFIXES:
            raise InvalidInput.of(str(path), f"ends in {suffix!r}; must be .html, .mp4 or .gif")
        check_movie_tools(path)
    check_target(path)


def write_view(path: Path, scenes: Sequence[Scene], title: str) -> None:
    """Write `scenes` as an animated page (`.html`) or a film (`.mp4`, `.gif`), whole or not at all.

    Raises:
        InvalidInput: see `check_view_target`, or positions are not finite.
    """
    check_view_target(path)
    if path.suffix.lower() in PAGE_SUFFIXES:
        page = page_html(scenes, title)
        with atomic_path(path) as temporary:
            temporary.write_text(page, encoding="utf-8")
        return
    # matplotlib takes half a second to import, which a page does not need.
    from motion.viewing.movie import write_movie

    write_movie(path, scenes)
