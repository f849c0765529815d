"""Physical constants that synthesis and simulation share."""

from __future__ import annotations

GRAVITY_M_S2 = 9.81
"""Acceleration of free fall, m/s²; it points down the Y axis."""
