"""What the checks of a corrector have in common: their failure, their motions, and sentences about what is required."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from motion.errors import PlumbError
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.synthesis import synthesize

QUICK = CorrectionOptions(effort="fast")
"""The options of the checks, which are about the contract and not about how good corrections are."""

_LENGTHS = (30, 24, 36, 28)


class Failure(PlumbError):
    """A corrector does not do what the contract requires."""


def require(met: bool, requirement: str, *values: object) -> None:
    """Raise a `Failure` with a sentence and the values that are against it, unless a requirement is met."""
    if not met:
        raise Failure(requirement + (f": {', '.join(map(str, values))}" if values else ""))


def require_error(call: Callable[[], object], kind: type[PlumbError], what: str) -> PlumbError:
    """Return the error of a call that must be refused.

    Args:
        call: the call.
        kind: type of the error that it must raise.
        what: what the call asks for, for the sentence of the failure.

    Raises:
        Failure: the call was accepted, or refused as something else.
    """
    try:
        call()
    except kind as error:
        return error
    except Exception as error:
        raise Failure(f"{what} must be refused as {kind.__name__}, not as {type(error).__name__}: {error}") from error
    raise Failure(f"{what} must be refused as {kind.__name__}, but was accepted")


def motions_for(info: CorrectorInfo) -> list[Motion]:
    """Return motions of several lengths and rates that a corrector has to take, with names and captions."""
    rates = (info.fps, 30.0, info.fps, 24.0)
    motions = []
    for index, (whole, frames, fps) in enumerate(zip(_clips(), _LENGTHS, rates, strict=True)):
        least = int(np.ceil(info.min_frames * fps / info.fps)) + 1
        length = min(max(frames, least), len(whole))
        motions.append(
            Motion(
                whole.positions[:length].copy(),
                fps=fps,
                caption=("", "a person moves")[index % 2],
                name=f"motion {index}",
            )
        )
    return motions


@cache
def _clips() -> Sequence[Motion]:
    return synthesize(len(_LENGTHS), 11, actions=["walk", "wave", "squat", "sway"]).motions


def bytes_of(correction: Correction) -> bytes:
    """Return all of a correction that a caller can see, but for the trace."""
    motion, report = correction.motion, correction.report
    seen = (motion.fps, motion.joint_names, motion.caption, motion.name, replace(report, notes=tuple(report.notes)))
    return motion.positions.tobytes() + repr(seen).encode()
