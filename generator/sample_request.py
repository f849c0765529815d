"""Validation of requests to a generator's `sample`."""

from __future__ import annotations

from collections.abc import Sequence

from motion.errors import InvalidInput, Violation
from motion.protocols import SampleOptions

MIN_FRAMES = 8
MAX_FRAMES = 196
"""Longest motions of HumanML3D, at 20 frames/s."""
MAX_PROMPT_LENGTH = 1000
MAX_GUIDANCE = 100.0
"""Far beyond useful scales, which are below 20; much larger ones make numbers that are not finite."""
SEED_LIMIT = 2**63
"""Seeds are below this, because they are int64 on the wire."""
_MAX_LISTED = 10


def check_sample_request(
    prompts: Sequence[str],
    lengths: Sequence[int],
    seed: int,
    options: SampleOptions,
    start_index: int,
    max_frames: int = MAX_FRAMES,
    min_frames: int = MIN_FRAMES,
) -> None:
    """Check a request before anything is computed.

    Args:
        prompts: texts, one per motion.
        lengths: frames of each motion.
        seed: seed of the request.
        options: guidance and steps; the checkpoint is not checked.
        start_index: index of the first motion to sample.
        max_frames: most frames of a motion.
        min_frames: fewest frames of a motion.

    Raises:
        InvalidInput: naming each invalid field, its value and what would be right.
    """
    violations = []
    if not prompts:
        violations.append(Violation("prompts", "are none; there must be at least one"))
    if len(lengths) != len(prompts):
        violations.append(Violation("lengths", f"are {len(lengths)} for {len(prompts)} prompts; must be one each"))
    for index, prompt in enumerate(prompts):
        if not prompt.strip():
            violations.append(Violation(f"prompts[{index}]", "is empty; must describe the motion"))
        elif len(prompt) > MAX_PROMPT_LENGTH:
            violations.append(
                Violation(f"prompts[{index}]", f"has {len(prompt)} characters; must have at most {MAX_PROMPT_LENGTH}")
            )
    for index, length in enumerate(lengths):
        if not min_frames <= length <= max_frames:
            violations.append(
                Violation(f"lengths[{index}]", f"is {length}; must be between {min_frames} and {max_frames}")
            )
    if not 0 <= seed < SEED_LIMIT:
        violations.append(Violation("seed", f"is {seed}; must be at least 0 and below 2^63"))
    if not 0 <= start_index <= len(prompts):
        violations.append(Violation("start_index", f"is {start_index}; must be between 0 and {len(prompts)}"))
    if options.steps is not None and options.steps < 1:
        violations.append(Violation("steps", f"is {options.steps}; must be at least 1"))
    if options.guidance is not None and not 0 <= options.guidance <= MAX_GUIDANCE:
        violations.append(Violation("guidance", f"is {options.guidance}; must be between 0 and {MAX_GUIDANCE:g}"))
    if violations:
        raise InvalidInput(violations[:_MAX_LISTED])
