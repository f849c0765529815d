"""The part of a report that sets an experiment beside the paper."""

from __future__ import annotations

from collections.abc import Sequence

from loop_client.check_recipe import unjudged_arms
from loop_client.experiments.experiment import ExperimentRecipe
from motion.viewing.page_elements import facts, section


def published_section(recipe: ExperimentRecipe, arms: Sequence[str]) -> str:
    """Return what the paper reports, what is different here, where thresholds come from, and arms without a check.

    Args:
        recipe: the experiment.
        arms: names of its arms.
    """
    sources = {check.source: None for check in recipe.checks if check.source}
    unjudged = unjudged_arms(recipe.checks, arms)
    found = {
        "The paper's numbers": recipe.published,
        "Reduced or different here": recipe.reduced or "nothing",
        "Thresholds are from": "; ".join(sources),
        "Shown, but named by no check": ", ".join(unjudged),
    }
    return section("Beside the paper", facts({name: text for name, text in found.items() if text}))
