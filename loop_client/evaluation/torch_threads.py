"""One torch thread, for results that do not depend on the number of cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_threaded_torch() -> Iterator[None]:
    """Let torch use one thread while the block runs.

    Sums are then formed in one order, so that results do not depend on the number of cores of the machine. Networks as
    small as those of the evaluation also gain nothing from a second thread.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
