"""Test the metrics of sets, and their parity with the published evaluation code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loop_client.evaluation.metrics.diversity import draw_pairs, multimodality, paired_diversity
from loop_client.evaluation.metrics.kernel_distance import kid
from loop_client.evaluation.metrics.precision_recall import precision_recall
from loop_client.evaluation.metrics.retrieval import matching_score, r_precision
from loop_client.evaluation.metrics.wasserstein import wasserstein
from motion.errors import InvalidInput

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def recorded(parity_dir: Path) -> dict[str, np.ndarray]:
    with np.load(parity_dir / "t2m_eval_metrics.npz", allow_pickle=False) as file:
        return dict(file)


def test_r_precision_parity_t2m(recorded: dict[str, np.ndarray]) -> None:
    texts, motions = (recorded[name].reshape(-1, 32) for name in ("rp_text", "rp_motion"))
    assert np.array_equal(r_precision(texts, motions), recorded["r_precision_top1_3"])
    assert matching_score(texts, motions) == pytest.approx(float(recorded["matching_score"]), rel=1e-5)


def test_diversity_and_multimodality_parity_t2m(recorded: dict[str, np.ndarray]) -> None:
    for name, count, pairs in (("diversity", 320, 300), ("multimodality", 30, 10)):
        drawn = draw_pairs(count, pairs, int(recorded[f"{name}_seed"]))
        for indices, side in zip(drawn, ("first", "second"), strict=True):
            assert np.array_equal(indices, recorded[f"{name}_{side}"])
        value = (
            paired_diversity(recorded["fid_gen"], *drawn)
            if name == "diversity"
            else multimodality(recorded["mm_activation"], *drawn)
        )
        assert value == pytest.approx(float(recorded[name]), rel=1e-5)


def test_r_precision_and_matching_score_of_known_pairs() -> None:
    texts = RNG.normal(size=(70, 8))
    assert np.array_equal(r_precision(texts, texts + 1e-3), [1, 1, 1])
    chance = r_precision(RNG.normal(size=(3200, 8)), RNG.normal(size=(3200, 8)))
    assert np.allclose(chance, np.arange(1, 4) / 32, atol=0.015)
    assert matching_score(texts, texts + [3, 4, 0, 0, 0, 0, 0, 0]) == pytest.approx(5)
    # If all are equal, one of each batch is ranked first.
    assert r_precision(np.zeros((32, 2)), np.zeros((32, 2)))[0] == pytest.approx(1 / 32)
    with pytest.raises(InvalidInput, match="n >= 32"):
        r_precision(texts[:31], texts[:31])


def test_precision_and_recall_distinguish_noise_from_missing_modes() -> None:
    real = np.concatenate([RNG.normal(size=(300, 4)), RNG.normal(size=(300, 4)) + 20])
    everything = precision_recall(real + RNG.normal(0, 0.01, real.shape), real)
    assert min(everything) > 0.95
    half = precision_recall(real[:300] + RNG.normal(0, 0.01, (300, 4)), real)
    assert half.precision > 0.95 and half.recall == pytest.approx(0.5, abs=0.05)
    noise = precision_recall(np.concatenate([real[:300], real[:300] + 100]), real)
    assert noise.precision == pytest.approx(0.5, abs=0.05)
    with pytest.raises(InvalidInput, match="k = 3"):
        precision_recall(real[:3], real)


def test_kid_is_about_zero_for_one_distribution_whatever_the_size() -> None:
    values = [kid(RNG.normal(size=(n, 6)), RNG.normal(size=(n, 6))) for n in (20, 50) for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert kid(RNG.normal(size=(100, 6)) + 1, RNG.normal(size=(100, 6))) > 0.5
    with pytest.raises(InvalidInput):
        kid(np.zeros((1, 6)), np.zeros((5, 6)))


def test_wasserstein_of_a_shift_is_its_length() -> None:
    cloud = RNG.normal(size=(40, 3))
    for order in (1, 2):
        assert wasserstein(cloud[::-1] + [3, 0, 4], cloud, order) == pytest.approx(5)
    line = np.sort(RNG.normal(size=(50, 1)), axis=0)
    other = np.sort(RNG.exponential(size=(50, 1)), axis=0)
    assert wasserstein(line, RNG.permutation(other), 1) == pytest.approx(np.abs(line - other).mean())
    with pytest.raises(InvalidInput):
        wasserstein(cloud, cloud[:5])
