"""The browser of the tests ends, whatever else runs in their process."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import chromium
import pytest
from chromium import open_chromium


def test_the_driver_ends_though_a_forked_process_holds_its_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_END_SECONDS", 0.5)
    ended = threading.Event()
    fork = multiprocessing.get_context("fork")
    release = fork.Event()
    children: list[Any] = []

    def let_go() -> None:
        if not ended.wait(60):  # without a kill the driver never ends: say so instead of hanging
            release.set()

    with open_chromium() as browser:
        page = browser.new_page()
        page.set_content("<p>here</p>")
        assert page.inner_text("p") == "here"
        children.append(fork.Process(target=release.wait, daemon=True))
        children[0].start()
        threading.Thread(target=let_go, daemon=True).start()
    ended.set()
    held_on = children[0].is_alive()
    release.set()
    children[0].join()
    assert held_on, "the driver ended only when the forked process did"
