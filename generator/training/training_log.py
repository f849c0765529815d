"""TensorBoard logging of a training run."""

from __future__ import annotations

import time
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from motion.errors import InvalidInput
from motion.protocols import FitProgress

_SECONDS_BETWEEN_ENTRIES = 1.0


class TrainingLog:
    """Logs loss and samples per second to TensorBoard; a context manager.

    Args:
        folder: folder of the event files.
        batch_size: samples per step.

    Raises:
        InvalidInput: if the folder cannot be made or written.
    """

    def __init__(self, folder: Path, batch_size: int):
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise InvalidInput.of(str(folder), f"cannot be written: {error.strerror or error}") from error
        self._batch_size = batch_size
        self._last_entry: tuple[float, int] | None = None

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def record(self, progress: FitProgress) -> None:
        """Log a step, unless the last entry is less than a second old; the last step is always logged."""
        now = time.monotonic()
        if self._last_entry is None:
            self._last_entry = now, progress.step
            return
        last_time, last_step = self._last_entry
        if now - last_time >= _SECONDS_BETWEEN_ENTRIES or progress.step == progress.steps:
            samples = (progress.step - last_step) * self._batch_size
            self._writer.add_scalar("loss", progress.loss, progress.step)
            self._writer.add_scalar("samples_per_s", samples / max(now - last_time, 1e-9), progress.step)
            self._last_entry = now, progress.step
