"""Files and Python names that the documents mention exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from doc_pages import ROOT, name_of, pages

_CURRENT = [page for page in pages() if "decisions" not in page.parts]  # a decision is about its own day
_PATH = re.compile(r"`((?:motion|sim_server|generator|loop_client|tests|proto|assets)/[\w./-]*)`")
_NAME = re.compile(r"`((?:motion|sim_server|generator|loop_client)(?:\.\w+)+)[`(]")
_NOT_PYTHON = ("motion.v1.", "generator.init", "generator.later_settings", "generator.settings")  # gRPC; recipe keys


@pytest.mark.parametrize("page", _CURRENT, ids=name_of)
def test_files_that_a_page_mentions_exist(page: Path) -> None:
    mentioned = _PATH.findall(page.read_text("utf-8"))
    assert not [path for path in mentioned if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", _CURRENT, ids=name_of)
def test_python_names_that_a_page_mentions_exist(page: Path) -> None:
    mentioned = [name for name in _NAME.findall(page.read_text("utf-8")) if not name.startswith(_NOT_PYTHON)]
    assert not [name for name in mentioned if not _exists(name)]


def _exists(name: str) -> bool:
    """Return whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_the_quickstart_shows_the_checks_that_there_are() -> None:
    from generator.conformance.generator_checks import CHECKS
    from generator.conformance.service_checks import WIRE_CHECKS

    shown = re.findall(r"^ok +(\w+)$", (ROOT / "docs/quickstart.md").read_text("utf-8"), re.MULTILINE)
    assert shown == [check.__name__ for check in (*CHECKS, *WIRE_CHECKS)]
