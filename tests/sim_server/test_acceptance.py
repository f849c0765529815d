"""Acceptance: what the corrector promises for real motion, clean and corrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motion.formats.packed import read_packed
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server import Corrector
from sim_server.evaluation.corruption import CORRUPTIONS
from sim_server.evaluation.evaluate import evaluate


def check_promises(motions: list[Motion], kind: str) -> None:
    with Corrector() as corrector:
        row = evaluate(corrector, motions, kind)
    assert row["completed_share"] == 1.0
    assert row["after"]["penetrate_mm"] <= 0.2
    if kind == "clean":
        assert row["mpjpe_global_mm"] <= 50 and row["mpjpe_local_mm"] <= 25
        assert row["after"]["phys_err_mm"] <= row["before"]["phys_err_mm"]
        assert row["residual_force_n"]["mean"] <= 40 and row["residual_force_n"]["median"] <= 10
    if kind in ("sink", "float"):
        assert abs(row["after"]["phys_err_mm"] - row["clean"]["phys_err_mm"]) <= 3.0
    assert row["motion_magnitude_ratio"] > 0.9  # a frozen motion would have no errors either


@pytest.mark.parametrize("policy", ["base", "plumb-1"])
def test_a_fast_correction_adds_at_most_half_a_millimetre_to_clean_motion(data_dir: Path, policy: str) -> None:
    with Corrector(policy) as corrector:
        motions = list(read_packed(data_dir / "generalisation"))
        row = evaluate(corrector, motions, options=CorrectionOptions(effort="fast"))
    assert row["after"]["phys_err_mm"] <= row["before"]["phys_err_mm"] + 0.5


CORRUPTED = [kind for kind in CORRUPTIONS if kind != "clean"]


@pytest.mark.parametrize("kind", ["clean", *(pytest.param(kind, marks=pytest.mark.slow) for kind in CORRUPTED)])
def test_every_clip_of_people_outside_the_training_set_is_corrected(data_dir: Path, kind: str) -> None:
    check_promises(list(read_packed(data_dir / "generalisation")), kind)


@pytest.mark.parametrize("kind", CORRUPTED)
def test_some_clips_of_people_outside_the_training_set_are_corrected(data_dir: Path, kind: str) -> None:
    motions = list(read_packed(data_dir / "generalisation"))
    check_promises([motions[index] for index in np.random.default_rng(5).permutation(len(motions))[:12]], kind)
