"""The notebooks of the documents run from top to bottom, and were committed with what they show."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from doc_pages import ROOT

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Return the program that executes the notebooks."""
    for needed in ("nbclient", "ipykernel"):
        pytest.importorskip(needed, reason=f"needs {needed}: pip install {needed}")
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "docs/generate/notebooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_notebooks_for_files_a_service_a_generator_and_a_loop() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "a-folder-of-files", "a-loop-on-a-toy", "a-service", "an-own-generator",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_was_committed_with_what_it_shows(path: Path, generate: ModuleType) -> None:
    nbformat = pytest.importorskip("nbformat")
    committed = nbformat.read(path, as_version=4)
    again = generate.executed(path)
    for old, new in zip(committed.cells, again.cells, strict=True):
        if old.cell_type == "code":
            kinds = [
                [(output.output_type, *sorted(output.get("data", {}))) for output in c.outputs] for c in (old, new)
            ]
            assert kinds[0] == kinds[1] and "stderr" not in [output.get("name") for output in new.outputs]
    shown = [output.data["text/html"] for cell in again.cells for output in cell.get("outputs", []) if "data" in output
             and "text/html" in output.data]  # fmt: skip
    assert shown and all("<iframe" in html for html in shown)
    assert "/tmp/" not in path.read_text("utf-8") and str(ROOT) not in path.read_text("utf-8")
