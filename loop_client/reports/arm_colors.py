"""Colours of arms, the same in charts, tables and players."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

REAL_COLOR = "#9aa1ab"
"""The colour of real data."""

UNCORRECTED_COLOR = "#c8553d"
"""The colour of synthetic data that is not corrected, and of arms that train on it."""

_GREY, _TEAL, _GOLD, _VIOLET, _BLUE, _OLIVE = "#6b7280", "#1b7f79", "#d9a441", "#7a5195", "#4c7fb0", "#8a9a3b"
_ROLES = {
    "baseline": _GREY, "real alone": _GREY,
    "iterative": UNCORRECTED_COLOR, "augment": UNCORRECTED_COLOR, "augmented": UNCORRECTED_COLOR,
    "not corrected": UNCORRECTED_COLOR,
    "corrected": _TEAL,
    "roundtrip": _GOLD,
    "replace": _VIOLET, "synthetic": _VIOLET,
    "accumulate": _BLUE,
    "fresh": _OLIVE,
}  # fmt: skip
_OTHERS = (
    "#a0527a", "#6a6fae", "#e07a5f", "#52b69a", "#8d6e3f", "#b39ddb", "#3a78c8", "#bc6c25", "#b83280", "#6a994e",
    "#e5989b", "#0077b6",
)  # fmt: skip


def arm_colors(arms: Iterable[str]) -> dict[str, str]:
    """Choose a colour for each arm of a report.

    An arm whose name tells its role, such as `corrected`, has the colour of that role in every report. The name of any
    other arm picks a colour of the palette, so that it neither depends on the order of the arms nor, unless two names
    pick the same colour, on which other arms there are.

    Args:
        arms: names, each once.

    Returns:
        CSS colours by name, in the order of `arms`. Two arms share a colour only where the palette is used up.
    """
    names = list(arms)
    colors: dict[str, str] = {}
    for name in sorted(names):
        role = _ROLES.get(name)
        if role and role not in colors.values():
            colors[name] = role
    for name in sorted(names):
        if name not in colors:
            first = zlib.crc32(name.encode()) % len(_OTHERS)
            order = [*_OTHERS[first:], *_OTHERS[:first]]
            colors[name] = next((color for color in order if color not in colors.values()), order[0])
    return {name: colors[name] for name in names}


def shades(color: str, count: int) -> list[str]:
    """Return `count` shades of a colour for stages of one arm, from the lightest to the colour itself.

    Args:
        color: `#rrggbb`.
        count: at least 1.
    """
    channels = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    lightness = [0.6 * (count - 1 - index) / max(1, count - 1) for index in range(count)]
    return [
        "#" + "".join(f"{round(channel + (255 - channel) * light):02x}" for channel in channels) for light in lightness
    ]
