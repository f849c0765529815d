"""Test what a generator can be asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from loop_fakes import FakeGenerator, swaying_set

from loop_client.evaluation.sampling_limits import check_rate, sampling_lengths
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import GeneratorInfo

MOTIONS: list[Motion] = [swaying_set(1, frames).motions[0] for frames in (20, 44, 300)]


def describe(**changes: float) -> GeneratorInfo:
    return replace(FakeGenerator().describe(), **changes)


def test_lengths_are_clipped_to_the_range_of_humanml3d() -> None:
    assert sampling_lengths(MOTIONS, describe()) == [40, 44, 196]


def test_lengths_are_clipped_to_the_range_of_the_generator() -> None:
    assert sampling_lengths(MOTIONS, describe(max_frames=100)) == [40, 44, 100]
    assert sampling_lengths(MOTIONS, describe(max_frames=30)) == [30, 30, 30]
    assert sampling_lengths(MOTIONS, describe(min_frames=60)) == [60, 60, 196]


def test_a_generator_at_another_frame_rate_is_refused() -> None:
    check_rate(describe())
    with pytest.raises(InvalidInput, match="makes motion at 30 frames/s; must be at 20"):
        check_rate(describe(fps=30.0))
