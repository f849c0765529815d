"""Pictures of points and grids of images, to embed in a page; charts of curves are those of all pages."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from motion.viewing.line_chart import Curve, chart_svg

__all__ = ["Curve", "chart_svg", "image_grid", "scatter_svg"]

_COLUMNS = 10  # of an image grid
_INK = "#7a828e"  # on light and dark pages
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
