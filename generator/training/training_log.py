"""What a training says of itself, for TensorBoard."""

from __future__ import annotations

import time
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from motion.errors import InvalidInput
from motion.protocols import FitProgress

_EVERY_SECONDS = 1.0


class TrainingLog:
    """Writes loss and samples a second; a context manager.

    Args:
        folder: of TensorBoard's files.
        batch: samples a step.

    Raises:
        InvalidInput: `folder` cannot be one.
    """

    def __init__(self, folder: Path, batch: int):
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise InvalidInput.of(str(folder), f"cannot be written: {error.strerror or error}") from error
        self._batch = batch
        self._last: tuple[float, int] | None = None

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def show(self, line: FitProgress) -> None:
        """Take note of a step; at most one a second is written, and the last."""
        now = time.monotonic()
        if self._last is None:
            self._last = now, line.step
            return
        began, step = self._last
        if now - began >= _EVERY_SECONDS or line.step == line.steps:
            self._writer.add_scalar("loss", line.loss, line.step)
            self._writer.add_scalar(
                "samples_per_s", (line.step - step) * self._batch / max(now - began, 1e-9), line.step
            )
            self._last = now, line.step
