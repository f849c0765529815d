"""Judging motions and generators: `evaluate`, `score`, `train-evaluator`, `import-evaluator`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from motion.errors import InvalidInput
from motion.shell.command import DONE, Several, listed, progress_bar

Address = Annotated[str | None, arg(metavar="HOST:PORT")]
_SEEDS = 2**31  # draws count up from a seed, and numpy's older generators take 32 bits
# Each command imports what it alone needs when it runs, for the sake of `--help`.


@dataclass(frozen=True)
class Evaluate:
    """Compare a set of motions with real ones: FID, KID, Wasserstein distance, precision and recall, diversity and, by
    an evaluator that knows texts, R-precision and matching score; physical errors of both."""

    set: Annotated[Positional[Path], arg(metavar="SET")]
    """The motions to judge."""
    real: Annotated[Positional[Path], arg(metavar="REAL")]
    """The motions to compare them with."""
    evaluator: Annotated[str, arg(metavar="FOLDER")] = ""
    """An evaluator, as `train-evaluator` writes one; by default the one that comes with Plumb."""
    glove: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """The published word table, for an evaluator that reads with it."""
    embedding: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """An embedding of motions alone instead, as RUN/embedding has one."""
    seed: int = 0
    """Of the draws that intervals come from."""
    replications: int = 20
    """How many draws."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        from loop_client.evaluation.comparison import compare_sets
        from loop_client.evaluation.embedding import load_embedding
        from loop_client.evaluation.embedding_cache import cached
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator

        _check_seed(self.seed)
        if self.embedding and (self.evaluator or self.glove):
            raise InvalidInput.of("--embedding", f"is {self.embedding}; has no place beside --evaluator and --glove")
        samples, real = _motions(self.set), _motions(self.real)
        if self.embedding:
            embedding = load_embedding(self.embedding)
        else:
            embedding = load_evaluator(self.evaluator or SHIPPED, self.glove)
        result = compare_sets(samples, real, cached(embedding), self.seed, self.replications)
        print(json.dumps(result, indent=1) if self.json else _comparison(result))
        return DONE


@dataclass(frozen=True)
class Score:
    """Judge a generator: have it make motions of the captions of real ones, compare both, and see what physics makes
    of them. A row a checkpoint and number of steps, below one of the real motions themselves."""

    real: Annotated[Positional[str], arg(metavar="SET")]
    """Real motions with captions; `default` is the set that comes with Plumb."""
    split: str | None = None
    """Those of one split alone, as `test`."""
    checkpoint: Annotated[Several[str], arg(metavar="ID|DIR...")] = ()
    """Checkpoints of the generator, or folders of such; by default its default."""
    steps: Annotated[Several[int], arg(metavar="N...")] = ()
    """Sampling steps; by default as many as the model takes by itself."""
    guidance: float | None = None
    """Scale of classifier-free guidance; 1 is none."""
    generator: Address = None
    """The generator there; by default one in this process, on --store."""
    store: Annotated[Path, arg(metavar="DIR")] = Path("generator-store")
    """Folder of a generator in this process."""
    sim: Address = None
    """Use the sim server there."""
    evaluator: Annotated[str, arg(metavar="FOLDER")] = ""
    """As for `evaluate`."""
    glove: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """As for `evaluate`."""
    repeats: int = 4
    """Samples for each real motion."""
    corrected: int | None = None
    """How many samples are corrected: all by default, 0 for none."""
    seed: int = 0
    replications: int = 20
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        from generator import DiffusionGenerator
        from loop_client.evaluation.embedding_cache import cached
        from loop_client.evaluation.evaluator.evaluator import SHIPPED, load_evaluator
        from loop_client.evaluation.scoring import score, score_real, table
        from loop_client.runs.real_motions import captioned_motions
        from motion.protocols import SampleOptions
        from motion.rpc.corrector_client import RemoteCorrector
        from motion.rpc.generator_client import RemoteGenerator
        from sim_server import Corrector

        all_steps = listed(self.steps)
        for name, value, least in (
            ("--repeats", self.repeats, 1),
            ("--steps", min(all_steps, default=1), 1),
            ("--corrected", self.corrected or 0, 0),
        ):
            if value < least:
                raise InvalidInput.of(name, f"has {value}; must be at least {least}")
        _check_seed(self.seed)
        real = captioned_motions(self.real, self.split)
        embedding = cached(load_evaluator(self.evaluator or SHIPPED, self.glove))
        rows = [{"label": "real", **score_real(real, embedding, self.seed, self.replications)}]
        with ExitStack() as stack:
            corrector = stack.enter_context(RemoteCorrector(self.sim) if self.sim else Corrector())
            if self.generator:
                generator = stack.enter_context(RemoteGenerator(self.generator))
            else:
                generator = DiffusionGenerator(self.store)
            for checkpoint in listed(self.checkpoint) or ("",):
                if isinstance(generator, DiffusionGenerator) and Path(checkpoint or "-").is_dir():
                    checkpoint = generator.open_checkpoint(Path(checkpoint))
                for steps in all_steps or (None,):
                    options = SampleOptions(checkpoint, self.guidance, steps)
                    with progress_bar("sampling") as progress:
                        row = score(generator, real, embedding, corrector, options, self.repeats, self.corrected,
                                    self.seed, self.replications, progress)  # fmt: skip
                    label = row["checkpoint"] + (f", {steps} steps" if steps else "")
                    rows.append({"label": label, **row})
        print(json.dumps(rows, indent=1) if self.json else table(rows))
        return DONE


