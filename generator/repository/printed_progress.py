"""The progress of a training, from the lines that its program prints."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from motion.protocols import FitProgress


class PrintedProgress:
    """Finds the steps of a training in what it prints, and reports them, at least at every beat.

    Args:
        pattern: regular expression with a group `step` and perhaps one `loss`.
        steps: number of all steps.
        report: called with the last step and loss that were printed, or step 1 and NaN; None for nobody.
    """

    def __init__(self, pattern: str, steps: int, report: Callable[[FitProgress], None] | None):
        self._pattern = re.compile(pattern)
        self._steps = steps
        self._report = report
        self._step, self._loss = 1, math.nan

    def __call__(self, line: str | None) -> None:
        """Read a line of the program; None is a beat without one."""
        found = None if line is None else self._pattern.search(line)
        if found:
            values = found.groupdict()
            self._step = min(max(self._step, int(values["step"])), self._steps)
            self._loss = float(values.get("loss") or self._loss)
        if self._report and (found or line is None):
            self._report(FitProgress(self._step, self._steps, self._loss))
