"""Chromium for tests: the one of the system, without a screen and drawn by software."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Yield a browser of playwright; the test is skipped where one of the two is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Chromium on PATH: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


class Viewer:
    """A page with a player in a tab of its own.

    Args:
        browser: the browser.
        path: the page.
        link: what follows `#`.
        options: of the tab, such as `color_scheme`.

    Attributes:
        tab: playwright's page.
        complaints: errors and warnings in the tab's console.
    """

    def __init__(self, browser: Any, path: Path, link: str = "", script: str = "", **options: Any):
        settings = {"viewport": {"width": 900, "height": 640}, "reduced_motion": "reduce"} | options
        self.context = browser.new_context(**settings)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", lambda line: self.complaints.append(line.text) if line.type != "log" else None)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        if script:
            self.tab.add_init_script(script)
        self.tab.goto(path.as_uri() + (f"#{link}" if link else ""))
        self.tab.wait_for_function("window.plumb && plumb.drawn().frames > 0")

    def drawn(self) -> dict[str, Any]:
        """Return what is drawn, once everything that was asked for is."""
        self.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.tab.evaluate("plumb.drawn()")

    def press(self, *keys: str) -> dict[str, Any]:
        """Press keys, and return what is drawn then."""
        for key in keys:
            self.tab.keyboard.press(key)
        return self.drawn()
