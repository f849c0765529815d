"""Commands that make evaluators: `train-evaluator` and `import-evaluator`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from loop_client.commands.evaluation import check_seed
from motion.errors import InvalidInput
from motion.shell.command import DONE, progress_bar

# Each command imports its dependencies when it runs, so that `--help` is fast.


@dataclass(frozen=True)
class TrainEvaluator:
    """Train a text-to-motion evaluator on motions with captions."""

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")]
    """Sets of motions with captions, of which test splits are left out; `default` is the set that comes with Plumb."""
    out: Path
    """Folder to write the evaluator to."""
    movement_steps: int = 1500
    """Optimizer steps of the first stage, an autoencoder of short movements."""
    steps: int = 2500
    """Optimizer steps of the second stage, the embeddings of motions and texts."""
    seed: int = 0
    """Seed of everything random."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.evaluation.checked_sets import read_training_motions
        from loop_client.evaluation.evaluator.evaluator_training import EvaluatorSettings, train_evaluator

        check_seed(self.seed)
        for name, value in (("--movement-steps", self.movement_steps), ("--steps", self.steps)):
            if value < 1:
                raise InvalidInput.of(name, f"is {value}; must be at least 1")
        settings = EvaluatorSettings(movement_steps=self.movement_steps, steps=self.steps, seed=self.seed)
        motions = read_training_motions(self.data)
        with progress_bar("steps", "training the evaluator") as progress:
            evaluator = train_evaluator(motions, settings, progress=progress)
        evaluator.save(self.out)
        print(self.out)
        return DONE


@dataclass(frozen=True)
class ImportEvaluator:
    """Convert the published text-to-motion evaluator.

    No code is unpickled from its checkpoint.
    """

    checkpoint: Annotated[Positional[Path], arg(metavar="finest.tar")]
    """The published checkpoint."""
    statistics: Path
    """Folder of the mean.npy and std.npy that came with the checkpoint."""
    glove: Path
    """Folder of the published word table."""
    out: Path
    """Folder to write the evaluator to."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.evaluation.evaluator.published_evaluator import read_published

        read_published(self.checkpoint, self.statistics, self.glove).save(self.out)
        print(self.out)
        return DONE
