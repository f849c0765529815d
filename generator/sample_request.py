"""What may be asked of a generator's `sample`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion.errors import InvalidInput, Violation
from motion.protocols import SampleOptions

MIN_FRAMES = 8
MAX_FRAMES = 196
LONGEST_PROMPT = 1000
SEEDS = 2**63
"""Seeds are below this: they are int64 on the wire."""
_NAMED_AT_MOST = 10


def check_request(
    prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions, start_index: int
) -> None:
    """Refuse what cannot be sampled, before anything is computed.

    Raises:
        InvalidInput: naming each field that is wrong, what it holds and what would be right.
    """
    wrong = []
    if not prompts:
        wrong.append(Violation("prompts", "are none; there must be at least one"))
    if len(lengths) != len(prompts):
        wrong.append(Violation("lengths", f"are {len(lengths)} for {len(prompts)} prompts; must be one each"))
    for index, prompt in enumerate(prompts):
        if not prompt.strip():
            wrong.append(Violation(f"prompts[{index}]", "is empty; must say what the motion shows"))
        elif len(prompt) > LONGEST_PROMPT:
            wrong.append(
                Violation(f"prompts[{index}]", f"has {len(prompt)} characters; must have at most {LONGEST_PROMPT}")
            )
    for index, length in enumerate(lengths):
        if not MIN_FRAMES <= length <= MAX_FRAMES:
            wrong.append(Violation(f"lengths[{index}]", f"is {length}; must be between {MIN_FRAMES} and {MAX_FRAMES}"))
    if not 0 <= seed < SEEDS:
        wrong.append(Violation("seed", f"is {seed}; must be at least 0 and below 2^63"))
    if not 0 <= start_index <= len(prompts):
        wrong.append(Violation("start_index", f"is {start_index}; must be between 0 and {len(prompts)}"))
    if options.steps is not None and options.steps < 1:
        wrong.append(Violation("steps", f"is {options.steps}; must be at least 1"))
    if options.guidance is not None and not (np.isfinite(options.guidance) and options.guidance >= 0):
        wrong.append(Violation("guidance", f"is {options.guidance}; must be finite and not negative"))
    if wrong:
        raise InvalidInput(wrong[:_NAMED_AT_MOST])
