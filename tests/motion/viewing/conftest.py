"""One browser for all tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Viewer, open_chromium

Opens = Callable[..., Viewer]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def opened(chromium: Any) -> Iterator[Opens]:
    """Yield a function that opens a page; at the end of the test nothing may have been complained of."""
    viewers: list[Viewer] = []

    def open_page(path: Path, link: str = "", **options: Any) -> Viewer:
        viewers.append(Viewer(chromium, path, link, **options))
        return viewers[-1]

    yield open_page
    complaints = [complaint for viewer in viewers for complaint in viewer.complaints]
    for viewer in viewers:
        viewer.context.close()
    assert complaints == []
