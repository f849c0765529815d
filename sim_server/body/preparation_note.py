"""A sentence about what preparation changed, which can be told for a motion that is a part of a longer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.array_types import BoolArray
from sim_server.body.humanoid import CONTROL_FPS

_TOLD_SPANS = 3
_GAP_FRAMES = 10  # a shorter gap between two spans is not told
_TIMES = "{times}"


@dataclass(frozen=True)
class PreparationNote:
    """What was changed, and when.

    Attributes:
        text: the sentence, in which `{times}` stands for the times.
        spans: first and last frame of each time, at 20 frames/s; none if the sentence has no times.
    """

    text: str
    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, text: str, mask: BoolArray) -> PreparationNote:
        """Build the note for the frames of a mask (frames,), of which at least one is set."""
        frames = np.flatnonzero(mask)
        groups = np.split(frames, np.flatnonzero(np.diff(frames) > _GAP_FRAMES) + 1)
        return cls(text, tuple((int(group[0]), int(group[-1])) for group in groups))

    def tell(self, start_s: float = 0.0) -> str:
        """Return the sentence, with times such as "from 1.2 to 3.0 s and at 4.5 s".

        Args:
            start_s: time of the first frame in the motion that is told of [s].
        """
        return self.text.replace(_TIMES, self._times(start_s)) if self.spans else self.text

    def _times(self, start_s: float) -> str:
        words = []
        for first, last in self.spans[:_TOLD_SPANS]:
            start, stop = start_s + first / CONTROL_FPS, start_s + last / CONTROL_FPS
            words.append(f"from {start:.1f} to {stop:.1f} s" if stop - start >= 0.1 else f"at {start:.1f} s")
        more = len(self.spans) - _TOLD_SPANS
        if more > 0:
            words.append(f"{more} more time{'s' * (more > 1)}")
        return join_words(words)


def join_words(words: Sequence[str]) -> str:
    """Join words as in "a, b and c"."""
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1]
