"""Test that the seeds of a run are distinct, and stay the same from version to version."""

from __future__ import annotations

from typing import get_args

from loop_client.runs.seeds import Purpose, derive_rng, derive_seed


def test_every_generation_and_purpose_has_its_own_seed() -> None:
    seeds = [derive_seed(s, g, p) for s in range(5) for g in range(60) for p in get_args(Purpose)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_seeds_never_change() -> None:
    """Runs that are resumed with a later version need the same seeds."""
    assert (derive_seed(42, 1, "noise"), derive_seed(3, 0, "fit")) == (1683583888, 628341449)
    assert derive_rng(42, 1, "prompts").integers(2**31, size=3).tolist() == [1824503297, 797501325, 1590198421]
