"""Chromium for tests: the one of the system, without a screen and drawn by software."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
_END_SECONDS = 5.0

Opens = Callable[..., "Viewer"]


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Yield a browser of playwright; the test is skipped where one of the two is missing.

    The driver, a process of its own, ends when its standard input is closed. A process that another test forked may
    still hold that pipe, and then it never ends: it is killed after some seconds, which ends the browser too.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Chromium on PATH: apt-get install chromium")
    before = _children()
    driver = playwright.sync_playwright().start()
    drivers = _children() - before
    try:
        yield driver.chromium.launch(executable_path=program, args=_FLAGS)
    finally:
        killing = threading.Timer(_END_SECONDS, _kill, [drivers])
        killing.start()
        with suppress(Exception):  # the browser may be gone already; what a test found is raised, not this
            driver.stop()
        killing.cancel()


def _children() -> set[int]:
    """Return the ids of the processes that this one has started and that have not ended."""
    return {
        int(child)
        for children in Path("/proc/self/task").glob("*/children")
        for child in children.read_text("ascii").split()
    }


def _kill(processes: set[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


class Viewer:
    """A page with a player in a tab of its own.

    Args:
        browser: the browser.
        path: the page, a file or an address.
        link: what follows `#`.
        script: what runs in the tab before the scripts of the page.
        ready: JavaScript that is true once the page can be looked at.
        options: of the tab, such as `color_scheme`.

    Attributes:
        tab: playwright's page.
        complaints: errors and warnings in the tab's console.
    """

    def __init__(
        self,
        browser: Any,
        path: Path | str,
        link: str = "",
        script: str = "",
        ready: str = "window.plumb && plumb.drawn().frames > 0",
        **options: Any,
    ):
        settings = {"viewport": {"width": 900, "height": 640}, "reduced_motion": "reduce"} | options
        self.context = browser.new_context(**settings)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", lambda line: self.complaints.append(line.text) if line.type != "log" else None)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        if script:
            self.tab.add_init_script(script)
        address = path.as_uri() if isinstance(path, Path) else path
        self.tab.goto(address + (f"#{link}" if link else ""))
        self.tab.wait_for_function(ready)

    def drawn(self) -> dict[str, Any]:
        """Return what is drawn, once everything that was asked for is."""
        self.tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.tab.evaluate("plumb.drawn()")

    def press(self, *keys: str) -> dict[str, Any]:
        """Press keys, and return what is drawn then."""
        for key in keys:
            self.tab.keyboard.press(key)
        return self.drawn()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield one browser for all tests of a module."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def opened(chromium: Any) -> Iterator[Opens]:
    """Yield a function that opens a page; at the end of the test nothing may have been complained of."""
    viewers: list[Viewer] = []

    def open_page(path: Path | str, link: str = "", **options: Any) -> Viewer:
        viewers.append(Viewer(chromium, path, link, **options))
        return viewers[-1]

    yield open_page
    complaints = [complaint for viewer in viewers for complaint in viewer.complaints]
    for viewer in viewers:
        viewer.context.close()
    assert complaints == []
