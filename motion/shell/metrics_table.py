"""Physical errors of many motions, as a JSON document and as a text table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from motion.errors import InvalidInput
from motion.metrics import PhysicalErrors, mean_errors, physical_errors
from motion.motion_set import MotionSet
from motion.shell.tables import text_table
from motion.validation import check_motion

_COLUMNS = {
    "penetrate_mm": "penetrate mm", "float_mm": "float mm", "skate_mm": "skate mm", "phys_err_mm": "phys_err mm",
    "skate_ratio": "skate ratio", "jitter_m_s3": "jitter m/s³", "accel_m_s2": "accel m/s²",
}  # fmt: skip


class MetricsRow(NamedTuple):
    """The physical errors of one motion, with its id, number of frames and frame rate."""

    id: str
    frames: int
    fps: float
    errors: PhysicalErrors


@dataclass(frozen=True)
class MetricsTable:
    """Physical errors of the motions of a set.

    Attributes:
        rows: one row per valid motion.
        refused: reasons by the ids of the motions that are invalid.
    """

    rows: tuple[MetricsRow, ...]
    refused: dict[str, str]

    @classmethod
    def from_motions(cls, motions: MotionSet) -> MetricsTable:
        """Compute the physical errors of each motion of a set."""
        rows, refused = [], {}
        for motion in motions:
            name = motion.name or ""
            try:
                check_motion(motion, min_frames=2, max_frames=sys.maxsize)
            except InvalidInput as error:
                refused[name] = str(error)
                continue
            rows.append(MetricsRow(name, len(motion), motion.fps, physical_errors(motion.positions, motion.fps)))
        return cls(tuple(rows), refused)

    def mean(self) -> PhysicalErrors | None:
        """Return the mean over the motions, each counting once; None if there are none."""
        return mean_errors([row.errors for row in self.rows]) if self.rows else None

    def to_json(self) -> dict[str, Any]:
        """Return `{"motions": [{"id", "frames", "fps", errors}], "mean": {errors}, "refused": {id: reason}}`."""
        mean = self.mean()
        return {
            "motions": [
                {"id": row.id, "frames": row.frames, "fps": row.fps, **asdict(row.errors)} for row in self.rows
            ],
            "mean": asdict(mean) if mean else None,
            "refused": self.refused,
        }

    def to_text(self) -> str:
        """Return a table with one motion per line and the mean in the last line."""
        rows = [(row.id, str(row.frames), *_cells(row.errors)) for row in self.rows]
        mean = self.mean()
        if mean:
            rows.append((f"mean of {len(self.rows)}", "", *_cells(mean)))
        return text_table(("motion", "frames", *_COLUMNS.values()), rows)


def _cells(errors: PhysicalErrors) -> Sequence[str]:
    values = asdict(errors)
    return [f"{values[key]:.{3 if key == 'skate_ratio' else 2}f}" for key in _COLUMNS]
