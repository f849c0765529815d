"""Noise is estimated and smoothed, and what is clean is not touched."""

from __future__ import annotations

import numpy as np
import pytest

from motion.metrics import jitter_m_s3
from motion.synthesis import synthesize
from sim_server.preparation.denoise import CLEAN_M, denoise, estimate_noise


def walk() -> np.ndarray:
    (motion,) = synthesize(1, 3, actions=["walk"])
    return motion.positions.astype(np.float64)


def noisy(positions: np.ndarray, metres: float) -> np.ndarray:
    return positions + np.random.default_rng(0).normal(0, metres, positions.shape)


def error(positions: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((positions - truth) ** 2).mean()))


def test_a_clean_motion_comes_through_bit_for_bit() -> None:
    clean = walk()
    assert estimate_noise(clean) < CLEAN_M
    assert denoise(clean) is clean


@pytest.mark.parametrize("metres", [0.01, 0.02])
def test_a_third_of_white_noise_goes_and_with_it_all_of_the_jitter(metres: float) -> None:
    clean = walk()
    shaken = noisy(clean, metres)
    assert estimate_noise(shaken) == pytest.approx(metres, rel=0.15)
    smooth = denoise(shaken)
    assert error(smooth, clean) < 0.65 * metres
    assert jitter_m_s3(smooth, 20) < 1.1 * jitter_m_s3(clean, 20)


def test_noise_of_a_body_whose_acceleration_is_constant_goes_but_for_three_numbers_a_joint() -> None:
    frames, metres = 120, 0.02
    time = np.linspace(0, 1, frames)[:, None, None]
    first, second, third = np.random.default_rng(1).normal(size=(3, 22, 3))
    falls = first + second * time + third * time**2
    # A fit of a parabola leaves three of the frames' numbers of noise.
    assert error(denoise(noisy(falls, metres)), falls) < 1.5 * metres * np.sqrt(3 / frames)


def test_a_motion_too_short_to_show_its_noise_is_left_alone() -> None:
    short = noisy(walk(), 0.02)[:3]
    assert denoise(short) is short


def test_smoothing_moves_and_mirrors_with_the_motion() -> None:
    shaken = noisy(walk(), 0.02)
    there = np.array([3.0, -1.0, 2.0])
    np.testing.assert_allclose(denoise(shaken + there), denoise(shaken) + there, atol=1e-9)
    np.testing.assert_allclose(denoise(shaken[::-1])[::-1], denoise(shaken), atol=1e-9)
