"""A motion: joint positions over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from motion.errors import InvalidInput
from motion.skeleton import JOINT_NAMES, NUM_JOINTS

DEFAULT_FPS = 20.0


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint positions over time.

    Attributes:
        positions: (frames, 22, 3) float32, metres, Y up, floor at y = 0.
        fps: frames per second.
        joint_names: the names of the 22 joints, in order.
        caption: what it shows, in words; None when unknown.
        name: its name in its set; None when it has none.

    Raises:
        InvalidInput: the array does not have this shape or is not of numbers. Whether the numbers are those of a
            body in motion is `motion.validation.check_motion`'s to say.
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
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (len(self) - 1) / self.fps

    def with_positions(self, positions: np.ndarray) -> Motion:
        """The same motion (rate, caption, name) with other positions."""
        return replace(self, positions=positions)
