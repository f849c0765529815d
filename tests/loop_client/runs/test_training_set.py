"""Test the composition of training sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from loop_fakes import RECIPE, FakeCorrector, FakeGenerator

from loop_client.runs.loop import run_loop
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_creation import create_run
from loop_client.runs.run_recipe import parse_recipe
from loop_client.runs.sample_batch import read_sample_batch
from loop_client.runs.training_set import relax, synthetic_items
from motion.formats.packed import read_packed


def test_relaxation_moves_samples_part_of_the_way_to_their_corrections(swaying_path: Path, tmp_path: Path) -> None:
    text = RECIPE.format(data=swaying_path).replace('corrector = "physics"', 'corrector = "physics"\nrelaxation = 0.25')
    recipe = parse_recipe(text.replace("generations = 2", "generations = 1"))
    store = create_run(tmp_path / "run", recipe, False)
    lines = run_loop(store, load_data(recipe.data), FakeGenerator(), FakeCorrector(fail_every=3), True)
    sample_batch = read_sample_batch(store.generation(3, "corrected", 1) / "synthetic")
    (arm,) = (arm for arm in recipe.arms if arm.name == "corrected")
    items = {item.motion.name: item for item in synthetic_items(sample_batch, arm)}
    assert 0 < len(items) < len(sample_batch.raw)  # failed corrections are left out, as without relaxation
    for sample in sample_batch.raw.motions:
        correction = sample_batch.corrections[sample.name or ""]
        assert (sample.name in items) == (correction.report.status == "OK")
        if sample.name in items:
            item = items[sample.name]
            assert item.origin == "corrected" and item.motion.positions.dtype == np.float32
            np.testing.assert_allclose(
                item.motion.positions, 0.75 * sample.positions + 0.25 * correction.motion.positions, atol=1e-6
            )
    (line,) = (line for line in lines if line["arm"] == "corrected" and line["generation"] == 1)
    facts = line["synthetic"]
    before, after = facts["corrections"]["before"]["jitter_m_s3"], facts["corrections"]["after"]["jitter_m_s3"]
    assert after < facts["trained"]["jitter_m_s3"] < before


def test_a_relaxation_of_1_is_the_correction_itself(swaying_path: Path) -> None:
    sample, correction = read_packed(swaying_path).motions[:2]
    assert relax(sample, correction, 1.0) is correction
    assert relax(sample, correction, 0.5).name == correction.name
