"""Correction options accept a limit of the assist or one of two words, and refuse everything else."""

from __future__ import annotations

import numpy as np
import pytest

from motion.errors import InvalidInput
from motion.protocols import MAX_EFFORT, CorrectionOptions


@pytest.mark.parametrize("assist", ["auto", "none", 0, 150.0, np.float32(20)])
def test_the_assist_may_be_a_limit_or_auto_or_none(assist):
    assert CorrectionOptions(assist=assist).assist == assist


@pytest.mark.parametrize("assist", [None, "some", "", -1, np.nan, np.inf, [100], 1j, np.array([1.0, 2.0])])
def test_any_other_assist_is_invalid_input(assist):
    with pytest.raises(InvalidInput, match=r"^assist: is "):
        CorrectionOptions(assist=assist)


@pytest.mark.parametrize("effort", [0, MAX_EFFORT + 1, 1.5, None, "2"])
def test_an_effort_out_of_range_is_invalid_input(effort):
    with pytest.raises(InvalidInput, match=r"^effort: is "):
        CorrectionOptions(effort=effort)
