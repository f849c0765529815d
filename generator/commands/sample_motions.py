"""`plumb-gen sample`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from generator.commands.generator_flags import DEFAULT_STORE, Device, Precision, StoreFolder, Threads
from motion.shell.command import DONE, Repeatable, flatten

if TYPE_CHECKING:
    from motion.formats.files import Output
    from motion.motion import Motion
    from motion.motion_set import MotionSet


_UNKNOWN_PROMPT = (
    "{checkpoint} knows no word of the prompt {prompt!r}, so that its sample follows none; prompts must be in words of "
    "the captions that it was trained on, such as 'a person walks' in English"
)


@dataclass(frozen=True)
class Sample:
    """Sample motions from text prompts."""

    prompt: Annotated[Repeatable[str], arg(metavar="TEXT...")]
    """Descriptions of the motions, one each."""
    out: Annotated[Path, arg(metavar="PATH")]
    """Output path: a motion (.npy, .npz, .bvh) for one prompt, a packed set for several."""
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

        prompts = flatten(self.prompt)
        output = _plan_output(max(1, len(prompts)), self.out)
        generator = DiffusionGenerator(self.store, self.device, self.threads, precision=self.precision)
        checkpoint = generator.resolve_checkpoint(self.checkpoint) or generator.describe().default_checkpoint
        options = SampleOptions(checkpoint, self.guidance, self.steps)
        unknown = generator.unknown_prompts(prompts, checkpoint)
        request = prompts, [self.length] * len(prompts), self.seed, options
        if self.ray is None:
            sampled = _name_motions(generator.sample(*request), prompts)
        else:
            from generator.cluster.ray_sampler import RaySampler

            with RaySampler(self.ray, self.store, self.device, self.precision) as sampler:
                sampled = _name_motions(sampler.sample(*request), prompts)
        written = output.write(sampled)
        notes = [_UNKNOWN_PROMPT.format(checkpoint=checkpoint, prompt=prompt) for prompt in unknown]
        for note in notes:
            print(f"plumb-gen: {note}", file=sys.stderr)
        files = ", ".join(map(str, written))
        print(f"wrote {len(prompts)} sampled from checkpoint {checkpoint} to {files}", file=sys.stderr)
        if self.json:
            document = {"out": str(written[0]), "checkpoint": checkpoint, "seed": self.seed, "prompts": prompts}
            print(json.dumps(document | {"notes": notes}, indent=1))
        return DONE


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
