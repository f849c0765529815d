"""`plumb-gen sample`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, Precision, StoreFolder, Threads
from motion.errors import InvalidInput
from motion.shell.command import DONE, Repeatable, flatten, progress_bar

if TYPE_CHECKING:
    from generator.generator import DiffusionGenerator
    from generator.sample_shards import Sampler
    from motion.formats.files import Output
    from motion.motion import Motion
    from motion.motion_set import MotionSet
    from motion.protocols import SampleOptions

_MOST_NOTES = 20  # of prompts that the checkpoint does not know
_UNKNOWN_PROMPT = (
    "{checkpoint} knows no word of the prompt {prompt!r}, so that its sample follows none; prompts must be in words of "
    "the captions that it was trained on, such as 'a person walks' in English"
)


@dataclass(frozen=True)
class Sample:
    """Sample motions from text prompts."""

    out: Annotated[Path, arg(metavar="PATH")]
    """Output path: a motion (.npy, .npz, .bvh) for one prompt, a packed set for several, a folder with --shard-size."""
    prompt: Annotated[Repeatable[str], arg(metavar="TEXT...")] = ()
    """Descriptions of the motions, one each."""
    prompts: Annotated[Path | None, arg(metavar="FILE")] = None
    """Text file of more descriptions, one a line."""
    shard_size: Annotated[int | None, arg(metavar="N")] = None
    """Write a folder of packed sets of so many motions each, as they are sampled. The same command goes on with a run
    that was ended, to the same bytes."""
    checkpoint: Annotated[str, arg(metavar="ID|DIR")] = ""
    """Id of a checkpoint, or path of its folder; by default the newest of the store, or else the one that ships. The
    folder `mdm` in the working directory is `./mdm`."""
    length: Annotated[int, arg(metavar="FRAMES")] = 120
    """Frames of each motion, at 20 frames/s."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of the samples."""
    guidance: Annotated[float | None, arg(metavar="SCALE")] = None
    """Scale of classifier-free guidance; 1 is none, the default is 2.5."""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """Sampling steps; by default all steps of a diffusion model, or 10 of a flow. Fewer steps of a diffusion model are
    taken with DPM-Solver++."""
    store: StoreFolder = DEFAULT_STORE
    device: Device = "auto"
    threads: Threads = 0
    precision: Precision = "auto"
    ray: Annotated[str | None, arg(metavar="local|auto|HOST:PORT")] = None
    """Sample on a Ray cluster: one of this machine alone, the one that it belongs to, or another one, whose nodes see
    the store. A task has one core, or one GPU with `--device cuda`."""
    json: bool = False
    """Print one JSON document to stdout."""

    def run(self) -> int:
        """Execute the command."""
        from generator.generator import DiffusionGenerator
        from motion.protocols import SampleOptions

        prompts = [*flatten(self.prompt), *(_read_prompts(self.prompts) if self.prompts else [])]
        output = None if self.shard_size is not None else _plan_output(max(1, len(prompts)), self.out)
        generator = DiffusionGenerator(self.store, self.device, self.threads, precision=self.precision)
        checkpoint = generator.resolve_checkpoint(self.checkpoint) or generator.describe().default_checkpoint
        options = SampleOptions(checkpoint, self.guidance, self.steps)
        unknown = generator.unknown_prompts(prompts, checkpoint)
        lengths = [self.length] * len(prompts)
        generator.sample(prompts, lengths, self.seed, options)  # which checks the request, and computes nothing yet
        with self._sampler(generator) as sampler:
            if output is None:
                written = [self._write_shards(prompts, options, sampler)]
            else:
                sampled = sampler.sample(prompts, lengths, self.seed, options, start_index=0)
                written = output.write(_name_motions(sampled, prompts))
        notes = [_UNKNOWN_PROMPT.format(checkpoint=checkpoint, prompt=prompt) for prompt in unknown[:_MOST_NOTES]]
        if len(unknown) > _MOST_NOTES:
            notes.append(f"{checkpoint} knows no word of {len(unknown) - _MOST_NOTES} more prompts")
        for note in notes:
            print(f"plumb-gen: {note}", file=sys.stderr)
        files = ", ".join(map(str, written))
        print(f"wrote {len(prompts)} sampled from checkpoint {checkpoint} to {files}", file=sys.stderr)
        if self.json:
            document = {"out": str(written[0]), "checkpoint": checkpoint, "seed": self.seed, "prompts": prompts}
            print(json.dumps(document | {"notes": notes}, indent=1))
        return DONE

    @contextmanager
    def _sampler(self, generator: DiffusionGenerator) -> Iterator[Sampler]:
        """Yield what samples: the generator itself, or a cluster."""
        if self.ray is None:
            yield generator
            return
        from generator.cluster.ray_sampler import RaySampler

        with RaySampler(self.ray, self.store, self.device, self.precision) as cluster:
            yield cluster

    def _write_shards(self, prompts: Sequence[str], options: SampleOptions, sampler: Sampler) -> Path:
        """Write the samples that are not there yet, and return their folder."""
        from generator.sample_shards import SampleShards

        if self.shard_size is None or self.shard_size < 1:
            raise InvalidInput.of("--shard-size", f"is {self.shard_size}; must be 1 or more")
        shards = SampleShards(prompts, self.length, self.seed, options, self.shard_size)
        with progress_bar("motions") as progress:
            shards.write(self.out, sampler, progress)
        return self.out


def _read_prompts(file: Path) -> list[str]:
    """Return the lines of a text file that are not empty.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput.of("--prompts", f"{file} cannot be read ({error}); must be a text file in UTF-8") from error
    return [line.strip() for line in lines if line.strip()]


def _plan_output(count: int, out: Path) -> Output:
    """Choose the files of `count` samples before anything is computed.

    Raises:
        InvalidInput: if `out` cannot be written, or cannot hold `count` motions.
    """
    import numpy as np

    from motion.formats.files import MotionFile, output_for
    from motion.motion import Motion
    from motion.skeleton import NUM_JOINTS
    from motion.validation import MIN_MOTION_FRAMES

    placeholder = Motion(np.zeros((MIN_MOTION_FRAMES, NUM_JOINTS, 3), np.float32))
    motions = _name_motions([placeholder] * count, [""] * count)
    return output_for(MotionFile(out, "packed" if count > 1 else "npz", motions), out)


def _name_motions(motions: Iterable[Motion], prompts: Sequence[str]) -> MotionSet:
    from motion.motion_set import MotionSet

    named = tuple(replace(motion, name=f"sample_{index:03d}") for index, motion in enumerate(motions))
    return MotionSet(named, tuple((prompt,) for prompt in prompts))
