"""`plumb-gen`: serve a motion generator, train it, sample from it, and measure its speed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from tqdm import tqdm
from tyro.conf import Positional, arg, subcommand

from motion.errors import InvalidInput, PlumbError, ServiceUnavailable
from motion.formats.files import MotionFile, Output, output_for, read_motions
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, SampleOptions
from motion.shell.assets import data_path
from motion.shell.command import DONE, DONE_WITH_FAILURES, Several, listed, run_commands
from motion.skeleton import NUM_JOINTS
from motion.validation import MIN_FRAMES

# Each command imports what it alone needs when it runs, for the sake of `--help`.

_STORE = Path("generator-store")
Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Serve:
    """Serve the generator over gRPC until SIGTERM."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = "127.0.0.1:50052"
    """Port 0 takes a free one; which, is printed on standard error."""
    store: Annotated[Path, arg(metavar="DIR")] = _STORE
    """Where data sets and checkpoints are kept."""
    announce: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the address to this file once the server answers."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    threads: int = 0
    """Threads of torch on the CPU; 0 for torch's own choice."""
    precision: Precision = "auto"
    """What sampling computes in: bfloat16 on a GPU and float32 on a CPU, or the one named."""
    compile: bool = False
    """Compile the network by torch.compile: worth its first minutes on a GPU."""
    metrics_port: int | None = None
    """Serve Prometheus metrics on this port of the same host."""
    grace: float = 30.0
    """Seconds that calls under way have to end in after SIGTERM."""

    def run(self) -> int:
        from generator.generator import DiffusionGenerator
        from generator.service import serve

        generator = DiffusionGenerator(
            self.store, self.device, self.threads, precision=self.precision, compiled=self.compile
        )
        serve(generator, self.listen, self.announce, self.metrics_port, self.grace)
        return DONE


@dataclass(frozen=True)
class Train:
    """Train on a set of motions with captions; prints the id of the checkpoint."""

    data: Annotated[Positional[str], arg(metavar="DATA")]
    """A packed set, a HumanML3D folder, or `default`, the set that ships with Plumb."""
    steps: int
    """Optimizer steps. The same request again goes on where it was stopped."""
    split: str | None = None
    """The motions of one split alone, as `train`; all by default."""
    init: Annotated[str, arg(metavar="ID")] = ""
    """The checkpoint to start from; none trains from scratch."""
    seed: int = 0
    store: Annotated[Path, arg(metavar="DIR")] = _STORE
    """Where data sets and checkpoints are kept."""
    set: Annotated[Several[str], arg(metavar="NAME=VALUE")] = ()
    """Settings that differ from the defaults, as `--set width=256 lr=1e-4`."""
    tensorboard: Annotated[Path | None, arg(metavar="DIR")] = None
    """Write loss and samples a second there."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Also put the checkpoint into a folder of its own."""
    device: str = "auto"
    threads: int = 0

    def run(self) -> int:
        from generator.generator import DiffusionGenerator
        from generator.training.training_log import TrainingLog

        if self.out and self.out.exists() and not self.out.is_dir():
            raise InvalidInput.of("--out", f"is {self.out}, a file; must be a folder, or the name of a new one")
        generator = DiffusionGenerator(self.store, self.device, self.threads)
        settings = _pairs(listed(self.set))
        data = read_motions(data_path(self.data), self.split)
        with ExitStack() as stack:
            bar = stack.enter_context(tqdm(total=self.steps, unit=" steps", disable=None))
            batch = generator.settings_of(self.init, settings).batch
            log = stack.enter_context(TrainingLog(self.tensorboard, batch)) if self.tensorboard else None

            def show(line: FitProgress) -> None:
                bar.update(line.step - bar.n)
                bar.set_postfix(loss=f"{line.loss:.4f}", refresh=False)
                if log:
                    log.show(line)

            identity = generator.fit(generator.upload(data), self.init, self.steps, self.seed, settings, show)
        print(identity)
        if self.out:
            generator.copy_checkpoint(identity, self.out)
        return DONE


@dataclass(frozen=True)
class Import:
    """Take a checkpoint of the published motion diffusion model into the store; prints its id. Nothing of it is
    unpickled but numbers."""

    model: Annotated[Positional[Path], arg(metavar="MODEL.pt")]
    """With its args.json in the same folder."""
    statistics: Annotated[Path, arg(metavar="DIR")]
    """The folder of the Mean.npy and Std.npy that it was trained with: HumanML3D's."""
    text_encoder: Annotated[str, arg(metavar="NAME")] = ""
    """As clip:/models/clip-vit-base-patch32; by default the one of args.json, from the cache of transformers."""
    store: Annotated[Path, arg(metavar="DIR")] = _STORE

    def run(self) -> int:
        from generator.model.published_weights import read_published
        from generator.store import Store

        checkpoint = read_published(self.model, self.statistics, self.text_encoder)
        Store(self.store).publish(checkpoint)
        print(checkpoint.id)
        return DONE


