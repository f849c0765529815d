"""The motion of one body."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from motion.errors import InvalidInput
from motion.skeleton import JOINT_NAMES, NUM_JOINTS

DEFAULT_FPS = 20.0
"""Frame rate of HumanML3D, and of every motion that does not state another."""


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of one body as joint positions over time.

    The constructor checks shape and type only; `motion.validation.check_motion` checks the values.

    Attributes:
        positions: (frames, 22, 3) float32, metres, Y up, floor at y = 0. Other arrays are converted.
        fps: frames per second.
        joint_names: names of the 22 joints in the order of `positions`.
        caption: description in words; None if unknown.
        name: name of the motion in its set; None if it has none.

    Raises:
        InvalidInput: `positions` does not have this shape or does not hold numbers.
    """

    positions: npt.NDArray[np.float32]
    fps: float = DEFAULT_FPS
    joint_names: tuple[str, ...] = JOINT_NAMES
    caption: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        try:
            positions = np.ascontiguousarray(self.positions, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InvalidInput.of("positions", f"not an array of numbers ({error})") from error
        if positions.ndim != 3 or positions.shape[1:] != (NUM_JOINTS, 3):
            raise InvalidInput.of("positions", f"has shape {positions.shape}; must be (frames, {NUM_JOINTS}, 3)")
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "fps", float(self.fps))
        object.__setattr__(self, "joint_names", tuple(self.joint_names))

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.positions)

    def _repr_html_(self) -> str:
        """Show the motion in a notebook."""
        from motion.viewing.notebook import motion_html

        return motion_html(self)

    @property
    def duration(self) -> float:
        """Time from the first to the last frame, seconds."""
        return (len(self) - 1) / self.fps

    def with_positions(self, positions: npt.ArrayLike) -> Motion:
        """Return a motion with other positions, and the rate, joint names, caption and name of this one."""
        return replace(self, positions=positions)
