"""Judging a generator by what it makes of real motions' captions, and points that are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loop_fakes import FakeCorrector, FakeGenerator, swaying_set

from generator.conformance.example import RetrievalGenerator
from loop_client.evaluation.comparison import compare_sets
from loop_client.evaluation.embedding_cache import cached
from loop_client.evaluation.evaluator.evaluator import load_evaluator
from loop_client.evaluation.scoring import score, score_real, table
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import SampleOptions
from motion.synthesis import synthesize


class Counting:
    """An embedding by mean position, which counts what it is asked."""

    name = "mean"

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, motions):
        self.asked += 1
        return np.stack([motion.positions.mean(axis=0).ravel() for motion in motions]).astype(float)


@pytest.fixture(scope="module")
def real() -> MotionSet:
    return synthesize(12, seed=3)


def test_a_sample_never_stands_beside_another_of_its_source(real: MotionSet) -> None:
    """Motions known by heart, each of them four times, are as easy to tell apart as the motions themselves."""
    embedding, again = cached(load_evaluator("default")), 4
    copies = [replace(motion, name=f"{turn}-{motion.name}") for turn in range(again) for motion in real]
    samples = MotionSet(tuple(copies), real.captions * again)
    sources = [*range(len(real))] * again
    alone, apart, mixed = (
        compare_sets(made, real, embedding, replications=100, sources=groups)["replicated"]["r_precision_1"]["mean"]
        for made, groups in ((real, None), (samples, sources), (samples, None))
    )
    assert abs(apart - alone) < 0.03 and mixed < alone - 0.1


def test_a_generator_that_knows_the_motions_scores_like_them(real: MotionSet) -> None:
    knowing, ignorant = RetrievalGenerator(), RetrievalGenerator()
    knowing.fit(knowing.upload(real), "", 1)
    other = synthesize(12, seed=4)
    ignorant.fit(ignorant.upload(other.select(range(2))), "", 1)
    embedding = load_evaluator("default")
    lines: list[tuple[int, int]] = []
    rows = [
        score(generator, real, embedding, FakeCorrector(), repeats=2, corrected=5, replications=4,
              progress=lambda done, of: lines.append((done, of)))
        for generator in (knowing, ignorant)
    ]  # fmt: skip
    assert lines[:24] == [(done, 24) for done in range(1, 25)]
    assert rows[0]["set"]["motions"] == 24 and rows[0]["corrected"]["motions"] == 5
    assert rows[0]["seconds_per_sample"] > 0
    fids = [row["replicated"]["fid"]["mean"] for row in rows]
    matching = [row["replicated"]["matching_score"]["mean"] for row in rows]
    assert fids[0] < fids[1] and matching[0] < matching[1]
    text = table(
        [
            {"label": name, **row}
            for name, row in zip(("real", "a", "b"), [score_real(real, embedding), *rows], strict=True)
        ]
    )
    assert len(text.splitlines()) == 5 and len({line.count("|") for line in text.splitlines()}) == 1


def test_samples_that_are_no_motion_are_counted_and_left_out() -> None:
    real = swaying_set(12)
    generator = FakeGenerator(break_sample=3)
    options = SampleOptions(generator.fit(generator.upload(real), "", 1))
    row = score(generator, real, Counting(), FakeCorrector(), options, repeats=2, replications=3)
    assert row["invalid"] == 1 and row["set"]["motions"] == row["corrected"]["motions"] == 23
    assert np.isfinite(row["fid"]) and "fake (1 no motion)" in table([{"label": "fake", **row}])


def test_a_score_is_that_of_its_seed(real: MotionSet) -> None:
    generator = RetrievalGenerator()
    checkpoint = generator.fit(generator.upload(real), "", 1)
    options = SampleOptions(checkpoint)
    one, same, other = (
        score(generator, real, Counting(), None, options, repeats=1, seed=seed, replications=3) for seed in (0, 0, 1)
    )
    assert one["replicated"] == same["replicated"] != other["replicated"]
    assert one["corrected"] is None and one["checkpoint"] == checkpoint


@pytest.mark.parametrize(("dimensions", "told"), [(4, True), (16, False)])
def test_fid_of_infinitely_many_is_told_only_where_there_are_enough(dimensions: int, told: bool) -> None:
    """Of two draws of one distribution it is 0; with few motions a line in 1 / n misses that by far."""

    class Normal(Counting):
        def embed(self, motions):
            self.asked += 1
            return np.random.default_rng(self.asked).standard_normal((len(list(motions)), dimensions))

    standing = np.zeros((4, 22, 3)) + np.arange(22)[:, None] / 22
    motions = MotionSet(tuple(Motion(standing, name=str(i)) for i in range(60)), ((),) * 60)
    result = compare_sets(motions, motions, Normal())
    assert list(result["fid_by_n"]) == [15, 22, 30, 45, 60]
    assert (result["fid_extrapolated"] is not None) == told
    if told:
        assert abs(result["fid_extrapolated"]) < result["fid"] / 2


def test_points_are_kept_by_content(tmp_path: Path, real: MotionSet) -> None:
    counting = Counting()
    embedding = cached(counting, tmp_path)
    first = embedding.embed(real)
    np.testing.assert_array_equal(embedding.embed(real), first)
    np.testing.assert_array_equal(cached(counting, tmp_path).embed(real), first)
    assert counting.asked == 1
    moved = [Motion(real.motions[0].positions + 1.0), *real.motions[1:]]
    assert not np.array_equal(embedding.embed(moved), first)
    assert counting.asked == 2


def test_a_damaged_or_closed_cache_costs_time_and_nothing_else(tmp_path: Path, real: MotionSet) -> None:
    embedding = cached(Counting(), tmp_path)
    first = embedding.embed(real)
    (kept,) = tmp_path.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(embedding.embed(real), first)
    (tmp_path / "file").write_text("")
    np.testing.assert_array_equal(cached(Counting(), tmp_path / "file").embed(real), first)


def test_texts_are_embedded_where_the_embedding_knows_them(tmp_path: Path) -> None:
    assert not hasattr(cached(Counting(), tmp_path), "embed_texts")
    assert cached(load_evaluator("default"), tmp_path).embed_texts(["a walk"]).shape == (1, 128)  # pyright: ignore
