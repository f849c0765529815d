"""A live page: it changes with what it shows, keeps the last it saw, and answers this machine's browser alone."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from chromium import Opens
from swaying_body import sway

from motion.errors import InvalidInput, NotFound
from motion.viewing.html_player import Figure, Scene, page_html
from motion.viewing.line_chart import Curve, chart_svg
from motion.viewing.live_server import progress_html, serve_live
from motion.viewing.page_elements import paragraph


class Growing:
    """A view of something that is told how far it is."""

    title = "Growing <fast>"

    def __init__(self) -> None:
        self.done = 0

    def parts(self) -> Mapping[str, str]:
        if self.done < 0:
            raise NotFound("it went away")
        values = [float(v) for v in range(self.done + 1)]
        chart = chart_svg([Curve("#1b7f79", range(len(values)), values, values, values, "growth")])
        return {"bar": progress_html("Growth", self.done / 4, "soon"), "chart": chart}

    def motions(self) -> tuple[str, str] | None:
        motion = sway(10, seed=max(0, self.done))
        page = page_html([Scene((Figure("sway", motion.positions, motion.fps),), f"sway {self.done}")], "newest")
        return (f"sway {self.done}", page) if self.done else None


def answer(address: str, path: str, host: str | None = None) -> tuple[int, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=10)
    connection.request("GET", path, headers={"Host": host or parts.netloc})
    response = connection.getresponse()
    return response.status, response.read()


def test_only_this_machine_is_answered() -> None:
    with serve_live(Growing()) as address:
        assert urlsplit(address).hostname == "127.0.0.1"
        assert answer(address, "/")[0] == 200
        assert answer(address, "/state", host=f"evil.example:{urlsplit(address).port}")[0] == 403
        assert answer(address, "/../etc/passwd")[0] == 404 and answer(address, "/motions")[0] == 404
        body = answer(address, "/")[1].decode()
        assert "Growing &lt;fast&gt;" in body and "Growing <fast>" not in body


def test_what_cannot_be_read_right_now_is_said() -> None:
    view = Growing()
    view.done = -1
    with serve_live(view) as address:
        assert b"it went away" in answer(address, "/state")[1]


def test_a_port_that_is_taken_is_refused() -> None:
    with serve_live(Growing()) as address, pytest.raises(InvalidInput, match="0 picks a free one"):
        with serve_live(Growing(), urlsplit(address).port or 0):
            pass


def test_the_page_grows_and_keeps_the_last_it_saw(opened: Opens) -> None:
    view = Growing()
    view.done = 1
    with serve_live(view) as address:
        viewer = opened(address, ready="document.querySelector('#part-chart .chart-tip')")
        assert viewer.tab.locator("progress").get_attribute("value") == "25.0"
        view.done = 3
        viewer.tab.wait_for_function("document.querySelector('progress').value === 75")
        assert viewer.tab.locator("#part-chart circle").count() == 4
        frame = viewer.tab.frame_locator("#motions")
        frame.get_by_text("sway 3").first.wait_for()
    viewer.tab.wait_for_function("document.querySelector('#state').textContent.includes('has ended')")
    assert viewer.tab.locator("#part-chart circle").count() == 4
    viewer.complaints.clear()  # the browser complains that the server is gone


def test_a_bar_is_never_longer_than_the_whole() -> None:
    assert 'value="100.0"' in progress_html("a", 1.7, "") and 'value="0.0"' in progress_html("a", -1, "")
    assert "99 %" in progress_html("a", 0.999, ""), "all is done only when it is"
    assert paragraph("<x>") == "<p>&lt;x&gt;</p>" and "&lt;x>" in progress_html("<x>", 0, "")
