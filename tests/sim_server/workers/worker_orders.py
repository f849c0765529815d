"""What the tests of workers ask for, and how they compare what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from motion.protocols import CorrectionOptions
from motion.report import Correction

SIMULATED = CorrectionOptions(effort="fast", always_simulate=True)
SEED = 3
Same = Callable[[Sequence[Correction]], bool]
"""Tells whether corrections are those of a corrector in this process, byte by byte."""
