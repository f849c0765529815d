"""Where real data and recorded numbers are, when they are there at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or ROOT / default)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real mocap, named by PLUMB_DATA."""
    folder = _folder("PLUMB_DATA", "../shared/data")
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist (set PLUMB_DATA)")
    return folder


@pytest.fixture(scope="session")
def parity_dir() -> Path:
    """The folder of numbers recorded from published code, named by PLUMB_PARITY."""
    folder = _folder("PLUMB_PARITY", "../shared/parity")
    if not folder.is_dir():
        pytest.skip(f"no recorded numbers: {folder} does not exist (set PLUMB_PARITY)")
    return folder
