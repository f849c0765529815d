"""The elements of a report's page."""

from __future__ import annotations

from motion.viewing.page_elements import (
    Term,
    definitions,
    facts,
    figure,
    folded,
    legend,
    named_swatch,
    page,
    paragraph,
    preformatted,
    section,
    table,
)

__all__ = [
    "Term",
    "definitions",
    "facts",
    "figure",
    "folded",
    "legend",
    "named_swatch",
    "page",
    "paragraph",
    "preformatted",
    "section",
    "table",
]
