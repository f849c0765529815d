"""The store of data sets: a set that two upload at once is written once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from generator import dataset_store
from generator.dataset_store import DatasetStore
from motion.synthesis import synthesize


def test_a_set_that_two_upload_at_once_is_written_once_and_is_there_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, store = synthesize(2, 1), DatasetStore(tmp_path / "datasets")
    written: list[Any] = []
    first_writes, second_began = threading.Event(), threading.Event()
    write = dataset_store.write_packed

    def write_slowly(*args: Any) -> Any:
        written.append(args)
        first_writes.set()
        second_began.wait(0.5)  # as long as the second one may need to see that the set is not there yet
        return write(*args)

    def put_second() -> str:
        second_began.set()
        return store.put(dataset)

    monkeypatch.setattr(dataset_store, "write_packed", write_slowly)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store.put, dataset)
        assert first_writes.wait(30)
        second = threads.submit(put_second)
        assert first.result() == second.result()
    assert len(written) == 1 and len(store.read(first.result())) == 2
