"""The score of a motion: the force that nobody supplies if a body is to do it as it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motion.array_types import FloatArray
from motion.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Score:
    """How far one motion is from what a body can do; the field names are also the JSON keys and the names on the wire.

    The missing force is the part of the force on the root that gravity, inertia and the contacts that are in reach do
    not explain. 0 is a motion that a body can do; a body that hangs in the air scores its weight.

    Attributes:
        force_n_mean: norm of the missing force, mean over the frames [N].
        force_n_median: its median [N].
        force_n_p90: its 90th percentile [N].
        force_n_max: its largest value [N].
        force_share_mean: the same four as shares of the weight of the body.
        force_share_median: see `force_share_mean`.
        force_share_p90: see `force_share_mean`.
        force_share_max: see `force_share_mean`.
        torque_nm_mean: norm of the missing torque about the root, mean over the frames [N m].
        torque_nm_max: its largest value [N m].
        carried_share: share of the frames in which less than a tenth of the weight is missing.
        reasons: why force is missing, one sentence each with its times, the worst few in the order of time; empty if
            hardly any is missing.
        wrench: (frames, 6) float32 missing force [N] and torque about the root [N m] in the world frame, for each
            frame of the motion.

    Raises:
        InvalidInput: `wrench` has another shape or type, or is not finite.
    """

    force_n_mean: float
    force_n_median: float
    force_n_p90: float
    force_n_max: float
    force_share_mean: float
    force_share_median: float
    force_share_p90: float
    force_share_max: float
    torque_nm_mean: float
    torque_nm_max: float
    carried_share: float
    reasons: tuple[str, ...]
    wrench: FloatArray

    def __post_init__(self) -> None:
        if self.wrench.dtype != np.float32 or self.wrench.ndim != 2 or self.wrench.shape[1] != 6:
            given = f"{self.wrench.dtype} of shape {self.wrench.shape}"
            raise InvalidInput.of("wrench", f"is {given}; must be float32 of shape (frames, 6)")
        if not np.isfinite(self.wrench).all():
            raise InvalidInput.of("wrench", "holds a number that is not finite; must be finite")

    def to_json(self) -> dict[str, Any]:
        """Return the score as a JSON document, without the wrench of each frame."""
        values = {name: value for name, value in asdict(self).items() if name != "wrench"}
        return values | {"reasons": list(self.reasons)}
