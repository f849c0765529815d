"""Charts of curves and of points as SVG, and grids of images, to embed in a page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

_COLUMNS = 10  # of an image grid
_INK, _FAINT = "#3d4450", "#e7e9ec"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # keep text as text: it uses the page's fonts and can be searched
    "svg.hashsalt": "plumb",  # makes ids, and so bytes, the same for equal curves
    "font.family": "sans-serif",
    "font.size": 8.5,
    "text.color": _INK,
    "axes.edgecolor": "#c4c9d0",
    "xtick.color": _INK,
    "ytick.color": _INK,
}


@dataclass(frozen=True)
class Curve:
    """The values of one arm over generations.

    Attributes:
        color: of the line and its band, in CSS.
        generations: (k,) abscissae.
        mean: (k,) means over the seeds; NaN where there is none.
        low, high: (k,) limits of the band.
    """

    color: str
    generations: Sequence[int]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def chart_svg(curves: Sequence[Curve], level: float | None = None, description: str = "") -> str:
    """Draw curves in one small chart.

    Args:
        curves: one for each arm.
        level: ordinate of a dashed line; None for none.
        description: text for readers who do not see the chart.

    Returns:
        An `<svg>` element.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.55, 2.15), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=_FAINT, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        if level is not None and math.isfinite(level):
            axes.axhline(level, color="#9aa1ab", linewidth=1, dashes=(4, 3), zorder=1)
        for curve in curves:
            axes.plot(
                curve.generations,
                curve.mean,
                color=curve.color,
                linewidth=1.8,
                marker="o",
                markersize=3.2,
                markeredgewidth=0,
                solid_capstyle="round",
            )
            if any(low != high for low, high in zip(curve.low, curve.high, strict=True)):
                axes.fill_between(curve.generations, curve.low, curve.high, color=curve.color, alpha=0.15, linewidth=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        return _svg(figure, description)


def scatter_svg(points: np.ndarray, color: str, reach: Sequence[float], description: str = "") -> str:
    """Draw points in the plane.

    Args:
        points: (n, 2).
        color: in CSS.
        reach: limit of each axis, which runs from -reach to reach.
        description: text for readers who do not see the chart.

    Returns:
        An `<svg>` element.
    """
    with matplotlib.rc_context({**_STYLE, "font.size": 7}):
        figure = Figure(figsize=(1.9, 1.9), layout="constrained")
        axes = figure.add_subplot()
        axes.scatter(points[:, 0], points[:, 1], s=3, color=color, linewidths=0, alpha=0.7)
        axes.set_xlim(-reach[0], reach[0])
        axes.set_ylim(-reach[1], reach[1])
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure, description)


def image_grid(images: np.ndarray, description: str = "") -> str:
    """Lay out images in a grid, ten in a row.

    Args:
        images: (n, channels, height, width), from -1 to 1.
        description: text for readers who do not see the images.

    Returns:
        An `<img>` element with the data inside.
    """
    count, channels, height, width = images.shape
    rows = -(-count // _COLUMNS)
    sheet = np.full((rows * (height + 1), _COLUMNS * (width + 1), channels), 255, np.uint8)
    bytes_ = ((images.transpose(0, 2, 3, 1) + 1) * 127.5).clip(0, 255).round().astype(np.uint8)
    for index, image in enumerate(bytes_):
        top, left = (height + 1) * (index // _COLUMNS), (width + 1) * (index % _COLUMNS)
        sheet[top : top + height, left : left + width] = image
    file = io.BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    label = escape(description)
    return f'<img class="grid" alt="{label}" src="data:image/png;base64,{data}">'


def _svg(figure: Figure, description: str) -> str:
    text = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    label = escape(description)
    return svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
