"""Paths of assets and of data that the environment names."""

from __future__ import annotations

from pathlib import Path

import pytest

from motion.errors import InvalidInput, NotFound
from motion.shell.assets import asset_path, data_path


def test_default_is_the_set_that_ships() -> None:
    assert data_path("default") == asset_path("motions/default.npz")
    assert data_path("default").is_file()


def test_a_missing_asset_is_not_found() -> None:
    with pytest.raises(NotFound, match="no asset 'no/such'"):
        asset_path("no/such")


def test_an_environment_variable_names_the_folder_of_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLUMB_DATA", str(tmp_path))
    assert data_path("$PLUMB_DATA/train") == tmp_path / "train"
    assert data_path("$PLUMB_DATA") == tmp_path
    assert data_path("some/path") == Path("some/path")


def test_without_the_environment_variable_no_folder_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMB_DATA", raising=False)
    with pytest.raises(InvalidInput, match="environment variable PLUMB_DATA must name"):
        data_path("$PLUMB_DATA/train")
