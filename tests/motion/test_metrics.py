"""The metrics have known values for simple motions, and the invariances of their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from motion import metrics
from motion.errors import InvalidInput
from motion.skeleton import ANKLES, TOES

FPS = 20.0


def standing(frames: int = 40, lowest: float = 0.0) -> np.ndarray:
    """Return a body at rest whose joints are 10 cm apart in height, the left toe lowest."""
    heights = np.arange(22) * 0.1 + 0.2 + lowest
    heights[[*TOES]] = lowest, lowest + 0.001
    pose = np.stack([np.linspace(-0.3, 0.3, 22), heights, np.zeros(22)], -1)
    return np.repeat(pose[None], frames, 0)


def sliding(speed: float, frames: int = 40, fps: float = FPS) -> np.ndarray:
    motion = standing(frames)
    motion[..., 2] += (np.arange(frames) / fps * speed)[:, None]
    return motion


def test_a_body_at_rest_on_the_floor_has_no_errors():
    errors = metrics.physical_errors(standing(), FPS)
    assert vars(errors) == dict.fromkeys(vars(errors), 0.0)


def test_penetration_and_floating_are_measured_beyond_five_millimetres():
    sunk, floating = (
        metrics.physical_errors(standing(lowest=-0.1), FPS),
        metrics.physical_errors(standing(lowest=0.1), FPS),
    )
    assert (sunk.penetrate_mm, sunk.float_mm) == pytest.approx((95.0, 0.0))
    assert (floating.penetrate_mm, floating.float_mm) == pytest.approx((0.0, 95.0))
    assert metrics.penetrate_mm(standing(lowest=-0.004)) == metrics.float_mm(standing(lowest=0.004)) == 0


def test_penetration_is_a_mean_over_frames():
    motion = standing(10)
    motion[:3, :, 1] -= 0.105
    assert metrics.penetrate_mm(motion) == pytest.approx(30.0)


def test_skate_is_the_movement_of_the_lowest_joint_per_step():
    assert metrics.skate_mm(sliding(1.0)) == pytest.approx(50.0)
    half = standing(21)
    half[11:, :, 0] += np.arange(1, 11)[:, None] * 0.01  # 10 of 20 steps move by 1 cm
    assert metrics.skate_mm(half) == pytest.approx(5.0)


def test_only_the_lowest_joint_skates_and_only_on_the_floor():
    other = standing()
    other[:, ANKLES[0], 0] += np.arange(40) * 0.1
    assert metrics.skate_mm(other) == 0
    lifted = sliding(1.0)
    lifted[:, :, 1] += 0.006
    assert metrics.skate_mm(lifted) == 0
    leaving = sliding(1.0, frames=2)
    leaving[1, :, 1] += 0.02
    assert metrics.skate_mm(leaving) == 0


def test_skate_measures_only_the_horizontal_movement():
    motion = sliding(1.0, frames=2)
    motion[0, :, 1] -= 0.5
    assert metrics.skate_mm(motion) == pytest.approx(50.0)


def test_phys_err_is_the_sum_of_penetrate_float_and_skate():
    motion = sliding(1.0)
    motion[:20, :, 1] -= 0.1
    errors = metrics.physical_errors(motion, FPS)
    assert errors.phys_err_mm == pytest.approx(errors.penetrate_mm + errors.float_mm + errors.skate_mm)


@pytest.mark.parametrize("fps", [20.0, 60.0])
def test_skate_ratio_depends_on_speed_and_not_on_the_frame_rate(fps: float):
    assert metrics.skate_ratio(sliding(0.4, fps=fps), fps) == 0
    # A window that extends beyond an end includes zeros: 0.6 * 4/5 < 0.5, so that two steps at each end do not count.
    assert metrics.skate_ratio(sliding(0.6, fps=fps), fps) == pytest.approx(35 / 39)
    assert metrics.skate_ratio(sliding(5.0, fps=fps), fps) == 1


def test_skate_ratio_ignores_a_single_quick_step():
    motion = standing()
    motion[20:, :, 0] += 0.1  # one step at 2 m/s: the five-step mean is 0.4
    assert metrics.skate_ratio(motion, FPS) == 0
    motion[20:, :, 0] += 0.05  # 3 m/s: the mean is 0.6
    assert metrics.skate_ratio(motion, FPS) == pytest.approx(1 / 39)


def test_skate_ratio_considers_toes_below_five_centimetres():
    high = sliding(1.0)
    high[:, TOES, 1] = 0.06
    assert metrics.skate_ratio(high, FPS) == 0
    high[:, TOES[1], 1] = 0.04
    assert metrics.skate_ratio(high, FPS) > 0.9


def test_acceleration_and_jitter_of_polynomials_are_exact():
    seconds = (np.arange(50) / FPS)[:, None, None]
    falling = standing(50) + 0.5 * 9.81 * seconds**2 * np.array([0, -1.0, 0])
    assert metrics.accel_m_s2(falling, FPS) == pytest.approx(9.81)
    assert metrics.jitter_m_s3(falling, FPS) == pytest.approx(0, abs=1e-8)
    cubic = standing(50) + seconds**3 * np.array([2.0, 0, 0])
    assert metrics.jitter_m_s3(cubic, FPS) == pytest.approx(12.0)


def test_motion_magnitude_is_a_mean_speed():
    assert metrics.motion_magnitude(sliding(1.3), FPS) == pytest.approx(1.3)
    assert metrics.motion_magnitude(standing(), FPS) == 0


def test_mpjpe_local_ignores_the_pelvis_position_and_mpjpe_global_does_not():
    reference = standing()
    moved = reference + np.array([0.3, 0.0, 0.4])
    assert metrics.mpjpe_global(moved, reference) == pytest.approx(500.0)
    assert metrics.mpjpe_local(moved, reference) == pytest.approx(0.0, abs=1e-9)
    raised = reference.copy()
    raised[:, 20, 1] += 0.22
    assert metrics.mpjpe_local(raised, reference) == pytest.approx(10.0)


def test_completion_ends_at_the_first_failed_frame():
    reference = standing(40)
    assert metrics.completion(reference, reference) == (1.0, True)
    fallen = reference.copy()
    fallen[30:] += np.array([0.5, 0, 0])  # at the limit is not below it
    assert metrics.completion(fallen, reference) == (0.75, False)
    fallen[35:] = reference[35:]
    assert metrics.completion(fallen, reference) == (0.75, False)


def test_strict_completion_considers_every_single_joint():
    reference = standing(40)
    reaching = reference.copy()
    reaching[10, 20, 0] += 1.0
    assert metrics.completion(reaching, reference) == (1.0, True)
    assert metrics.completion(reaching, reference, strict=True) == (0.25, False)


@pytest.mark.parametrize("strict", [False, True])
def test_a_frame_that_is_not_finite_has_failed(strict: bool):
    reference = standing(40)
    broken = reference.copy()
    broken[20:] = np.nan
    assert metrics.completion(broken, reference, strict=strict) == (0.5, False)


def test_a_reference_of_another_length_is_refused():
    with pytest.raises(InvalidInput, match="positions"):
        metrics.mpjpe_global(standing(4), standing(5))
    with pytest.raises(InvalidInput, match="positions"):
        metrics.completion(standing(4), standing(1))


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_short_motions_have_finite_errors(frames: int):
    assert np.isfinite(list(vars(metrics.physical_errors(standing(frames, -0.1), FPS)).values())).all()


def test_errors_are_invariant_to_heading_and_place_on_the_floor():
    motion = sliding(0.7) + np.random.default_rng(0).normal(0, 0.01, (40, 22, 3))
    angle = 1.1
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    moved = motion @ turn.T + np.array([3.0, 0, -7.0])
    assert list(vars(metrics.physical_errors(moved, FPS)).values()) == pytest.approx(
        list(vars(metrics.physical_errors(motion, FPS)).values())
    )
