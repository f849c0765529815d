"""Commands that judge motions and generators: `evaluate` and `score`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from loop_client.commands.services import Address, OpenedGenerator, open_corrector, open_generator
from motion.errors import InvalidInput
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, Repeatable, flatten, progress_bar

if TYPE_CHECKING:
    from motion.motion_set import MotionSet
    from motion.protocols import Corrector

# Each command imports its dependencies when it runs, so that `--help` is fast.

_SEEDS = 2**31  # the draws of an evaluation count up from the seed, and numpy's legacy generators take 32 bits


@dataclass(frozen=True)
class Evaluate:
    """Compare a set of motions with real motions.

    Prints FID, KID, Wasserstein distance, precision, recall and diversity; for sets with captions also R-precision
    and matching score; and the physical errors of both sets.
    """

    set: Annotated[Positional[Path], arg(metavar="SET")]
    """The motions to judge."""
    real: Annotated[Positional[Path], arg(metavar="REAL")]
    """The real motions to compare them with."""
    evaluator: Annotated[str, arg(metavar="FOLDER")] = ""
    """Folder of an evaluator (see `train-evaluator`); by default the one that comes with Plumb."""
    glove: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of the published word table, for an evaluator that was trained with it."""
    embedding: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Use an embedding of motions alone, such as RUN/embedding, instead of an evaluator."""
    seed: int = 0
    """Seed of the draws that the intervals are computed from."""
    replications: int = 20
    """Number of draws."""
    json: bool = False
    """Print one JSON document on standard output instead of tables."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.evaluation.comparison import compare_sets, comparison_table
        from loop_client.evaluation.embedding import load_embedding
        from loop_client.evaluation.embedding_cache import cached
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator

        check_seed(self.seed)
        if self.embedding and (self.evaluator or self.glove):
            raise InvalidInput.of("--embedding", f"is {self.embedding}; has no place beside --evaluator and --glove")
        samples, real = _read_comparable(self.set), _read_comparable(self.real)
        if self.embedding:
            embedding = load_embedding(self.embedding)
        else:
            embedding = load_evaluator(self.evaluator or SHIPPED, self.glove)
        result = compare_sets(samples, real, cached(embedding), self.seed, self.replications)
        print(json.dumps(result, indent=1) if self.json else comparison_table(result))
        return DONE


@dataclass(frozen=True)
class Score(ClientFlags):
    """Score a generator on the captions of real motions.

    Samples motions for the captions, compares them with the real motions, and corrects them to measure how far they
    are from plausible. Prints one row for real motion, and one for each checkpoint and number of sampling steps.
    """

    real: Annotated[Positional[str], arg(metavar="SET")]
    """Real motions with captions; `default` is the set that comes with Plumb."""
    split: Annotated[str | None, arg(metavar="NAME")] = None
    """Use only this split of the set, such as `test`."""
    checkpoint: Annotated[Repeatable[str], arg(metavar="ID|DIR...")] = ()
    """Checkpoints to score, by id or folder; by default the generator's default checkpoint."""
    steps: Annotated[Repeatable[int], arg(metavar="N...")] = ()
    """Numbers of sampling steps; by default that of the model."""
    guidance: Annotated[float | None, arg(metavar="SCALE")] = None
    """Scale of classifier-free guidance, where 1 means none; by default that of the model."""
    generator: Address = None
    """Address of the generator; by default one in this process, on --store."""
    store: Annotated[Path, arg(metavar="DIR")] = Path("generator-store")
    """Folder of the data sets and checkpoints of a generator in this process."""
    sim: Address = None
    """Address of the simulation server; by default corrections are made in this process."""
    evaluator: Annotated[str, arg(metavar="FOLDER")] = ""
    """Folder of an evaluator (see `train-evaluator`); by default the one that comes with Plumb."""
    glove: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of the published word table, for an evaluator that was trained with it."""
    repeats: int = 4
    """Number of samples for each real motion."""
    corrected: Annotated[int | None, arg(metavar="N")] = None
    """Number of samples that are corrected, 0 for none; by default all."""
    seed: int = 0
    """Seed of the samples, of their corrections and of the draws that the intervals are computed from."""
    replications: int = 20
    """Number of those draws."""
    json: bool = False
    """Print one JSON document on standard output instead of a table."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        for name, value, least in (
            ("--repeats", self.repeats, 1),
            ("--steps", min(flatten(self.steps), default=1), 1),
            ("--corrected", self.corrected or 0, 0),
        ):
            if value < least:
                raise InvalidInput.of(name, f"has {value}; must be at least {least}")
        check_seed(self.seed)
        with ExitStack() as stack:
            # The services are opened first, so that a wrong address is refused before anything that takes long.
            opened = stack.enter_context(open_generator(self.generator, self.store, self))
            corrector = None if self.corrected == 0 else stack.enter_context(open_corrector(self.sim, self))
            self._print_scores(opened, corrector)
        return DONE

    def _print_scores(self, opened: OpenedGenerator, corrector: Corrector | None) -> None:
        from loop_client.evaluation.checked_sets import read_captioned_motions
        from loop_client.evaluation.embedding_cache import cached
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator
        from loop_client.evaluation.sampling_limits import check_rate
        from loop_client.evaluation.scoring import score_generator, score_real_motions, score_table
        from motion.protocols import SampleOptions

        check_rate(opened.generator.describe())
        checkpoints = [opened.resolve_checkpoint(name) for name in flatten(self.checkpoint) or ("",)]
        real = read_captioned_motions(self.real, self.split)
        embedding = cached(load_evaluator(self.evaluator or SHIPPED, self.glove))
        rows = [{"label": "real", **score_real_motions(real, embedding, self.seed, self.replications)}]
        for checkpoint, steps in product(checkpoints, flatten(self.steps) or (None,)):
            with progress_bar("sampling") as progress:
                row = score_generator(
                    opened.generator,
                    real,
                    embedding,
                    corrector,
                    SampleOptions(checkpoint, self.guidance, steps),
                    repeats=self.repeats,
                    corrected=self.corrected,
                    seed=self.seed,
                    replications=self.replications,
                    progress=progress,
                )
            label = row["checkpoint"] + (f", {steps} steps" if steps else "")
            rows.append({"label": label, **row})
        print(json.dumps(rows, indent=1) if self.json else score_table(rows))


def check_seed(seed: int) -> None:
    """Raise `InvalidInput` if the draws of an evaluation cannot be seeded with `seed`."""
    if not 0 <= seed < _SEEDS:
        raise InvalidInput.of("--seed", f"is {seed}; must be at least 0 and below {_SEEDS}")


def _read_comparable(path: Path) -> MotionSet:
    """Read a set of motions and check that it is large enough to be compared."""
    from loop_client.evaluation.checked_sets import read_checked_motions
    from loop_client.evaluation.comparison import MIN_MOTIONS

    motions = read_checked_motions(path)
    if len(motions) < MIN_MOTIONS:
        raise InvalidInput.of(str(path), f"holds {len(motions)} motions; a comparison needs at least {MIN_MOTIONS}")
    return motions
