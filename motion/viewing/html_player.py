"""Show motions on an HTML page: a self-contained player of stick figures, side by side or overlaid."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.skeleton import NUM_JOINTS, PARENTS

_LEVELS = 65535
_PLAYER = """<div class="plumb-player" id="{identifier}">
<style>{style}</style>
<canvas tabindex="0" aria-label="Stick figures; drag to rotate, space to play, arrow keys to step"></canvas>
<p class="caption"></p>
<div class="bar">
<button class="play" type="button">Play</button>
<input class="time" type="range" min="0" max="1" step="any" value="0" aria-label="Time">
<span class="clock"></span>
<select class="speed" aria-label="Speed">
<option value="0.25">¼ ×</option><option value="0.5">½ ×</option><option value="1" selected>1 ×</option>
<option value="2">2 ×</option></select>
<label><input class="overlay" type="checkbox"> overlay</label>
<select class="scene" aria-label="Motion"{hidden}>{options}</select>
</div>
<script type="application/json">{data}</script>
<script>{script}
window.plumbPlayer(document.getElementById("{identifier}"));</script>
</div>
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="font-family: system-ui, sans-serif; margin: 1.5em auto; max-width: 1100px; padding: 0 1em">
<h1 style="font-size: 1.3em">{title}</h1>
{body}
</body>
</html>
"""


@dataclass(frozen=True, eq=False)
class Figure:
    """One stick figure.

    Attributes:
        label: text above the figure.
        positions: (frames, 22, 3) joint positions, metres.
        fps: frames per second.
        color: CSS colour of the figure and its label; None for the next colour of the player's own list.
    """

    label: str
    positions: FloatArray
    fps: float
    color: str | None = None


@dataclass(frozen=True)
class Scene:
    """Figures that play together.

    Attributes:
        figures: the figures.
        title: name of the scene in the player's list.
        caption: text below the figures.
    """

    figures: tuple[Figure, ...]
    title: str = ""
    caption: str = ""


def scenes_html(scenes: Sequence[Scene], height: int = 420, identifier: str = "player") -> str:
    """Return the HTML of a player to embed in a page; equal arguments give equal text.

    Args:
        scenes: the scenes that the user can choose from.
        height: height of the canvas, pixels.
        identifier: id of the player's element, unique in the page.

    Raises:
        InvalidInput: there is nothing to show, or positions are not finite or have another shape.
    """
    if not scenes or not all(scene.figures for scene in scenes):
        raise InvalidInput.of("scenes", "show nothing; must hold at least one motion each")
    document = {
        "parents": PARENTS,
        "height": height,
        "scenes": [
            {"caption": scene.caption, "figures": [_encoded(figure) for figure in scene.figures]} for scene in scenes
        ],
    }
    options = "".join(
        f'<option value="{index}">{html.escape(scene.title or f"motion {index + 1}")}</option>'
        for index, scene in enumerate(scenes)
    )
    return _PLAYER.format(
        identifier=html.escape(identifier, quote=True),
        style=_resource("player.css"),
        script=_resource("player.js"),
        hidden=" hidden" if len(scenes) == 1 else "",
        options=options,
        # A "<" in a caption could close the script element or open another one.
        data=json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    )


def page_html(scenes: Sequence[Scene], title: str, height: int = 560) -> str:
    """Return the HTML of a complete page with a player.

    Args:
        scenes: the scenes that the user can choose from.
        title: title of the page.
        height: height of the canvas, pixels.

    Raises:
        InvalidInput: see `scenes_html`.
    """
    return _PAGE.format(title=html.escape(title), body=scenes_html(scenes, height))


def _encoded(figure: Figure) -> dict[str, object]:
    """Encode positions as base64 of 16-bit integers over the range of each axis: 0.1 mm for a walk of 6 m."""
    positions = np.asarray(figure.positions, np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (NUM_JOINTS, 3) or not len(positions):
        raise InvalidInput.of(f"{figure.label} positions", f"have shape {positions.shape}; must be (frames, 22, 3)")
    if not np.isfinite(positions).all():
        raise InvalidInput.of(f"{figure.label} positions", "hold values that are not finite; they cannot be drawn")
    low = positions.min(axis=(0, 1))
    step = np.maximum(positions.max(axis=(0, 1)) - low, 1e-6) / _LEVELS
    levels = np.round((positions - low) / step).astype("<u2")
    return {
        "label": figure.label,
        "fps": figure.fps,
        "frames": len(positions),
        "low": np.round(low, 6).tolist(),
        "step": step.tolist(),
        "data": base64.b64encode(levels.tobytes()).decode("ascii"),
        **({"color": figure.color} if figure.color else {}),
    }


def _resource(name: str) -> str:
    return (files("motion.viewing") / name).read_text(encoding="utf-8")