@dataclass(frozen=True)
class TrainEvaluator:
    """Train a text-to-motion evaluator on motions with captions."""

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")]
    """Sets of motions with captions; `default` is the one that comes with Plumb, without its test split."""
    out: Path
    """The evaluator's folder."""
    movement_steps: int = 1500
    steps: int = 2500
    """Of movements, and then of points."""
    seed: int = 0

    def run(self) -> int:
        from loop_client.evaluation.evaluator.evaluator_training import EvaluatorSettings, train_evaluator
        from loop_client.runs.real_motions import training_motions

        _check_seed(self.seed)
        for name, value in (("--movement-steps", self.movement_steps), ("--steps", self.steps)):
            if value < 1:
                raise InvalidInput.of(name, f"is {value}; must be at least 1")
        settings = EvaluatorSettings(movement_steps=self.movement_steps, steps=self.steps, seed=self.seed)
        motions = training_motions(self.data)
        with progress_bar("steps", "training the evaluator") as progress:
            evaluator = train_evaluator(motions, settings, progress=progress)
        evaluator.save(self.out)
        print(self.out)
        return DONE


@dataclass(frozen=True)
class ImportEvaluator:
    """Make an evaluator's folder of the published checkpoint; nothing of it is unpickled but numbers."""

    checkpoint: Annotated[Positional[Path], arg(metavar="finest.tar")]
    statistics: Path
    """The folder of the mean.npy and std.npy that came with it."""
    glove: Path
    """The folder of the published word table."""
    out: Path
    """The evaluator's folder."""

    def run(self) -> int:
        from loop_client.evaluation.evaluator.evaluator import read_published

        read_published(self.checkpoint, self.statistics, self.glove).save(self.out)
        print(self.out)
        return DONE


def _motions(path: Path) -> Any:
    from loop_client.evaluation.comparison import FEWEST
    from loop_client.runs.real_motions import checked_motions

    motions = checked_motions(path)
    if len(motions) < FEWEST:
        raise InvalidInput.of(str(path), f"holds {len(motions)} motions; a comparison needs at least {FEWEST}")
    return motions


def _comparison(result: dict[str, Any]) -> str:
    rows = [f"{'':16}{'set':>12}{'real':>12}"]
    for name in result["set"]:
        rows.append(f"{name:16}{result['set'][name]:>12.4g}{result['reference'][name]:>12.4g}")
    rows += ["", f"{'':16}{'mean':>12}{'+-':>12}   of {result['replications']} draws of {result['n']} motions each"]
    for name, value in result["replicated"].items():
        rows.append(f"{name:16}{value['mean']:>12.4g}{value['interval']:>12.2g}")
    rows += ["", f"{'fid':16}{result['fid']:>12.4g}   of the whole sets, in {result['embedding']}"]
    rows += [f"{f'fid, n = {n}':16}{value:>12.4g}" for n, value in result["fid_by_n"].items()]
    if result["fid_extrapolated"] is not None:
        rows.append(f"{'fid, n = inf':16}{result['fid_extrapolated']:>12.4g}   by a line in 1 / n")
    return "\n".join(rows)


def _check_seed(seed: int) -> None:
    if not 0 <= seed < _SEEDS:
        raise InvalidInput.of("--seed", f"is {seed}; must be at least 0 and below {_SEEDS}")
