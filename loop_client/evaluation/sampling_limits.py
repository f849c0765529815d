"""The frame rate and the lengths that a generator can be asked for."""

from __future__ import annotations

from collections.abc import Iterable

from motion.errors import InvalidInput
from motion.motion import DEFAULT_FPS, Motion
from motion.protocols import GeneratorInfo

MIN_LENGTH, MAX_LENGTH = 40, 196
"""The range of HumanML3D's motions in frames, which the lengths of samples are clipped to."""


def check_rate(generator: GeneratorInfo) -> None:
    """Raise `InvalidInput` if a generator's motions are not at the frame rate of the real motions."""
    if generator.fps != DEFAULT_FPS:
        raise InvalidInput.of(
            "generator", f"makes motion at {generator.fps:g} frames/s; must be at {DEFAULT_FPS:g}, as the data"
        )


def sampling_lengths(motions: Iterable[Motion], generator: GeneratorInfo) -> list[int]:
    """Compute the number of frames to sample for each motion.

    Args:
        motions: real motions at 20 fps.
        generator: the description of the generator that is to be asked.

    Returns:
        The motions' own lengths, clipped to HumanML3D's range of 40 to 196 frames and then to the generator's range.
    """
    clipped = (min(max(len(motion), MIN_LENGTH), MAX_LENGTH) for motion in motions)
    return [min(max(length, generator.min_frames), generator.max_frames) for length in clipped]
