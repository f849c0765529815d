"""The metrics of a run, mirrored for TensorBoard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard.writer import SummaryWriter

_NOT_METRICS = ("seed", "generation")


class MetricsLog:
    """Writes the numbers of metrics.jsonl by generation, with a TensorBoard run for each seed and arm.

    It is a context manager, which closes the files.

    Args:
        folder: the folder of TensorBoard's files. Files that are there are replaced, so that they always agree with
            metrics.jsonl.
        lines: the lines of metrics.jsonl so far.
    """

    def __init__(self, folder: Path, lines: Sequence[Mapping[str, Any]]):
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}
        shutil.rmtree(folder, ignore_errors=True)
        for line in lines:
            self.add(line)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, line: Mapping[str, Any]) -> None:
        """Add one line of metrics.jsonl, the metrics of one generation of one arm."""
        name = f"seed-{line['seed']}/{line['arm']}"
        if name not in self._writers:
            self._writers[name] = SummaryWriter(str(self._folder / name))
        for path, value in _numbers(line):
            if path not in _NOT_METRICS:
                self._writers[name].add_scalar(path.replace(".", "/"), value, line["generation"])


def _numbers(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number in a document, with its keys joined by dots."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{key}", value
