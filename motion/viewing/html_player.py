"""Motions as an animated page: one self-contained piece of HTML that plays stick figures, side by side or overlaid."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from motion.errors import InvalidInput
from motion.skeleton import NUM_JOINTS, PARENTS

_LEVELS = 65535
_PLAYER = """<div class="plumb-player" id="{identifier}">
<style>{style}</style>
<canvas tabindex="0" aria-label="Stick figures; drag to turn, space to play, arrows to step"></canvas>
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
    """One stick figure: what it is called, its positions (frames, 22, 3) and their rate."""

    label: str
    positions: np.ndarray
    fps: float


@dataclass(frozen=True)
class Scene:
    """Figures that play together, with a title to choose the scene by and a caption below."""

    figures: tuple[Figure, ...]
    title: str = ""
    caption: str = ""


def scenes_html(scenes: Sequence[Scene], height: int = 420, identifier: str = "player") -> str:
    """A player of `scenes` to put into a page; equal arguments give equal text.

    Args:
        scenes: what there is to choose from.
        height: of the canvas, pixels.
        identifier: the id of the player's element; a page may hold several players.

    Raises:
        InvalidInput: there is nothing to show, or positions are not finite or of another shape.
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
        # A "<" in a caption could end the script element or open another.
        data=json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    )


def page_html(scenes: Sequence[Scene], title: str, height: int = 560) -> str:
    """A whole page that plays `scenes`.

    Raises:
        InvalidInput: see `scenes_html`.
    """
    return _PAGE.format(title=html.escape(title), body=scenes_html(scenes, height))


def _encoded(figure: Figure) -> dict[str, object]:
    """Positions as base64 of 16-bit steps over the range of each axis: a tenth of a millimetre on a six-metre walk."""
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
    }


def _resource(name: str) -> str:
    return (files("motion.viewing") / name).read_text(encoding="utf-8")
