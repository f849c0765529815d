"""Commands and flags that the documents mention exist, also in blocks that are not run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from doc_pages import ROOT, Block, blocks, name_of, pages

sys.path.insert(0, str(ROOT / "docs" / "generate"))

from command_page import command_page

_COMMAND = re.compile(r"\b(plumb-(?:motion|sim|gen|loop)) ([a-z][a-z-]*)")
_FLAG = re.compile(r"(?<=\s)--[a-z][a-z-]*")
_SHELL = [block for page in pages() for block in blocks(page) if block.language == "sh"]


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """Return the help of each command, by `program command`."""
    parts = re.split(r"^### (.+)$", command_page(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_commands_that_a_page_mentions_exist(page: Path, helps: dict[str, str]) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    code = " ".join(re.findall(r"`([^`\n]+)`", text)) + "".join(block.text for block in blocks(page))
    assert not [" ".join(found) for found in _COMMAND.findall(code) if " ".join(found) not in helps]


@pytest.mark.parametrize("block", _SHELL, ids=str)
def test_flags_in_a_block_exist(block: Block, helps: dict[str, str]) -> None:
    unknown = []
    for line in block.text.replace("\\\n", " ").splitlines():
        found = _COMMAND.search(line)
        if found:
            text = helps[f"{found.group(1)} {found.group(2)}"]
            used = _FLAG.findall(line[found.end() :].partition(" #")[0])
            unknown += [f"{found.group(0)} {flag}" for flag in used if not re.search(rf"{flag}\b", text)]
    assert not unknown
