"""The files of one generation of one arm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loop_client.runs.arms import ArmRecipe


@dataclass(frozen=True)
class GenerationPaths:
    """One generation of one arm, and where its files are.

    Attributes:
        seed: the seed of the run.
        arm: the arm; None for generation 0, which all arms share.
        generation: the generation, from 0.
        folder: the folder that its files are in.
    """

    seed: int
    arm: ArmRecipe | None
    generation: int
    folder: Path

    @property
    def synthetic(self) -> Path:
        """The folder of the synthetic motions that the generation is trained on, and of their corrections."""
        return self.folder / "synthetic"

    @property
    def verified(self) -> Path:
        """The verdict of the arm's verifier on each synthetic motion."""
        return self.synthetic / "verified.json"

    @property
    def training(self) -> Path:
        """The record of the generation's training, with the checkpoint that it produced."""
        return self.folder / "fit.json"

    @property
    def samples(self) -> Path:
        """The folder of the samples that the generation is evaluated on, and of their corrections."""
        return self.folder / "samples"

    @property
    def metrics(self) -> Path:
        """The metrics of the generation, the rest of its line in metrics.jsonl."""
        return self.folder / "metrics.json"

    def __str__(self) -> str:
        return f"seed {self.seed} · generation {self.generation} · {self.arm.name if self.arm else 'all arms'}"
