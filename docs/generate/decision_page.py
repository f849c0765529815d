"""The index of the decisions, from the pages themselves."""

from __future__ import annotations

import re
from pathlib import Path

_HEAD = """# Decisions

One page a decision that a reader may wonder about: what the situation was, what was decided, what follows from it. A
page is not rewritten when the decision is changed later; it gets a line under its date, or a later page replaces it.

| number | date | decision |
| --- | --- | --- |
"""


def decision_page(folder: Path) -> str:
    """Return the index page of the decisions in a folder, whose files are named `NNNN-title.md`."""
    rows = []
    for path in sorted(folder.glob("[0-9]*.md")):
        text = path.read_text("utf-8")
        title = text.splitlines()[0].removeprefix("# ")
        date = re.search(r"^Date: (\S+)", text, re.MULTILINE)
        rows.append(f"| {path.name[:4]} | {date.group(1) if date else ''} | [{title}]({path.name}) |")
    return _HEAD + "\n".join(rows) + "\n"
