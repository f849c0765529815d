"""Charts in a real browser: values under the pointer, a logarithmic axis, files, and definitions."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from chromium import Opens, Viewer

from motion.viewing.line_chart import Curve, chart_svg
from motion.viewing.page_elements import Term, definitions, figure, page, table

READY = "window.plumbCharts && document.querySelector('.chart-tip')"


@pytest.fixture
def viewer(tmp_path: Path, opened: Opens) -> Viewer:
    curves = [
        Curve("#1b7f79", [0, 1, 2], [1.0, 2.5, 4.0], [0.5, 2.0, 3.0], [1.5, 3.0, 5.0], "corrected"),
        Curve("#c8553d", [0, 2], [1.0, 8.0], [1.0, 8.0], [1.0, 8.0], "as it is, raw"),
    ]
    parts = [
        figure(Term("FID"), "lower is better", chart_svg(curves, 2.0)),
        table(["", Term("FID", "FID of all")], [["a", "1"]]),
        definitions({"FID": "A distance between Gaussians."}),
    ]
    path = tmp_path / "page.html"
    path.write_text(page("a page", parts), encoding="utf-8")
    return opened(path, ready=READY, accept_downloads=True)


def test_the_values_of_all_curves_are_shown_under_the_pointer(viewer: Viewer) -> None:
    box = viewer.tab.locator("svg.line-chart").bounding_box()
    viewer.tab.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 0.5 * box["height"])
    tip = viewer.tab.locator(".chart-tip")
    assert tip.inner_text().split("\n") == ["generation 2", "corrected 4 3 to 5", "as it is, raw 8", "real 2"]
    viewer.tab.mouse.move(0, 0)
    assert tip.is_hidden()
    viewer.tab.locator("svg.line-chart").focus()
    viewer.tab.keyboard.press("ArrowRight")
    viewer.tab.keyboard.press("ArrowRight")
    assert tip.inner_text().split("\n") == ["generation 1", "corrected 2.5 2 to 3", "real 2"]


def test_the_axis_can_be_logarithmic(viewer: Viewer) -> None:
    button, log = viewer.tab.get_by_role("button", name="log"), viewer.tab.locator(".scale.log")
    assert log.is_hidden() and button.get_attribute("aria-pressed") == "false"
    button.click()
    assert log.is_visible() and viewer.tab.locator(".scale.linear").is_hidden()
    button.click()
    assert log.is_hidden()


def test_values_and_picture_can_be_saved(viewer: Viewer) -> None:
    with viewer.tab.expect_download() as download:
        viewer.tab.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "FID.csv"
    rows = list(csv.reader(Path(download.value.path()).read_text("utf-8").splitlines()))
    assert rows[0] == ["curve", "generation", "mean", "low", "high"]
    assert rows[1:] == [
        ["corrected", "0", "1", "0.5", "1.5"], ["corrected", "1", "2.5", "2", "3"], ["corrected", "2", "4", "3", "5"],
        ["as it is, raw", "0", "1", "1", "1"], ["as it is, raw", "2", "8", "8", "8"], ["real", "", "2", "", ""],
    ]  # fmt: skip
    viewer.tab.locator("svg.line-chart").focus()
    viewer.tab.keyboard.press("ArrowRight")
    with viewer.tab.expect_download() as download:
        viewer.tab.get_by_role("button", name="SVG").click()
    picture = ElementTree.parse(download.value.path()).getroot()
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) == 3, "a band and two lines, of one scale"


def test_a_definition_is_one_click_away(viewer: Viewer) -> None:
    definition = viewer.tab.get_by_text("A distance between Gaussians.")
    assert definition.is_hidden()
    for name in ("FID", "FID of all"):
        viewer.tab.get_by_role("button", name=name, exact=True).click()
        assert definition.is_visible()
        viewer.tab.keyboard.press("Escape")
        assert definition.is_hidden()
