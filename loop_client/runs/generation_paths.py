"""Where a run is, and where in its folder that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loop_client.runs.arms import ArmRecipe

VERIFIED = "verified.json"


@dataclass(frozen=True)
class Place:
    """One generation of one arm (None in generation 0, which is everyone's), and where it is kept."""

    seed: int
    arm: ArmRecipe | None
    generation: int
    folder: Path

    @property
    def synthetic(self) -> Path:
        return self.folder / "synthetic"

    @property
    def verified(self) -> Path:
        return self.synthetic / VERIFIED

    @property
    def fit(self) -> Path:
        return self.folder / "fit.json"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.json"

    def __str__(self) -> str:
        return f"seed {self.seed} · generation {self.generation} · {self.arm.name if self.arm else 'all arms'}"
