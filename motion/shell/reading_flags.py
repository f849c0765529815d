"""The flags by which a user says what a file does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import arg

if TYPE_CHECKING:
    from motion.formats.read_options import ReadOptions

_SIGNED_FLAGS = ("--up", "--frames")


@dataclass(frozen=True, kw_only=True)
class ReadingFlags:
    """Base class of the commands that read motions."""

    input_fps: Annotated[float | None, arg(metavar="FPS")] = None
    """Frame rate of the inputs, where a file states none or a wrong one."""
    unit: Literal["m", "cm", "mm", "in"] | None = None
    """Unit of lengths in the inputs; by default found from the size of the body."""
    up: Literal["x", "y", "z", "-x", "-y", "-z"] | None = None
    """Axis of the inputs that points up; by default found from the motion."""
    mirror: bool = False
    """Reflect the inputs: for a mirrored world, or exchanged names of left and right."""
    frames: Annotated[str | None, arg(metavar="A:B")] = None
    """Read only this part of each motion, from frame A up to, not including, frame B (20:80, 20:, :-5)."""
    names: Annotated[Path | None, arg(metavar="MAP.toml")] = None
    """File that maps our joints to the names in the inputs, for a skeleton that is not known."""

    def read_options(self) -> ReadOptions:
        """Return the values of the flags.

        Raises:
            InvalidInput: a value is not one that its flag takes.
        """
        from motion.formats.read_options import ReadOptions

        return ReadOptions(self.input_fps, self.unit, self.up, self.mirror or None, self.frames, self.names)


def join_signed_values(arguments: Sequence[str]) -> list[str]:
    """Join flags with values that begin with a minus (`--up -z`), which would be read as flags of their own."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] in _SIGNED_FLAGS and word.startswith("-") and not word.startswith("--"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
