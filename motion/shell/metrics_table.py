"""Physical errors of many motions as a document for programs and as a table for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.metrics import physical_errors
from motion.motion_set import MotionSet
from motion.report import PhysicalErrors
from motion.validation import check_motion

_COLUMNS = {
    "penetrate_mm": "penetrate mm", "float_mm": "float mm", "skate_mm": "skate mm", "phys_err_mm": "phys_err mm",
    "skate_ratio": "skate ratio", "jitter_m_s3": "jitter m/s³", "accel_m_s2": "accel m/s²",
}  # fmt: skip


@dataclass(frozen=True)
class MetricsTable:
    """A row a motion: its id, frames, rate and errors; and for each motion that was refused, why."""

    rows: tuple[tuple[str, int, float, PhysicalErrors], ...]
    refused: dict[str, str]

    @classmethod
    def of(cls, motions: MotionSet) -> MetricsTable:
        rows, refused = [], {}
        for motion in motions:
            name = motion.name or ""
            try:
                check_motion(motion, min_frames=2, max_frames=sys.maxsize)
            except InvalidInput as error:
                refused[name] = str(error)
                continue
            rows.append((name, len(motion), motion.fps, physical_errors(motion.positions, motion.fps)))
        return cls(tuple(rows), refused)

    def mean(self) -> PhysicalErrors | None:
        """Means over the motions, each counting once; None when there are none."""
        if not self.rows:
            return None
        names = [field.name for field in fields(PhysicalErrors)]
        return PhysicalErrors(*(float(np.mean([getattr(row[3], name) for row in self.rows])) for name in names))

    def to_json(self) -> dict[str, Any]:
        """`{"motions": [{"id", "frames", "fps", errors}], "mean": {errors}, "refused": {id: reason}}`."""
        mean = self.mean()
        return {
            "motions": [
                {"id": name, "frames": frames, "fps": fps, **asdict(errors)} for name, frames, fps, errors in self.rows
            ],
            "mean": asdict(mean) if mean else None,
            "refused": self.refused,
        }

    def to_text(self) -> str:
        """Aligned columns, one motion a line, their mean last."""
        lines = [(name, str(frames), _cells(errors)) for name, frames, _, errors in self.rows]
        mean = self.mean()
        if mean:
            lines.append((f"mean of {len(self.rows)}", "", _cells(mean)))
        width = max([len(name) for name, _, _ in lines] + [len("motion")])
        header = f"{'motion':<{width}}  {'frames':>6}  " + "  ".join(_COLUMNS.values())
        return "\n".join(
            [header, *(f"{name:<{width}}  {frames:>6}  {'  '.join(cells)}" for name, frames, cells in lines)]
        )


def _cells(errors: PhysicalErrors) -> Sequence[str]:
    values = asdict(errors)
    return [f"{values[key]:>{len(title)}.{3 if key == 'skate_ratio' else 2}f}" for key, title in _COLUMNS.items()]
