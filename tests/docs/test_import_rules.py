"""Packages import only those that `docs/architecture.md` allows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_pages import ROOT

_PACKAGES = ("motion", "sim_server", "generator", "loop_client")
_ALLOWED = {
    "motion": {"motion"},
    "sim_server": {"motion", "sim_server"},
    "generator": {"motion", "generator"},
    "loop_client": {"motion", "loop_client"},
    "loop_client/commands": set(_PACKAGES),  # opens services in this process where no address is given
}


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", _PACKAGES)
def test_a_package_imports_only_what_the_architecture_allows(package: str) -> None:
    forbidden = []
    for file in sorted((ROOT / package).rglob("*.py")):
        room = file.relative_to(ROOT).parent.as_posix()
        allowed = _ALLOWED.get(room, _ALLOWED[package])
        forbidden += [f"{file}: {name}" for name in _imported(file) if name in _PACKAGES and name not in allowed]
    assert not forbidden
