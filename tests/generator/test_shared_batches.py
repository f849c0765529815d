"""Samples of several requests in common batches: the same bytes in whatever company, and nothing computed in vain."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from generator.generator import DiffusionGenerator
from generator.shared_batches import Lanes, SharedBatches
from generator.training.settings import Settings
from motion.errors import InvalidInput
from motion.motion_set import MotionSet
from motion.protocols import SampleOptions

PROMPTS = ["a person walks", "someone waves", "a person squats", "a person walks and turns", "he stands"]
LENGTHS = [40, 70, 24, 64, 41]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, tiny: Settings, motions: MotionSet) -> Path:
    folder = tmp_path_factory.mktemp("store")
    generator = DiffusionGenerator(folder, device="cpu", settings=tiny)
    dataset = generator.upload(motions)
    generator.fit(dataset, "", 3, settings={"kind": "flow"})
    generator.fit(dataset, "", 3, settings={"mask_frames": "false"})
    generator.fit(dataset, "", 3)
    return folder


def sample(
    generator: DiffusionGenerator, order: Sequence[int], seed: int = 5, options: SampleOptions | None = None
) -> list[bytes]:
    prompts, lengths = [PROMPTS[i] for i in order], [LENGTHS[i] for i in order]
    return [motion.positions.tobytes() for motion in generator.sample(prompts, lengths, seed, options)]


@pytest.mark.parametrize("rows", [1, 2, 4, 8])
def test_a_sample_has_the_same_bytes_alone_and_in_any_company(store: Path, rows: int) -> None:
    generator = DiffusionGenerator(store, device="cpu", rows=rows)
    trained = generator.describe().checkpoints[-3:]
    for checkpoint in (*trained, "mdm") if rows in (1, 4) else trained:
        options = SampleOptions(checkpoint, guidance=2.0, steps=2)
        whole = sample(generator, range(5), options=options)
        for count in (1, 2, 4):
            assert sample(generator, range(count), options=options) == whole[:count]

        def ask(seed: int, options: SampleOptions = options) -> list[bytes]:
            return sample(generator, range(2), seed, options)

        alone = [ask(seed) for seed in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(4))) == alone


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_batches_of_several_rows_sample_nearly_what_single_rows_do(store: Path, guidance: float) -> None:
    options = SampleOptions("mdm", guidance, steps=3)
    one, other = (
        [motion.positions for motion in generator.sample(PROMPTS, [40] * 5, 1, options)]
        for generator in (DiffusionGenerator(store, device="cpu", rows=rows) for rows in (1, 4))
    )
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_rows_that_guidance_would_cut_unevenly_are_refused(tmp_path: Path) -> None:
    for rows in (-1, 6):
        with pytest.raises(InvalidInput, match=rf"rows: is {rows}; must be at most 4, or a multiple of it"):
            DiffusionGenerator(tmp_path, rows=rows)


def test_waiting_callers_share_batches() -> None:
    computed: list[list[int]] = []
    entered, go = threading.Semaphore(0), threading.Event()

    def compute(items: Sequence[int]) -> list[int]:
        computed.append(list(items))
        entered.release()
        assert go.wait(10)
        return [item * item for item in items]

    batches = SharedBatches(compute, 4, Lanes(1))
    tickets = [batches.submit("even" if item % 2 == 0 else "odd", item) for item in range(9)]
    with ThreadPoolExecutor(9) as pool:
        results = [pool.submit(batches.wait, ticket) for ticket in tickets]
        assert entered.acquire(timeout=10)
        go.set()
        assert [result.result(10) for result in results] == [item * item for item in range(9)]
    assert sorted(item for batch in computed for item in batch) == list(range(9))
    assert len(computed) == 3 and all(len({item % 2 for item in batch}) == 1 for batch in computed)


def test_only_what_is_asked_for_is_computed_and_what_is_given_up_leaves_the_queue() -> None:
    computed: list[int] = []

    def compute(items: Sequence[int]) -> list[int]:
        computed.extend(items)
        return list(items)

    batches = SharedBatches(compute, 2, Lanes(1))
    stream = batches.stream((None, item) for item in range(1000))
    assert not computed
    assert list(islice(stream, 3)) == [0, 1, 2] and computed == [0, 1, 2, 3]
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert batches.wait(batches.submit(None, 7)) == 7
    assert computed == [0, 1, 2, 3, 7]


def test_an_error_reaches_everyone_in_the_batch_and_nobody_else() -> None:
    def compute(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise ValueError("zero")
        return list(items)

    batches = SharedBatches(compute, 2, Lanes(1))
    tickets = [batches.submit(None, item) for item in (0, 1, 2)]
    for ticket in tickets[:2]:
        with pytest.raises(ValueError, match="zero"):
            batches.wait(ticket)
    assert batches.wait(tickets[2]) == 2


def test_an_interrupt_ends_one_caller_and_leaves_the_others_their_samples() -> None:
    interrupts = iter([KeyboardInterrupt()])

    def compute(items: Sequence[int]) -> list[int]:
        for error in interrupts:
            raise error
        return list(items)

    batches = SharedBatches(compute, 2, Lanes(1))
    first, second = (batches.submit(None, item) for item in (1, 2))
    with pytest.raises(KeyboardInterrupt):
        batches.wait(first)
    assert batches.wait(second) == 2
