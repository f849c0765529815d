"""Charts as SVG: values lie where the axes say, and nothing is drawn that is not there."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from motion.viewing.line_chart import Curve, chart_svg, is_constant

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(curves: list[Curve], level: float | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(chart_svg(curves, level, "FID & <co>"))


def curve(*values: float, half: float = 0.0, name: str = "a") -> Curve:
    return Curve("#112233", range(len(values)), values, [v - half for v in values], [v + half for v in values], name)


def points(svg: ElementTree.Element, scale: str) -> list[tuple[float, float]]:
    group = next(each for each in svg.iter(f"{NAMESPACE}g") if each.get("class") == f"scale {scale}")
    return [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in group.iter(f"{NAMESPACE}circle")]


def ticks(svg: ElementTree.Element, scale: str) -> dict[float, float]:
    group = next(each for each in svg.iter(f"{NAMESPACE}g") if each.get("class") == f"scale {scale}")
    return {
        float((t.text or "").replace("−", "-")): float(t.get("y", "")) - 3.5 for t in group.iter(f"{NAMESPACE}text")
    }


def test_points_lie_where_the_ticks_of_the_axis_say() -> None:
    svg = drawn([curve(-2.0, 0.0, 3.0)])
    scale = ticks(svg, "linear")
    (low, low_y), (high, high_y) = min(scale.items()), max(scale.items())
    for value, (_, y) in zip((-2.0, 0.0, 3.0), points(svg, "linear"), strict=True):
        assert y == pytest.approx(low_y + (value - low) / (high - low) * (high_y - low_y), abs=0.2)


def test_equal_factors_are_equal_distances_on_a_logarithmic_axis() -> None:
    y = [y for _, y in points(drawn([curve(1.0, 10.0, 100.0)]), "log")]
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.2) and y[0] > y[1]


@pytest.mark.parametrize(("values", "shown"), [((1.0, 2.0), "linear"), ((1.0, 300.0), "log"), ((0.0, 300.0), "linear")])
def test_the_axis_is_logarithmic_at_first_where_values_span_factors(values: tuple[float, ...], shown: str) -> None:
    groups = {each.get("class"): each.get("display") for each in drawn([curve(*values)]).iter(f"{NAMESPACE}g")}
    assert groups[f"scale {shown}"] is None
    assert all(display == "none" for name, display in groups.items() if name != f"scale {shown}")
    assert ("scale log" in groups) == (min(values) > 0)


def test_missing_values_are_left_out_and_the_level_is_dashed() -> None:
    svg = drawn([curve(1.0, math.nan, 3.0)], level=2.0)
    assert len(points(svg, "linear")) == 2
    dashed = [each for each in svg.iter(f"{NAMESPACE}line") if each.get("stroke-dasharray")]
    between = [y for _, y in points(svg, "linear")]
    assert min(between) < float(dashed[0].get("y1", "")) < max(between)


def test_the_values_of_the_curves_go_with_the_picture() -> None:
    text = chart_svg([curve(1.0, 2.0, half=0.5, name='a "quoted" <name>')], 3.0)
    data = json.loads(ElementTree.fromstring(text).get("data-chart", ""))
    (held,) = data["curves"]
    assert held["name"] == 'a "quoted" <name>' and data["level"] == 3.0
    assert (held["mean"], held["low"], held["high"]) == ([1.0, 2.0], [0.5, 1.5], [1.5, 2.5])
    assert not re.search("<script|<name", text)


def test_nothing_at_all_is_still_a_picture() -> None:
    assert drawn([]).tag == f"{NAMESPACE}svg"


def test_curves_are_constant_as_far_as_the_digits_show() -> None:
    assert is_constant([curve(1.0, 1.004), curve(1.001)], 2) and not is_constant([curve(1.0, 1.004)], 3)
    assert not is_constant([curve(1.0, 1.0, half=0.1)], 2), "seeds that differ are not constant"
