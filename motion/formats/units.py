"""Units of length: their names, and the one in which a body is as tall as a person."""

from __future__ import annotations

from typing import cast

from motion.formats.read_options import UNIT_M, Unit

UNIT_NAMES: dict[str, str] = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "in": "inches"}
_PEOPLE_M = (1.2, 2.3)
_SAME_UNIT = 0.02


def name_of_unit(unit_m: float) -> str:
    """Return the name of a unit from its length in metres."""
    for unit, length in UNIT_M.items():
        if abs(unit_m - length) < _SAME_UNIT * length:
            return UNIT_NAMES[unit]
    return f"units of {unit_m * 1000:.3g} mm"


def unit_by_size(tall: float) -> Unit | None:
    """Return the unit in which a body of this height is as tall as a person; None if there is none.

    Args:
        tall: stature in the unknown unit, see `motion.plausibility.stature`.
    """
    for unit, length in UNIT_M.items():
        if _PEOPLE_M[0] <= tall * length <= _PEOPLE_M[1]:
            return cast(Unit, unit)
    return None
