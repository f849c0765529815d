"""Test the comparison of sets and the score of a generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from embedding_fakes import CountingEmbedding
from loop_fakes import FakeCorrector, FakeGenerator, swaying_set

from generator.conformance.example import RetrievalGenerator
from loop_client.evaluation.comparison import compare_sets
from loop_client.evaluation.embedding_cache import cached
from loop_client.evaluation.evaluator.evaluator import load_evaluator
from loop_client.evaluation.scoring import score_generator, score_real_motions, score_table
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import GeneratorInfo, SampleOptions
from motion.synthesis import synthesize


@pytest.fixture(scope="module")
def real() -> MotionSet:
    return synthesize(12, seed=3)


def test_a_draw_has_at_most_one_sample_of_each_source(real: MotionSet) -> None:
    """Memorized motions, four copies of each, score like the motions themselves."""
    embedding, again = cached(load_evaluator("default")), 4
    copies = [replace(motion, name=f"{turn}-{motion.name}") for turn in range(again) for motion in real]
    samples = MotionSet(tuple(copies), real.captions * again)
    sources = [*range(len(real))] * again
    alone, apart, mixed = (
        compare_sets(made, real, embedding, replications=100, sources=groups)["replicated"]["r_precision_1"]["mean"]
        for made, groups in ((real, None), (samples, sources), (samples, None))
    )
    assert abs(apart - alone) < 0.03 and mixed < alone - 0.1


def test_a_generator_that_memorized_the_motions_scores_better(real: MotionSet) -> None:
    knowing, ignorant = RetrievalGenerator(), RetrievalGenerator()
    knowing.fit(knowing.upload(real), "", 1)
    other = synthesize(12, seed=4)
    ignorant.fit(ignorant.upload(other.select(range(2))), "", 1)
    embedding = load_evaluator("default")
    lines: list[tuple[int, int]] = []
    rows = [
        score_generator(generator, real, embedding, FakeCorrector(), repeats=2, corrected=5, replications=4,
              progress=lambda done, of: lines.append((done, of)))
        for generator in (knowing, ignorant)
    ]  # fmt: skip
    assert lines[:24] == [(done, 24) for done in range(1, 25)]
    assert rows[0]["set"]["motions"] == 24 and rows[0]["corrected"]["motions"] == 5
    assert rows[0]["seconds_per_sample"] > 0
    fids = [row["replicated"]["fid"]["mean"] for row in rows]
    matching = [row["replicated"]["matching_score"]["mean"] for row in rows]
    assert fids[0] < fids[1] and matching[0] < matching[1]
    text = score_table(
        [
            {"label": name, **row}
            for name, row in zip(("real", "a", "b"), [score_real_motions(real, embedding), *rows], strict=True)
        ]
    )
    assert len(text.splitlines()) == 5 and len({line.count("|") for line in text.splitlines()}) == 1


def test_invalid_samples_are_counted_and_left_out_of_a_score() -> None:
    real = swaying_set(12)
    generator = FakeGenerator(break_sample=3)
    options = SampleOptions(generator.fit(generator.upload(real), "", 1))
    row = score_generator(generator, real, CountingEmbedding(), FakeCorrector(), options, repeats=2, replications=3)
    assert row["invalid"] == 1 and row["set"]["motions"] == row["corrected"]["motions"] == 23
    assert np.isfinite(row["fid"]) and "fake (1 invalid)" in score_table([{"label": "fake", **row}])


def test_a_score_is_a_function_of_its_seed(real: MotionSet) -> None:
    generator = RetrievalGenerator()
    checkpoint = generator.fit(generator.upload(real), "", 1)
    options = SampleOptions(checkpoint)
    one, same, other = (
        score_generator(generator, real, CountingEmbedding(), None, options, repeats=1, seed=seed, replications=3)
        for seed in (0, 0, 1)
    )
    assert one["replicated"] == same["replicated"] != other["replicated"]
    assert one["corrected"] is None and one["checkpoint"] == checkpoint


@pytest.mark.parametrize(("dimensions", "extrapolated"), [(4, True), (16, False)])
def test_fid_is_extrapolated_only_from_enough_motions(dimensions: int, extrapolated: bool) -> None:
    """For two draws of one distribution the limit is 0, which a line in 1 / n misses by far with few motions."""

    class Normal(CountingEmbedding):
        def embed(self, motions):
            self.calls += 1
            return np.random.default_rng(self.calls).standard_normal((len(list(motions)), dimensions))

    standing = np.zeros((4, 22, 3)) + np.arange(22)[:, None] / 22
    motions = MotionSet(tuple(Motion(standing, name=str(i)) for i in range(60)), ((),) * 60)
    result = compare_sets(motions, motions, Normal())
    assert list(result["fid_by_n"]) == [15, 22, 30, 45, 60]
    assert (result["fid_extrapolated"] is not None) == extrapolated
    if extrapolated:
        assert abs(result["fid_extrapolated"]) < result["fid"] / 2


def test_a_score_asks_only_for_lengths_that_the_generator_has(real: MotionSet) -> None:
    """The captions of longer and shorter motions are sampled too, in the nearest possible length."""

    class Narrow(RetrievalGenerator):
        def describe(self) -> GeneratorInfo:
            return replace(super().describe(), min_frames=60, max_frames=80)

        def sample(self, prompts, lengths, seed=0, options=None, start_index=0):
            asked.extend(lengths)
            return super().sample(prompts, lengths, seed, options, start_index)

    asked: list[int] = []
    generator = Narrow()
    generator.fit(generator.upload(real), "", 1)
    score_generator(generator, real, CountingEmbedding(), repeats=1, replications=2)
    assert asked == [min(max(len(motion), 60), 80) for motion in real] and {60, 80} & set(asked)


def test_intervals_of_a_comparison_enclose_the_mean(real: MotionSet) -> None:
    for value in compare_sets(real, real, CountingEmbedding(), replications=4)["replicated"].values():
        low, high = value["interval"]
        assert low <= value["mean"] <= high
        assert value["mean"] - low == pytest.approx(high - value["mean"])
