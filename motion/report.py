"""The result of correcting one motion: the corrected motion and the report about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from motion.metrics import PhysicalErrors
from motion.motion import Motion
from motion.trace import Trace

__all__ = ["Correction", "PhysicalErrors", "Report", "Status"]

Status = Literal["OK", "ASSISTED", "FAILED"]
"""How good a correction is; a motion that is not `FAILED` was completed."""


@dataclass(frozen=True)
class Report:
    """How one motion was corrected; the field names are also the JSON keys and the names on the wire.

    Attributes:
        status: `OK`; `ASSISTED` if the body completed the motion, but was carried for a part of it: the norm of the
            assist force has a mean above a quarter of the body's weight over the motion, or above 100 N over some
            second of it; or `FAILED` if the body lost its reference in every attempt, or needed more assist than
            `CorrectionOptions.max_assist_n`.
        completed: share of the frames before the body lost its reference, see `motion.metrics.completion`; 1.0 if it
            never did.
        mpjpe_global_mm: distance of the joints to the input in the world, mean over joints and frames.
        mpjpe_local_mm: the same relative to the pelvis.
        before: physical errors of the input.
        after: physical errors of the corrected motion.
        residual_force_n_mean: norm of the assist force, which is the part of the force on the root that neither
            gravity nor inertia nor contact explains; mean over time.
        residual_force_n_max: its largest norm.
        residual_torque_nm_mean: norm of the assist torque, mean over time.
        assist_limit_n: limit of the assist in the attempt that was returned, for the force in N, for the torque in N m.
        attempts: number of simulations that were made.
        policy: name of the policy.
        mujoco: version of MuJoCo.
        seed: seed of the correction.
        seconds: simulated time of all attempts, not the time that the call took.
        completed_strict: as `completed`, with the limit applied to every single joint; None if the corrector does not
            report it.
        reason: why the motion failed or was assisted; empty if it is `OK`.
        notes: what was changed on purpose or guessed, one sentence each.
        kept: whether the input came back as it was, because it is feasible, or because the simulated motion is
            physically no better; numbers of the assist are then those of the simulation, 0 if there was none.
    """

    status: Status
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
    reason: str = ""
    notes: tuple[str, ...] = ()
    kept: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Report:
        """Build a report from a JSON document.

        Raises:
            KeyError: `before` or `after` is missing.
            TypeError: another field is missing or unknown.
        """
        fields = dict(document)
        fields["before"] = PhysicalErrors(**fields["before"])
        fields["after"] = PhysicalErrors(**fields["after"])
        fields["notes"] = tuple(fields.get("notes", ()))
        return cls(**fields)


@dataclass(frozen=True)
class Correction:
    """One corrected motion.

    Attributes:
        motion: the corrected motion, with the frame rate and frame count of the input.
        report: how it was corrected.
        trace: what the body did in each step; None if it was not asked for, or if nothing was simulated.
    """

    motion: Motion
    report: Report
    trace: Trace | None = None

    def _repr_html_(self) -> str:
        """Show the corrected motion, its forces and its report in a notebook."""
        from motion.viewing.notebook import correction_html

        return correction_html(self)
