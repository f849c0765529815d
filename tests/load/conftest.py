"""Servers that the fast forms of the load programs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server_under_load import ECHO, ServerUnderLoad


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerUnderLoad]:
    """Return a server whose corrector does nothing."""
    with ServerUnderLoad(program=ECHO) as server:
        yield server


@pytest.fixture(scope="module")
def sim() -> Iterator[ServerUnderLoad]:
    """Return a server that ships."""
    with ServerUnderLoad(["--workers", "0"]) as server:
        yield server
