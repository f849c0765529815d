"""Charts of curves as SVG: readable without a script, and with values to hover, log axes and files with `charts.js`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 360.0, 214.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 8.0, 8.0, 22.0
_MOST_TICKS = 5
_MOST_MARKERS = 40  # of a curve; more would hide it
_NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LOG_SPAN = 100.0  # curves that reach over more than this factor are shown on a log axis at first


@dataclass(frozen=True)
class Curve:
    """The values of one arm over generations, or of one quantity over steps.

    Attributes:
        color: of the line and its band, in CSS.
        generations: (k,) abscissae.
        mean: (k,) means over the seeds; NaN where there is none.
        low, high: (k,) limits of the band.
        name: what the curve shows, beside its values.
    """

    color: str
    generations: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    name: str = ""


def chart_svg(
    curves: Sequence[Curve], level: float | None = None, description: str = "", abscissa: str = "generation"
) -> str:
    """Draw curves in one small chart, linear and, where all values are positive, also with a logarithmic ordinate.

    Args:
        curves: one for each arm.
        level: ordinate of a dashed line, the value of real motion; None for none.
        description: text for readers who do not see the chart.
        abscissa: what the horizontal axis counts.

    Returns:
        An `<svg>` element.
    """
    shown_level = level if level is not None and math.isfinite(level) else None
    values = [value for curve in curves for value in (*curve.mean, *curve.low, *curve.high) if math.isfinite(value)]
    values += [shown_level] if shown_level is not None else []
    abscissae = [float(x) for curve in curves for x in curve.generations] or [0.0]
    across = _Axis(min(abscissae), max(abscissae), _LEFT, _WIDTH - _RIGHT)
    scales = {"linear": _padded(values, False)}
    if values and min(values) > 0:
        scales["log"] = _padded(values, True)
    first = "log" if "log" in scales and max(values) > _LOG_SPAN * min(values) else "linear"
    hidden = {name: "" if name == first else ' display="none"' for name in scales}
    groups = [
        f'<g class="scale {name}"{hidden[name]}>{"".join(_drawn(curves, shown_level, across, axis))}</g>'
        for name, axis in scales.items()
    ]
    data = {
        "abscissa": abscissa,
        "left": _LEFT,
        "width": _WIDTH - _RIGHT - _LEFT,
        "from": across.low,
        "to": across.high,
        "level": shown_level,
        "curves": [
            {
                "name": curve.name,
                "color": curve.color,
                "x": list(curve.generations),
                **{key: [_json_number(v) for v in getattr(curve, key)] for key in ("mean", "low", "high")},
            }
            for curve in curves
        ],
    }
    document = escape(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="line-chart" role="img" aria-label="{escape(description)}" '
        f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" font-family="sans-serif" font-size="10" fill="currentColor" '
        f'data-chart="{document}">'
        f"{''.join(_abscissa_ticks(across, abscissae))}{''.join(groups)}</svg>"
    )


def is_constant(curves: Sequence[Curve], digits: int) -> bool:
    """Return whether all curves have one and the same value throughout, as far as `digits` decimals show it."""
    shown = {round(v, digits) for curve in curves for v in (*curve.mean, *curve.low, *curve.high) if math.isfinite(v)}
    return len(shown) <= 1


@dataclass(frozen=True)
class _Axis:
    """An axis from a low to a high value, drawn from a start to an end [px], linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies [px]."""
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values on the axis."""
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for factors in ((1,), (1, 3), (1, 2, 5)):
                found = [f * 10.0**d for d in decades for f in factors if self.low <= f * 10.0**d <= self.high]
                if len(found) >= 3:
                    return found[:: math.ceil(len(found) / _MOST_TICKS)]
        step = _nice_step((self.high - self.low) / _MOST_TICKS)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _nice_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that is at least `least`."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _NICE_STEPS if step * power >= least * (1 - 1e-9))


def _padded(values: Sequence[float], log: bool) -> _Axis:
    """Return an ordinate that has room for the values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    start, end = _HEIGHT - _BOTTOM, _TOP
    if log:
        factor = max((high / low) ** 0.05, 1.02)
        return _Axis(low / factor, high * factor, start, end, True)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return _Axis(low - room, high + room, start, end)


def _abscissa_ticks(across: _Axis, abscissae: Sequence[float]) -> Iterator[str]:
    whole = all(x == int(x) for x in abscissae)
    for tick in across.ticks() if across.high > across.low else [across.low]:
        if not whole or tick == int(tick):
            yield _text(across.at(tick), _HEIGHT - 6, tick, "middle")


def _drawn(curves: Sequence[Curve], level: float | None, across: _Axis, up: _Axis) -> Iterator[str]:
    for tick in up.ticks():
        y = up.at(tick)
        yield (
            f'<line x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
            'stroke-opacity="0.12"/>'
        )
        yield _text(_LEFT - 6, y + 3.5, tick, "end")
    if level is not None:
        y = up.at(level)
        yield (
            f'<line x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" stroke="#9aa1ab" '
            'stroke-dasharray="4 3"/>'
        )
    for curve in curves:
        rows = zip(curve.generations, curve.mean, curve.low, curve.high, strict=True)
        points = [(across.at(x), *map(up.at, numbers)) for x, *numbers in rows if all(map(math.isfinite, numbers))]
        if any(low != high for _, _, low, high in points):
            edge = [(x, high) for x, _, _, high in points] + [(x, low) for x, _, low, _ in reversed(points)]
            yield f'<path d="{_path(edge)}Z" style="fill: {curve.color}" fill-opacity="0.15"/>'
        yield (
            f'<path d="{_path([(x, y) for x, y, _, _ in points])}" fill="none" style="stroke: {curve.color}" '
            'stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/>'
        )
        if len(points) <= _MOST_MARKERS:
            for x, y, _, _ in points:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" style="fill: {curve.color}"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else "M0 0"


def _text(x: float, y: float, value: float, anchor: str) -> str:
    text = f"{value:.6g}".replace("-", "−")
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (abs(value) >= size and value % size == 0):
            text = f"{value / size:.4g}{suffix}".replace("-", "−")
            break
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill-opacity="0.75">{text}</text>'


def _json_number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
