"""Colours of figures: one meaning has one colour, in pages, films and reports."""

from __future__ import annotations

from typing import Literal

Role = Literal["", "before", "after", "real"]
"""What a figure shows: a motion before or after its correction, a real one, or one of several without a meaning."""

ROLE_COLORS: dict[str, str] = {"before": "#c8553d", "after": "#1b7f79", "real": "#9aa1ab"}
OTHER_COLORS = ("#4c7fb0", "#d9a441", "#7a5195", "#8a9a3b", "#a0527a", "#6b7280")
"""Colours of figures without a meaning, by their place in a scene."""


def figure_color(role: Role, place: int) -> str:
    """Return the CSS colour of a figure that does not bring its own.

    Args:
        role: what it shows.
        place: its place among the figures of its scene, from 0.
    """
    return ROLE_COLORS.get(role) or OTHER_COLORS[place % len(OTHER_COLORS)]
