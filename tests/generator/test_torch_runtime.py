"""CPU threads of torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from generator.torch_runtime import set_torch_threads
from motion.errors import InvalidInput


@pytest.fixture(autouse=True)
def restored_threads() -> Iterator[None]:
    """Restore the number of threads after the test."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("cores, threads", [(1, 1), (2, 1), (5, 2), (8, 4)])
def test_zero_threads_are_half_of_the_usable_cores(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr("generator.torch_runtime.usable_cores", lambda: cores)
    set_torch_threads(0)
    assert torch.get_num_threads() == threads


def test_a_given_number_of_threads_is_used() -> None:
    set_torch_threads(3)
    assert torch.get_num_threads() == 3


def test_a_negative_number_of_threads_is_refused() -> None:
    with pytest.raises(InvalidInput, match="threads: is -1"):
        set_torch_threads(-1)
