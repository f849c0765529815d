"""The score of a motion obeys the laws of mechanics, and says in words what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from swaying_body import sway

from motion import kinematics
from motion.errors import InvalidInput, Overloaded, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import Scorer as ScorerProtocol
from motion.score import Score
from motion.skeleton import mirrored
from motion.synthesis import synthesize
from sim_server.body.humanoid import WEIGHT_N
from sim_server.feasibility import Scorer, score_motion


def _standing(frames: int = 40) -> Motion:
    unrotated = np.tile([1.0, 0.0, 0.0, 0.0], (frames, 22, 1))
    positions = kinematics.forward_positions(unrotated, np.zeros((frames, 3)), kinematics.REST_OFFSETS)
    positions[..., 1] -= positions[:, [10, 11], 1].min()
    return Motion(positions)


def _moved(motion: Motion, path: np.ndarray) -> Motion:
    """Add a path (frames, 3) [m] to all joints."""
    return motion.with_positions(motion.positions + path[:, None].astype(np.float32))


def _along(axis: int, values: np.ndarray | float, frames: int = 40) -> np.ndarray:
    path = np.zeros((frames, 3))
    path[:, axis] = values
    return path


@pytest.fixture(scope="module")
def walk() -> Motion:
    return synthesize(1, 3, actions=["walk"]).motions[0]


def test_a_standing_body_misses_nothing() -> None:
    score = score_motion(_standing())
    assert score.force_n_max < 2 and score.torque_nm_max < 1
    assert score.carried_share == 1 and score.reasons == ()


def test_a_raised_body_misses_its_weight_and_nothing_carries_it() -> None:
    score = score_motion(_moved(_standing(), _along(1, 0.3)))
    assert score.force_n_mean == pytest.approx(WEIGHT_N, rel=1e-3)
    assert score.force_share_mean == pytest.approx(1, rel=1e-3)
    assert score.carried_share == 0
    assert score.reasons == (
        "nothing carries the body from 0.0 to 1.9 s; its lowest part is up to 30 cm above the floor",
    )
    np.testing.assert_allclose(score.wrench[:, :3], np.tile([0, WEIGHT_N, 0], (40, 1)), atol=0.5)


def test_the_times_are_those_at_which_nothing_carries() -> None:
    lifted = np.zeros(120)
    lifted[40:80] = 0.4
    lifted = np.convolve(np.pad(lifted, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    (reason, *_) = (r for r in score_motion(_moved(_standing(120), _along(1, lifted, 120))).reasons if "nothing" in r)
    assert reason.startswith("nothing carries the body from 1.9 to 4.1 s")


def test_a_body_in_free_flight_misses_nothing() -> None:
    time = np.arange(24) / 20
    flight = 0.5 + 9.81 * 0.575 * time - 9.81 / 2 * time**2  # symmetric, and never back on the floor
    score = score_motion(_moved(_standing(24), _along(1, flight, 24)))
    inner = np.linalg.norm(score.wrench[4:-4, :3], axis=-1)
    assert inner.max() < 0.02 * WEIGHT_N


def test_a_force_along_the_floor_beyond_friction_is_missing() -> None:
    time = np.arange(40) / 20
    score = score_motion(_moved(_standing(), _along(2, 0.5 * 12.0 * (time - 1) ** 2)))
    inner = score.wrench[10:30]
    # Feet that stand for a moment at most can push with friction times weight; all else is missing.
    assert (inner[:, 2] > 70 * 12.0 - WEIGHT_N).all()


def test_a_sliding_foot_is_named_with_its_speed() -> None:
    score = score_motion(_moved(_standing(), _along(0, np.arange(40) / 20)))
    assert any("slides at up to 1.0 m/s where it would have to carry the body" in reason for reason in score.reasons)
    assert score.force_n_mean == pytest.approx(WEIGHT_N, rel=1e-3)
    slow = score_motion(_moved(_standing(), _along(0, 0.3 * np.arange(40) / 20)))
    assert slow.force_n_mean < 5
    assert {"while it carries the body" in reason for reason in slow.reasons} == {True}


def test_a_sunk_body_is_carried_and_said_to_be_sunk() -> None:
    score = score_motion(_moved(_standing(), _along(1, -0.1)))
    assert score.force_n_max < 2
    assert [reason for reason in score.reasons if "under the floor" in reason]


def test_a_score_does_not_depend_on_place_and_turns_with_the_motion(walk: Motion) -> None:
    score = score_motion(walk)
    away = score_motion(walk.with_positions(walk.positions + np.float32([64, 0, -32])))
    np.testing.assert_allclose(away.wrench, score.wrench, atol=1.0)
    turned = score_motion(walk.with_positions(walk.positions[..., [2, 1, 0]] * np.float32([1, 1, -1])))
    np.testing.assert_allclose(
        turned.wrench, score.wrench[:, [2, 1, 0, 5, 4, 3]] * np.float32([1, 1, -1, 1, 1, -1]), atol=0.1
    )
    assert turned.reasons == score.reasons


def test_the_mirror_image_has_the_mirrored_score(walk: Motion) -> None:
    score, mirror = score_motion(walk), score_motion(walk.with_positions(mirrored(walk.positions)))
    np.testing.assert_allclose(mirror.wrench, score.wrench * np.float32([-1, 1, 1, 1, -1, -1]), atol=2.0)


def test_another_rate_has_the_same_score_and_its_own_frames(walk: Motion) -> None:
    from motion.resample import resample_motion

    score, fine = score_motion(walk), score_motion(resample_motion(walk, 60.0))
    assert len(fine.wrench) == 3 * len(walk) - 2 and len(score.wrench) == len(walk)
    assert fine.force_n_mean == pytest.approx(score.force_n_mean, rel=0.1, abs=2)


def _bytes(score: Score) -> tuple[object, bytes]:
    return score.to_json(), score.wrench.tobytes()


def test_a_score_does_not_depend_on_company_or_order(walk: Motion) -> None:
    motions = [walk, sway(30, 1), _standing(), sway(16, 2, fps=30.0)]
    with Scorer() as scorer:
        assert isinstance(scorer, ScorerProtocol)
        together = [_bytes(score) for score in scorer.score(motions)]
        backwards = [_bytes(score) for score in scorer.score(motions[::-1])][::-1]
        submitted = [_bytes(future.result()) for future in [scorer.submit(motion) for motion in motions]]
    alone = [_bytes(score_motion(motion)) for motion in motions]
    assert together == backwards == submitted == alone


def test_the_numbers_are_those_of_the_wrench(walk: Motion) -> None:
    score = score_motion(_moved(walk, _along(1, 0.04 * np.sin(np.arange(len(walk)) / 3), len(walk))))
    force = np.linalg.norm(score.wrench[:, :3].astype(float), axis=-1)
    assert score.force_n_mean == force.mean() and score.force_n_max == force.max()
    assert score.force_n_median == np.median(force) and score.force_n_p90 == np.percentile(force, 90)
    assert score.force_share_p90 == score.force_n_p90 / WEIGHT_N
    assert score.carried_share == (force < 0.1 * WEIGHT_N).mean()


def test_malformed_motions_are_refused_by_field() -> None:
    broken = sway(20).positions.copy()
    broken[3, 4, 1] = np.nan
    with Scorer() as scorer, pytest.raises(InvalidInput, match=r"^motions\[1\]\.positions"):
        scorer.score([sway(20), broken])
    with pytest.raises(InvalidInput, match=r"^positions"):
        score_motion(sway(3))
    with pytest.raises(InvalidInput, match=r"^wrench"):
        replace(score_motion(sway(20)), wrench=np.zeros((20, 6)))


def test_a_full_or_closed_scorer_says_so() -> None:
    with Scorer(queue_size=0) as scorer, pytest.raises(Overloaded):
        scorer.submit(sway(20))
    scorer = Scorer()
    scorer.close()
    with pytest.raises(ServiceUnavailable):
        scorer.submit(sway(20))


def test_progress_ends_at_the_number_of_motions() -> None:
    seen: list[tuple[float, int]] = []
    with Scorer() as scorer:
        scorer.score([sway(16), sway(17)], lambda done, total: seen.append((done, total)))
        assert scorer.score([]) == []
    assert seen == [(1, 2), (2, 2)]
