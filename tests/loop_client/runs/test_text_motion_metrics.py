"""Text-to-motion metrics of a generation: those of the published evaluation, on the samples and their prompts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loop_fakes import FakeCorrector, FakeGenerator, swaying_set

from loop_client.evaluation.evaluator.evaluator import load_evaluator
from loop_client.evaluation.metrics.retrieval import matching_score
from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.text_motion_metrics import TextMotionMetrics
from motion.motion_set import MotionSet


@pytest.fixture(scope="module")
def motions() -> MotionSet:
    return swaying_set()


def test_metrics_are_those_of_the_evaluator(motions: MotionSet) -> None:
    evaluator = load_evaluator("default")
    metrics = TextMotionMetrics(evaluator, motions)
    found = metrics.measure(motions)
    assert found is not None and found["fid"] == pytest.approx(0.0, abs=1e-3)
    texts = evaluator.embed_texts([captions[0] for captions in motions.captions])
    assert found["matching_score"] == pytest.approx(matching_score(texts, evaluator.embed(motions.motions)))
    shares = [found[f"r_precision_{k}"] for k in (1, 2, 3)]
    assert all(share is not None for share in shares) and shares == sorted(shares)  # pyright: ignore[reportArgumentType]
    assert metrics.measure(motions.select([0])) is None


def test_multimodality_is_of_prompts_that_occur_more_than_once(motions: MotionSet) -> None:
    metrics = TextMotionMetrics(load_evaluator("default"), motions)
    two = motions.select([0, 1])
    prompts = ({"prompt": "a person sways"}, {"prompt": "a person sways"})
    same, apart = replace(two, metadata=prompts), replace(two, metadata=(prompts[0], {"prompt": "a person runs"}))
    embedded = load_evaluator("default").embed(two.motions)
    found, without = metrics.measure(same), metrics.measure(apart)
    assert found is not None and without is not None and without["multimodality"] is None
    assert found["multimodality"] == pytest.approx(float(np.linalg.norm(embedded[0] - embedded[1])))


def test_a_run_measures_them_where_its_recipe_names_an_evaluator(tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe, evaluation=replace(tiny_recipe.evaluation, evaluator="default"), generations=1)
    store = create_run(tmp_path / "run", recipe, resume=False)
    lines = run_loop(store, load_data(recipe.data), FakeGenerator(), FakeCorrector(), quiet=True)
    assert all(line["t2m"]["matching_score"] > 0 and line["t2m"]["evaluator"].startswith("t2m-") for line in lines)
