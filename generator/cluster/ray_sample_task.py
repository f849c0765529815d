"""What the processes of a Ray cluster do: sample motions, and return them as messages of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from motion.protocols import SampleOptions
from motion.rpc import wire

if TYPE_CHECKING:
    from generator.generator import DiffusionGenerator


def sample_messages(
    store: str,
    device: str,
    precision: str,
    request: tuple[Sequence[str], Sequence[int], int],
    options: tuple[str, float | None, int | None],
    start_index: int,
) -> list[bytes]:
    """Sample some motions of a larger request.

    Args:
        store: folder of the checkpoints.
        device: as for `DiffusionGenerator`.
        precision: as for `DiffusionGenerator`.
        request: prompts and lengths of these motions, and the seed of all.
        options: the fields of `SampleOptions`.
        start_index: index of the first of these motions in the larger request.

    Returns:
        Serialized messages `Motion`.
    """
    prompts, lengths, seed = request
    generator = _process_generator(store, device, precision)
    # A sample depends on its own prompt, length and index alone, so anything valid may stand for those before.
    all_prompts, all_lengths = [prompts[0]] * start_index + [*prompts], [lengths[0]] * start_index + [*lengths]
    motions = generator.sample(all_prompts, all_lengths, seed, SampleOptions(*options), start_index)
    return [wire.pack_motion(motion).SerializeToString() for motion in motions]


@cache
def _process_generator(store: str, device: str, precision: str) -> DiffusionGenerator:
    from generator.generator import DiffusionGenerator

    return DiffusionGenerator(Path(store), device, threads=1, precision=precision)
