"""Reading of the documents' Markdown: code blocks with their reasons for not being run, headings and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True)
class Block:
    """One fenced code block.

    Attributes:
        page: path of the page, relative to the repository.
        line: number of the line where its fence opens.
        language: what stands after the fence.
        text: its content.
        not_run: why it is not run; None for a block that is run.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return the pages that lie in the repository: README, CONTRIBUTING and all below `docs/`."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """Return the path of a page relative to the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return the fenced code blocks of a page, in order."""
    found: list[Block] = []
    inside: list[str] | None = None
    fence, language, start, reason = "", "", 0, None
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if inside is not None:
            if line.strip() == fence:
                found.append(Block(name_of(page), start, language, "\n".join(inside) + "\n", reason))
                inside, reason = None, None
            else:
                inside.append(line)
        elif match := re.match(r"(```+)(.*)$", line):
            fence, language, start, inside = match.group(1), match.group(2).strip(), number, []
        elif match := _NOT_RUN.fullmatch(line.strip()):
            reason = match.group(1)
        elif line.strip():
            reason = None
    return found


def sections(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the heading and the text of each section of a page; a section ends at the next heading of any level."""
    heading, lines, fenced = "", [], False
    for line in page.read_text("utf-8").splitlines():
        fenced ^= line.startswith("```")
        if not fenced and re.match(r"#+ ", line):
            yield heading, "\n".join(lines)
            heading, lines = line, []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)
