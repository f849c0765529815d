"""Pages of the site that are files at the top of the repository."""

from __future__ import annotations

from pathlib import Path

_LINKS = {"](docs/": "](", "](CHANGELOG.md)": "](changelog.md)", "](CONTRIBUTING.md)": "](contributing.md)"}


def root_page(path: Path) -> str:
    """Return the text of a file at the top of the repository, its links rewritten for a page in `docs/`."""
    text = path.read_text("utf-8")
    for there, here in _LINKS.items():
        text = text.replace(there, here)
    return text
