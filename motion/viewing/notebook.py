"""Motions and corrections in Jupyter: players that show themselves in a cell of their own."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from motion.motion import Motion
from motion.report import Correction
from motion.viewing.correction_page import correction_scene, report_numbers
from motion.viewing.html_player import Figure, Scene, page_html

_HEIGHT = 640


def motion_html(motion: Motion) -> str:
    """Return the HTML by which Jupyter shows a motion: a player in a frame of its own."""
    figure = Figure(motion.name or "motion", motion.positions, motion.fps)
    return _player([Scene((figure,), motion.name or "", motion.caption or "")], motion.name or "motion")


def correction_html(correction: Correction) -> str:
    """Return the HTML by which Jupyter shows a correction: the corrected motion, its forces, and its report."""
    motion, report = correction.motion, correction.report
    failed_s = report.completed * len(motion) / motion.fps if report.completed < 1 else None
    figure = Figure("after", motion.positions, motion.fps, role="after", trace=correction.trace, failed_s=failed_s)
    scene = Scene(
        (figure,), motion.name or "", motion.caption or "", report.status, report.reason, report_numbers(report)
    )
    return _player([scene], motion.name or "correction")


@dataclass(frozen=True, repr=False)
class BeforeAfter:
    """Motions beside their corrections; the value of a notebook's cell shows itself as a player.

    Attributes:
        motions: one motion or several.
        corrections: of these motions, in the same order.
    """

    motions: Motion | Sequence[Motion]
    corrections: Correction | Sequence[Correction]

    def __repr__(self) -> str:
        """Return a few words, for where no HTML is shown."""
        return f"<before and after of {len(self._pairs())} motions>"

    def _repr_html_(self) -> str:
        return _player([correction_scene(*pair) for pair in self._pairs()], "before and after")

    def _pairs(self) -> list[tuple[Motion, Correction]]:
        motions = [self.motions] if isinstance(self.motions, Motion) else list(self.motions)
        corrections = [self.corrections] if isinstance(self.corrections, Correction) else list(self.corrections)
        return list(zip(motions, corrections, strict=True))


@dataclass(frozen=True, repr=False)
class FramedPage:
    """A page in a frame: it has style, script and keys of its own, whatever else is in the notebook.

    Attributes:
        page: the HTML of a whole page.
        title: what the frame shows, for readers who do not see it.
        height: of the frame [px].
    """

    page: str
    title: str
    height: int = _HEIGHT

    def __repr__(self) -> str:
        """Return a few words, for where no HTML is shown."""
        return f"<{self.title}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.page, quote=True)}" title="{html.escape(self.title, quote=True)}" '
            f'sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {self.height}px; border: 1px solid #8884; border-radius: 6px"></iframe>'
        )


def _player(scenes: Sequence[Scene], title: str) -> str:
    return FramedPage(page_html(scenes, title, height=360), title)._repr_html_()
