"""`plumb-gen train`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, StoreFolder, Threads, parse_settings
from motion.errors import InvalidInput
from motion.shell.command import DONE, Repeatable, flatten


@dataclass(frozen=True)
class Train:
    """Train a model on a set of motions with captions, and print the id of its checkpoint.

    `torchrun --nproc-per-node N -m generator train ... --set shards=N` trains on N GPUs, or in N processes.
    """

    data: Annotated[Positional[str], arg(metavar="DATA")]
    """A packed set, a HumanML3D folder, or `default` for the set that ships with Plumb."""
    steps: Annotated[int, arg(metavar="N")]
    """Optimizer steps. If the training is interrupted, the same command continues it."""
    split: Annotated[str | None, arg(metavar="NAME")] = None
    """Train on one split, such as `train`; by default on all motions."""
    init: Annotated[str, arg(metavar="ID")] = ""
    """Checkpoint to start from; by default train from scratch."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of everything random."""
    store: StoreFolder = DEFAULT_STORE
    set: Annotated[Repeatable[str], arg(metavar="NAME=VALUE")] = ()
    """Settings that differ from the defaults, such as `--set width=256 lr=1e-4`."""
    tensorboard: Annotated[Path | None, arg(metavar="DIR")] = None
    """Log loss and samples per second to this TensorBoard folder."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Also write the checkpoint to this folder."""
    device: Device = "auto"
    threads: Threads = 0

    def run(self) -> int:
        """Execute the command."""
        from tqdm import tqdm

        from generator.generator import DiffusionGenerator
        from generator.training.data_parallel import is_main_process
        from generator.training.training_log import TrainingLog
        from motion.formats.files import read_motions
        from motion.protocols import FitProgress
        from motion.shell.assets import data_path

        if self.out and self.out.exists() and not self.out.is_dir():
            raise InvalidInput.of("--out", f"is {self.out}, a file; must be a folder, or the name of a new one")
        main = is_main_process()
        generator = DiffusionGenerator(self.store, self.device, self.threads)
        settings = parse_settings(flatten(self.set))
        dataset = read_motions(data_path(self.data), self.split)
        with ExitStack() as stack:
            bar = stack.enter_context(tqdm(total=self.steps, unit=" steps", disable=None if main else True))
            batch_size = generator.training_settings(self.init, settings).batch
            log = stack.enter_context(TrainingLog(self.tensorboard, batch_size)) if self.tensorboard and main else None

            def show(progress: FitProgress) -> None:
                bar.update(progress.step - bar.n)
                bar.set_postfix(loss=f"{progress.loss:.4f}", refresh=False)
                if log:
                    log.record(progress)

            identity = generator.fit(generator.upload(dataset), self.init, self.steps, self.seed, settings, show)
        if not main:
            return DONE
        print(identity)
        if self.out:
            generator.copy_checkpoint(identity, self.out)
        return DONE
