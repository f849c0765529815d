"""What a user can say about a file that the file does not say itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from motion.errors import InvalidInput
from motion.orientation import Axis
from motion.plausibility import fps_fault

Unit = Literal["m", "cm", "mm", "in"]
"""A unit of length."""

UNIT_M: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
"""Length of each unit, metres."""
_FRAMES = re.compile(r"(-?\d*):(-?\d*)")


@dataclass(frozen=True)
class ReadOptions:
    """How to read files; what is None is taken from the file, or found from the motion.

    Attributes:
        input_fps: frame rate of the files, frames per second.
        unit: unit of lengths in the files.
        up: axis of the files that points up.
        mirror: exchange left and right: the motions are reflected.
        frames: part of each motion, `A:B` with its first frame A and the frame B after its last; both count from 0,
            may be left out, and count from the end if they are negative.
        names: file in TOML that maps joints of `motion.skeleton.JOINT_NAMES` to the names in the files.

    Raises:
        InvalidInput: a value is not one of these.
    """

    input_fps: float | None = None
    unit: Unit | None = None
    up: Axis | None = None
    mirror: bool | None = None
    frames: str | None = None
    names: Path | None = None

    def __post_init__(self) -> None:
        if self.input_fps is not None and (reason := fps_fault(self.input_fps)):
            raise InvalidInput.of("--input-fps", reason)
        for flag, value, allowed in (("--unit", self.unit, get_args(Unit)), ("--up", self.up, get_args(Axis))):
            if value is not None and value not in allowed:
                raise InvalidInput.of(flag, f"is {value!r}; must be one of {', '.join(allowed)}")
        if self.frames is not None and not (_FRAMES.fullmatch(self.frames) and "-:" not in f"{self.frames}:"):
            raise InvalidInput.of("--frames", f"is {self.frames!r}; must be A:B, such as 20:80, 20: or :-5")

    @property
    def unit_m(self) -> float | None:
        """Length of one unit of the files, metres; None if the user did not say."""
        return None if self.unit is None else UNIT_M[self.unit]

    def frame_range(self, count: int) -> tuple[int, int]:
        """Return the first frame of the part of a motion, and the frame after its last.

        Args:
            count: number of frames of the whole motion.

        Raises:
            InvalidInput: the part holds no frame.
        """
        if self.frames is None:
            return 0, count
        start, stop = (int(text) if text else None for text in self.frames.split(":"))
        first, end, _ = slice(start, stop).indices(count)
        if first >= end:
            raise InvalidInput.of("--frames", f"is {self.frames}, which is no frame of the {count}; must hold some")
        return first, end


DEFAULT_OPTIONS = ReadOptions()
"""Nothing is said beyond what the files say."""
