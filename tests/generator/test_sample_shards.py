"""Samples in shards are those of one request, however often the run was ended on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from swaying_body import sway

from generator.sample_shards import SampleShards
from motion.errors import InvalidInput
from motion.formats.packed import read_packed
from motion.motion import Motion
from motion.protocols import SampleOptions

PROMPTS = [f"a person walks {number} steps" for number in range(7)]


class SwayingSampler:
    """Sways by seed and index, and ends before the sample of one index.

    Args:
        until: the index.

    Attributes:
        starts: the index of the first sample of each request.
    """

    def __init__(self, until: int = 1000):
        self.until = until
        self.starts: list[int] = []

    def sample(
        self, prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions, *, start_index: int
    ) -> Iterator[Motion]:
        self.starts.append(start_index)
        for index in range(start_index, len(prompts)):
            if index == self.until:
                raise KeyboardInterrupt
            yield sway(lengths[index], 100 * seed + index)


def _write(folder: Path, sampler: SwayingSampler, seed: int = 3, prompts: Sequence[str] = PROMPTS) -> list[float]:
    done: list[float] = []
    shards = SampleShards(prompts, 24, seed, SampleOptions("checkpoint"), size=3)
    shards.write(folder, sampler, lambda now, _: done.append(now))
    return done


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_shards_hold_the_samples_in_the_order_of_the_prompts(tmp_path: Path) -> None:
    done = _write(tmp_path / "out", SwayingSampler())
    assert done == [0, 1, 2, 3, 4, 5, 6, 7]
    sets = [read_packed(tmp_path / "out" / f"shard-{number:06d}.npz") for number in range(3)]
    assert [len(each.motions) for each in sets] == [3, 3, 1]
    motions = [motion for each in sets for motion in each.motions]
    assert all(
        np.array_equal(motion.positions, sway(24, 300 + index).positions) for index, motion in enumerate(motions)
    )
    assert [captions for each in sets for captions in each.captions] == [(prompt,) for prompt in PROMPTS]
    assert len({motion.name for motion in motions}) == 7


@pytest.mark.parametrize(("ended_at", "goes_on_at"), [(0, 0), (2, 0), (3, 3), (5, 3), (6, 6)])
def test_a_run_that_was_ended_goes_on_to_the_same_bytes(tmp_path: Path, ended_at: int, goes_on_at: int) -> None:
    _write(tmp_path / "whole", SwayingSampler())
    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "cut", SwayingSampler(until=ended_at))
    sampler = SwayingSampler()
    assert _write(tmp_path / "cut", sampler)[0] == goes_on_at
    assert sampler.starts == [goes_on_at]
    assert _files(tmp_path / "cut") == _files(tmp_path / "whole")
    _write(tmp_path / "cut", sampler)
    assert sampler.starts == [goes_on_at]  # there was nothing left to do


def test_a_folder_takes_no_other_samples(tmp_path: Path) -> None:
    _write(tmp_path / "out", SwayingSampler())
    before = _files(tmp_path / "out")
    with pytest.raises(InvalidInput, match="was made with seed 3 and not 4"):
        _write(tmp_path / "out", SwayingSampler(), seed=4)
    with pytest.raises(InvalidInput, match="was made with prompts"):
        _write(tmp_path / "out", SwayingSampler(), prompts=PROMPTS[::-1])
    assert _files(tmp_path / "out") == before
