"""The keys of a recipe that only describe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TIMINGS = ("measured", "estimated")
"""Where the minutes of a recipe are from: a run of the recipe as it is, or a guess before anyone ran it."""

DESCRIPTIVE_KEYS = ("title", "paper", "row", "minutes", "timing", "published", "reduced", "checks")
"""Keys that no result depends on. They may change between two starts in the same folder."""


def without_description(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's plain table without the keys that no result depends on."""
    return {key: value for key, value in table.items() if key not in DESCRIPTIVE_KEYS}
