"""What a corrector says about one correction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from motion.motion import Motion


@dataclass(frozen=True)
class PhysicalErrors:
    """Physical errors of one motion, as defined in `motion.metrics`: millimetres are means over frames."""

    penetrate_mm: float
    float_mm: float
    skate_mm: float
    phys_err_mm: float
    skate_ratio: float
    jitter_m_s3: float
    accel_m_s2: float


@dataclass(frozen=True)
class Report:
    """How one motion was corrected; the field names are also the JSON keys and the names on the wire.

    `completed` is the share of frames until failure (1.0 if none). MPJPE is to the input: global, and local to the
    pelvis. The residual is the root wrench that is neither gravity, inertia nor contact. `assist_limit_n` is the
    limit of the attempt that was returned, `attempts` how many were made, `seconds` their time in simulation (not how
    long the call took). `completed_strict` is as `completed` by the stricter rule that no single joint may be lost;
    None where a corrector does not say.
    """

    status: Literal["OK", "FAILED"]
    completed: float
    mpjpe_global_mm: float
    mpjpe_local_mm: float
    before: PhysicalErrors
    after: PhysicalErrors
    residual_force_n_mean: float
    residual_force_n_max: float
    residual_torque_nm_mean: float
    assist_limit_n: float
    attempts: int
    policy: str
    mujoco: str
    seed: int
    seconds: float
    completed_strict: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Report:
        fields = dict(document)
        fields["before"] = PhysicalErrors(**fields["before"])
        fields["after"] = PhysicalErrors(**fields["after"])
        return cls(**fields)


@dataclass(frozen=True)
class Correction:
    """The corrected motion (same rate and frame count as it came) and the report about it."""

    motion: Motion
    report: Report
