"""Correction options accept what they name, and the numbers of older callers, and refuse everything else."""

from __future__ import annotations

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.protocols import EFFORTS, MAX_EFFORT, CorrectionOptions


@pytest.mark.parametrize("assist", ["auto", "none", 0, 150.0, np.float32(20)])
def test_the_assist_may_be_a_limit_or_auto_or_none(assist):
    assert CorrectionOptions(assist=assist).assist == assist


@pytest.mark.parametrize("assist", [None, "some", "", -1, np.nan, np.inf, [100], 1j, np.array([1.0, 2.0])])
def test_any_other_assist_is_invalid_input(assist):
    with pytest.raises(InvalidInput, match=r"^assist: is "):
        CorrectionOptions(assist=assist)


@pytest.mark.parametrize("effort", [0, MAX_EFFORT + 1, 1.5, None, "2", "", "Fast", "search", np.array([1, 2])])
def test_any_other_effort_is_invalid_input(effort):
    with pytest.raises(InvalidInput, match=r"^effort: is .*; must be kinematic, fast, standard or thorough"):
        CorrectionOptions(effort=effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_has_a_name(effort):
    assert CorrectionOptions(effort=effort).effort == effort


@pytest.mark.parametrize(
    ("number", "name"), [(1, "standard"), (2, "thorough"), (3, "thorough"), (np.int64(4), "thorough")]
)
def test_the_numbers_of_older_callers_become_names(number, name):
    assert CorrectionOptions(effort=number) == CorrectionOptions(effort=name)


def test_the_default_effort_is_that_of_older_callers_who_gave_none():
    assert CorrectionOptions() == CorrectionOptions(effort=1)
