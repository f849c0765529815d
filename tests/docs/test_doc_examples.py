"""The commands and programs in the documents do what the documents say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import Block, blocks, name_of, pages

_RUN = ("sh", "python")
_SHOWN = ("text", "toml", "json", "bibtex", "protobuf")
_BLOCKS = [block for page in pages() for block in blocks(page)]
_SECONDS = 280


def _runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in _RUN and block.not_run is None]


@pytest.mark.parametrize("page", [page for page in pages() if _runnable(page)], ids=name_of)
def test_the_commands_of_a_page_run_in_order_in_an_empty_folder(page: Path, tmp_path: Path) -> None:
    """Blocks of a page share one folder and one shell, as they do for a reader who types them."""
    folder = tmp_path / "reader"
    folder.mkdir()
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for block in _runnable(page):
        lines.append(f"echo '== {block}' >&2")
        if block.language == "sh":
            lines.append(block.text)
        else:
            program = tmp_path / f"line_{block.line}.py"
            program.write_text(block.text, "utf-8")
            lines.append(f"python '{program}'")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    environment.pop("PLUMB_DATA", None)  # a reader has none
    finished = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS
    )
    assert finished.returncode == 0, f"{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}"


@pytest.mark.parametrize("block", [block for block in _BLOCKS if block.not_run is not None], ids=str)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    assert block.language in _RUN
    pytest.skip(f"not run: {block.not_run}")


@pytest.mark.parametrize("block", [block for block in _BLOCKS if block.language == "python"], ids=str)
def test_every_python_block_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_every_block_says_what_it_holds() -> None:
    unknown = [f"{block} is {block.language!r}" for block in _BLOCKS if block.language not in (*_RUN, *_SHOWN)]
    assert not unknown, f"must be one of {(*_RUN, *_SHOWN)}"
