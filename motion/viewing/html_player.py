"""Show motions on an HTML page: a self-contained player of bodies, side by side or overlaid, with curves below."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.score import Score
from motion.skeleton import PARENTS
from motion.trace import Trace
from motion.viewing.figure_colors import Role, figure_color
from motion.viewing.figure_data import SOLE_M, figure_document
from motion.viewing.number_definitions import defined

SCRIPTS = (
    "matrices.js", "scene_data.js", "mesh.js", "shaders.js", "renderer.js", "camera.js", "forces.js", "drawing.js",
    "markup.js", "numbers.js", "timeline.js", "curves.js", "scene_list.js", "gestures.js", "links.js", "head.js",
    "controls.js", "inspection.js", "player.js",
)  # fmt: skip
"""The parts of the player; they become one script, in this order."""

STYLES = ("player.css", "tracks.css")
"""The parts of the player's style."""

_PLAYER = """<div class="plumb-player" id="{identifier}">
<style>{style}</style>
<noscript><p>The motions on this page are shown by a script; scripts are switched off in this browser.</p></noscript>
<script type="application/json">{data}</script>
<script>{script}
window.plumbPlayer(document.getElementById("{identifier}"));</script>
</div>
"""
_PROGRAM = """(function () {{
"use strict";
if (window.plumbPlayer) return;
{parts}
window.plumbPlayer = startPlayer;
}})();"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="plumb-page">
{body}
</body>
</html>
"""


@dataclass(frozen=True, eq=False)
class Figure:
    """One body in motion.

    Attributes:
        label: text above the figure.
        positions: (frames, 22, 3) joint positions, metres.
        fps: frames per second.
        color: CSS colour of the figure and its label; None for the colour of its role.
        role: what it shows; it chooses the colour, which means the same on every page.
        trace: contacts and forces, to be drawn with the body; None if they are not known.
        failed_s: time from which the body has lost its reference [s]; None if it never did.
        score: the force that nobody supplies in this motion, to be plotted; None if it is not known.
    """

    label: str
    positions: FloatArray
    fps: float
    color: str | None = None
    role: Role = ""
    trace: Trace | None = None
    failed_s: float | None = None
    score: Score | None = None


@dataclass(frozen=True)
class Scene:
    """Figures that play together.

    Attributes:
        figures: the figures.
        title: name of the scene in the player's list.
        caption: text below the figures.
        status: how good its correction is; empty if it is none.
        remark: why it has this status, or what else is to be said.
        numbers: numbers by their names with units, such as `assist mean, N`; the list can be sorted by each.
    """

    figures: tuple[Figure, ...]
    title: str = ""
    caption: str = ""
    status: Literal["", "OK", "ASSISTED", "FAILED"] = ""
    remark: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


def scenes_html(
    scenes: Sequence[Scene], height: int = 420, identifier: str = "player", with_program: bool = True
) -> str:
    """Return the HTML of a player to embed in a page; equal arguments give equal text.

    Args:
        scenes: the scenes that the user can choose from.
        height: height of the canvas, pixels.
        identifier: id of the player's element, unique in the page.
        with_program: include the style and the script; the first player of a page needs them, others do not.

    Raises:
        InvalidInput: there is nothing to show, or positions are not finite or have another shape.
    """
    return _player(scenes, height, identifier, with_program, "")


def page_html(scenes: Sequence[Scene], title: str, height: int = 560, sort: str = "") -> str:
    """Return the HTML of a complete page with a player.

    Args:
        scenes: the scenes that the user can choose from.
        title: title of the page.
        height: least height of the canvas on a large screen, pixels.
        sort: number of the scenes by which their list is sorted at first, the largest first; empty for their order.

    Raises:
        InvalidInput: see `scenes_html`.
    """
    body = _player(scenes, height, "player", True, title, sort)
    return _PAGE.format(title=html.escape(title), style=_resource("page.css"), body=body)


def _player(
    scenes: Sequence[Scene], height: int, identifier: str, with_program: bool, page_title: str, sort: str = ""
) -> str:
    """Return the player's element; with a title it fills a page and has a list of the scenes."""
    if not scenes or not all(scene.figures for scene in scenes):
        raise InvalidInput.of("scenes", "show nothing; must hold at least one motion each")
    document = {
        "parents": PARENTS,
        "floor": -SOLE_M,  # soles lie below the toe joints, which a motion has at height 0
        "height": height,
        "pageTitle": page_title,
        "sort": sort,
        "definitions": defined(dict.fromkeys(name for scene in scenes for name in scene.numbers)),
        "scenes": [_scene_document(scene, index) for index, scene in enumerate(scenes)],
    }
    return _PLAYER.format(
        identifier=html.escape(identifier, quote=True),
        style="".join(map(_resource, STYLES)) if with_program else "",
        script=_PROGRAM.format(parts="\n".join(map(_resource, SCRIPTS))) if with_program else "",
        # A "<" in a caption could close the script element or open another one.
        data=json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    )


def _scene_document(scene: Scene, index: int) -> dict[str, object]:
    return {
        "title": scene.title or f"motion {index + 1}",
        "caption": scene.caption,
        "status": scene.status,
        "remark": scene.remark,
        "numbers": {name: float(f"{value:.6g}") for name, value in scene.numbers.items() if math.isfinite(value)},
        "figures": [
            figure_document(figure, figure.color or figure_color(figure.role, place))
            for place, figure in enumerate(scene.figures)
        ],
    }


def _resource(name: str) -> str:
    return (files("motion.viewing") / name).read_text(encoding="utf-8")
