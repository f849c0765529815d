"""MkDocs hook: add the pages that are generated from code and from the files at the top of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
sys.path[:0] = [str(_HERE), str(_ROOT)]  # MkDocs loads this file by path, not as part of a package

from command_page import command_page  # noqa: E402
from decision_page import decision_page  # noqa: E402
from recipe_page import recipe_page  # noqa: E402
from root_page import root_page  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that lie in `docs/`."""
    pages = {
        "cli.md": command_page(),
        "recipes.md": recipe_page(),
        "decisions/index.md": decision_page(_ROOT / "docs" / "decisions"),
        "changelog.md": root_page(_ROOT / "CHANGELOG.md"),
        "contributing.md": root_page(_ROOT / "CONTRIBUTING.md"),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files
