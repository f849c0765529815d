"""Seeds of a run are distinct where they should be, and the same where arms are paired."""

from __future__ import annotations

from typing import get_args

from loop_client.runs.seeds import Purpose, derived_generator, derived_seed


def test_every_generation_and_purpose_has_its_own() -> None:
    seeds = [derived_seed(s, g, p) for s in range(5) for g in range(60) for p in get_args(Purpose)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_are_what_they_were() -> None:
    """Runs that are gone on with later need the same seeds."""
    assert (derived_seed(42, 1, "noise"), derived_seed(3, 0, "fit")) == (1683583888, 628341449)
    assert derived_generator(42, 1, "prompts").integers(2**31, size=3).tolist() == [1824503297, 797501325, 1590198421]
