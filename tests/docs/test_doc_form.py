"""The documents keep to their form: a short README, tables that name their command, one number a decision."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_pages import ROOT, name_of, pages, sections

import motion

_README_LINES = 150
_COMMAND = re.compile(r"plumb-(motion|sim|gen|loop) [a-z]|make [a-z]|pip install")
_TABLE = re.compile(r"^\| ?-", re.MULTILINE)
_WITH_RESULTS = ("README.md", "docs/benchmarks.md", "docs/experiments.md")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= _README_LINES


@pytest.mark.parametrize("name", _WITH_RESULTS)
def test_every_table_stands_in_a_section_that_names_its_command(name: str) -> None:
    without = [heading for heading, text in sections(ROOT / name) if _TABLE.search(text) and not _COMMAND.search(text)]
    assert not without


def test_decisions_are_numbered_and_say_date_context_decision_and_consequences() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [page.name[:4] for page in decisions]
    assert len(set(numbers)) == len(numbers)
    for page in decisions:
        text = page.read_text("utf-8")
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
        assert re.search(r"^Date: \d{4}-\d\d-\d\d", text, re.MULTILINE), page
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{page.name} has no section {heading!r}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_to_files_of_the_repository_are_not_broken(page: Path) -> None:
    """The site's build checks its own pages; this checks what README and others link to outside of it."""
    generated = {"cli.md", "recipes.md", "changelog.md", "contributing.md", "index.md"}
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
        if "://" not in target and Path(target).name not in generated and not (page.parent / target).exists()
    ]
    assert not broken


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_lines_of_prose_are_short(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    prose = [line for line in text.splitlines() if not line.startswith(("|", "![", "<!--"))]
    assert not [line for line in prose if len(line) > 120]


def test_the_version_is_the_same_in_the_package_the_changelog_and_the_citation() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"\nversion: {motion.__version__}\n" in citation
    released = re.search(r"^date-released: (\S+)$", citation, re.MULTILINE)
    assert released and f"\n## {motion.__version__} - {released.group(1)}\n" in changelog