@dataclass(frozen=True)
class Sample:
    """Make motions from words."""

    prompt: Annotated[Several[str], arg(metavar="TEXT...")]
    """What the motions are to show, one each."""
    out: Path
    """Where to: one prompt makes a motion (.npy .npz .bvh), several a packed set."""
    checkpoint: Annotated[str, arg(metavar="ID|DIR")] = ""
    """An id of the store, or a checkpoint's folder; by default the newest of the store, or the one that ships."""
    length: int = 120
    """Frames, 20 a second."""
    seed: int = 0
    guidance: float | None = None
    """Scale of classifier-free guidance; 1 is none."""
    steps: int | None = None
    """Denoising steps; fewer than the model has are taken with DPM-Solver++."""
    store: Annotated[Path, arg(metavar="DIR")] = _STORE
    device: str = "auto"
    threads: int = 0
    precision: Precision = "auto"
    json: bool = False
    """Print one JSON document on standard output."""

    def run(self) -> int:
        from generator.generator import DiffusionGenerator

        prompts = listed(self.prompt)
        target = _place_for(max(1, len(prompts)), self.out)
        generator = DiffusionGenerator(self.store, self.device, self.threads, precision=self.precision)
        asked = self.checkpoint
        if asked and Path(asked).is_dir():
            asked = generator.open_checkpoint(Path(asked))
        checkpoint = asked or generator.describe().default_checkpoint
        options = SampleOptions(checkpoint, self.guidance, self.steps)
        samples = generator.sample(prompts, [self.length] * len(prompts), self.seed, options)
        written = target.write(_named(samples, prompts))
        files = ", ".join(map(str, written))
        print(f"{len(prompts)} of checkpoint {checkpoint} written to {files}", file=sys.stderr)
        if self.json:
            document = {"out": str(written[0]), "checkpoint": checkpoint, "seed": self.seed, "prompts": prompts}
            print(json.dumps(document, indent=1))
        return DONE


@dataclass(frozen=True)
class Bench:
    """Measure how fast untrained weights of the published size sample, beside the published procedure, and train."""

    set: Annotated[Several[str], arg(metavar="NAME=VALUE")] = ()
    """Settings that differ from those of the published model, as `--set width=128 layers=4`."""
    batch: Annotated[Several[int], arg(metavar="N...")] = ()
    """How many motions are sampled together; 1 and 64 by default."""
    compile: bool = False
    """Compile our networks by torch.compile, which needs a C++ compiler on a CPU."""
    device: str = "auto"
    threads: int = 0
    json: bool = False
    """Print one JSON document instead of lines."""

    def run(self) -> int:
        from generator.benchmark import PUBLISHED, bench
        from generator.training.settings import Settings

        batches = listed(self.batch) or (1, 64)
        for batch in batches:
            if batch < 1:
                raise InvalidInput.of("--batch", f"has {batch}; must be at least 1")
        settings = Settings().with_texts(PUBLISHED | _pairs(listed(self.set)))
        result = bench(settings, self.device, self.threads, batches, self.compile)
        print(json.dumps(result, indent=1) if self.json else "\n".join(_lines(result)))
        return DONE


@dataclass(frozen=True)
class Check:
    """Check that the generator at an address does all that the contract says. Exit status 1 if it does not."""

    address: Annotated[Positional[str], arg(metavar="HOST:PORT")]

    def run(self) -> int:
        import grpc

        from generator.conformance.generator_checks import CHECKS, Failure
        from generator.conformance.service_checks import WIRE_CHECKS
        from motion.rpc.generator_client import RemoteGenerator

        failed = 0
        with RemoteGenerator(self.address) as generator:
            checks = [(check.__name__, partial(check, generator)) for check in CHECKS]
            checks += [(check.__name__, partial(check, self.address)) for check in WIRE_CHECKS]
            for name, check in checks:
                try:
                    check()
                    print(f"ok      {name}")
                # Not only what a check looked for: whatever else a service answers with is one more thing that it
                # does not keep to. That there is none at the address, the first check would say of every call.
                except (Failure, PlumbError, grpc.RpcError) as failure:
                    if name == checks[0][0] and isinstance(failure, ServiceUnavailable):
                        raise
                    failed += 1
                    print(f"FAILED  {name}: {failure}")
        return DONE_WITH_FAILURES if failed else DONE


Command = (
    Annotated[Serve, subcommand("serve")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Import, subcommand("import")]
    | Annotated[Sample, subcommand("sample")]
    | Annotated[Check, subcommand("check")]
    | Annotated[Bench, subcommand("bench")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-gen` with `arguments` (by default those of the process), and exit."""
    run_commands(Command, "plumb-gen", __doc__, arguments)


def _place_for(count: int, out: Path) -> Output:
    """Where so many samples go when the user says `out`. Raises as `output_for`."""
    empty = np.zeros((MIN_FRAMES, NUM_JOINTS, 3), np.float32)
    placeholders = _named([Motion(empty)] * count, [""] * count)
    return output_for(MotionFile(out, "packed" if count > 1 else "npz", placeholders), out)


def _named(samples: Iterable[Motion], prompts: Sequence[str]) -> MotionSet:
    named = tuple(replace(motion, name=f"sample_{index:03d}") for index, motion in enumerate(samples))
    return MotionSet(named, tuple((prompt,) for prompt in prompts))


def _lines(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{prefix}{key} ")
        else:
            yield f"{prefix + key:40} {f'{value:.4g}' if isinstance(value, float) else value}"


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput.of("--set", f"has {text!r}; must be NAME=VALUE")
        pairs[name] = value
    return pairs
