"""The conclusion of a run in one sentence: what is claimed, and what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from loop_fakes import RECIPE

from loop_client.experiments.checks import Verdict
from loop_client.reports.conclusion import checks_conclusion, run_conclusion
from loop_client.reports.results import Results
from loop_client.runs.run_recipe import Recipe, parse_recipe

ARMS = ("baseline", "iterative", "corrected", "roundtrip")


@pytest.fixture
def recipe() -> Recipe:
    return parse_recipe(RECIPE.format(data="default"))


def results(
    fid: Mapping[str, Sequence[float | None]], phys_err: Mapping[str, Sequence[float]], last: int = 2
) -> Results:
    """Return results whose arms have these numbers at the last generation, one for each seed."""
    lines: list[dict[str, Any]] = [
        {
            "arm": arm,
            "generation": generation,
            "seed": seed,
            "fid": fid.get(arm, [1.0] * 9)[seed],
            "raw": {"phys_err_mm": phys_err.get(arm, [5.0] * 9)[seed]},
        }
        for seed in range(len(fid["corrected"]))
        for generation in range(last + 1)
        for arm in ARMS
    ]
    return Results(lines, ARMS, {})


def test_a_difference_that_exceeds_its_paired_interval_is_claimed(recipe: Recipe) -> None:
    fid = {"iterative": [2.0, 3.0, 4.0], "corrected": [1.0, 2.1, 2.9]}  # seeds differ more than the arms do
    phys_err = {"iterative": [8.0, 9.0, 10.0], "corrected": [8.5, 8.4, 10.2]}
    assert run_conclusion(results(fid, phys_err), recipe) == (
        "With 3 seeds at generation 2, 'corrected' compared with 'iterative' (paired, 95 % intervals): FID is lower by "
        "1.00 ± 0.25 (2.00 against 3.00); no difference in physical error can be shown, +0.0 ± 1.4 mm (9.0 against 9.0 "
        "mm)."
    )


def test_a_harmful_correction_is_said_to_be_worse(recipe: Recipe) -> None:
    fid = {"iterative": [1.0, 1.1], "corrected": [3.0, 3.1]}
    assert "FID is higher by 2.00 ± 0.00 (3.05 against 1.05)" in run_conclusion(results(fid, {}), recipe)


def test_one_seed_shows_numbers_but_no_difference(recipe: Recipe) -> None:
    sentence = run_conclusion(results({"iterative": [2.0], "corrected": [1.0]}, {}), recipe)
    assert sentence == (
        "With one seed at generation 2, 'corrected' compared with 'iterative': FID 1.00 against 2.00; physical error "
        "5.0 against 5.0 mm; one seed cannot show that a difference is more than chance."
    )


def test_a_metric_that_a_seed_lacks_is_left_out(recipe: Recipe) -> None:
    sentence = run_conclusion(results({"iterative": [2.0, None], "corrected": [1.0, 1.0]}, {}), recipe)
    assert "FID" not in sentence and "physical error" in sentence


def test_nothing_is_concluded_from_generation_0(recipe: Recipe) -> None:
    sentence = run_conclusion(results({"corrected": [1.0]}, {}, last=0), recipe)
    assert sentence == "No arm can be compared yet: only generation 0, which all arms share, is done."


def test_the_uncorrected_arm_of_the_same_strategy_is_compared_with(recipe: Recipe) -> None:
    values = results({"corrected": [1.0, 1.0]}, {})
    without = replace(recipe, arms=tuple(arm for arm in recipe.arms if arm.name != "iterative"))
    assert "'corrected' compared with 'baseline'" in run_conclusion(values, without)
    uncorrected = replace(recipe, arms=tuple(arm for arm in recipe.arms if arm.corrector != "physics"))
    assert "has the lowest mean FID, 1.00, over 2 seeds" in run_conclusion(values, uncorrected)


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        ([True], "The published result is reproduced: the one check holds."),
        ([True, True], "The published result is reproduced: all 2 checks hold."),
        ([True, False], "The published result is not reproduced: 1 of 2 checks do not hold."),
        ([], "The recipe has no checks, so no published result is tested."),
    ],
)
def test_the_conclusion_of_checks_counts_them(holds: list[bool], sentence: str) -> None:
    assert checks_conclusion([Verdict(each, "", "") for each in holds]) == sentence


def test_undecided_checks_are_neither_reproduced_nor_refuted() -> None:
    held, open_, failed = Verdict(True, "", ""), Verdict(False, "", "", True, 31), Verdict(False, "", "")
    assert checks_conclusion([held, open_]) == (
        "Whether the published result is reproduced is undecided: 1 of 2 checks is within chance; about 31 seeds would "
        "decide."
    )
    assert checks_conclusion([failed, open_]) == (
        "The published result is not reproduced: 1 of 2 checks do not hold, and 1 is undecided."
    )
