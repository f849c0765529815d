"""Ballistic flight: bodies without contacts fall freely, and everything else stays where it is."""

from __future__ import annotations

import numpy as np
import pytest

from motion.physics import GRAVITY_M_S2
from sim_server.body.flight import flight_shift

DT = 1 / 60
GRAVITY = np.array([0.0, -GRAVITY_M_S2, 0.0])


def hops(count: int = 132, flight: int = 18, stance: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return a centre of mass that hops forward, on parabolas with springs between them, and whether it stands."""
    phase = np.arange(count) % (flight + stance)
    standing = phase < stance
    speed = GRAVITY_M_S2 * flight * DT / 2
    time = (phase - stance) * DT
    falling = 1.0 + speed * time - GRAVITY_M_S2 / 2 * time**2
    depth = speed * stance * DT / np.pi  # so that the velocities agree where the foot leaves the floor
    height = np.where(standing, 1.0 - depth * np.sin(np.pi * phase / stance), falling)
    return np.stack([np.zeros(count), height, 2.0 * np.arange(count) * DT], -1), standing


def acceleration(path: np.ndarray) -> np.ndarray:
    return (path[2:] - 2 * path[1:-1] + path[:-2]) / DT**2


def test_a_path_in_free_fall_is_left_alone() -> None:
    path, standing = hops()
    assert np.abs(flight_shift(path, standing, DT)).max() < 0.01


def test_a_disturbed_flight_becomes_a_free_fall() -> None:
    path, standing = hops()
    wave = 0.01 * np.sin(np.arange(len(path)) * 2 * np.pi / 9)[:, None] * [0.3, 1, 0.5]
    disturbed = path + np.where(standing[:, None], 0, wave)
    shift = flight_shift(disturbed, standing, DT)
    inside = ~standing[1:-1]
    before = np.linalg.norm((acceleration(disturbed) - GRAVITY)[inside], axis=-1).mean()
    after = np.linalg.norm((acceleration(disturbed + shift) - GRAVITY)[inside], axis=-1).mean()
    assert after < 0.15 * before
    assert np.abs(shift[standing]).max() < 0.01  # standing feet stay where they are
    assert np.abs(shift).max() < 0.03


@pytest.mark.parametrize(
    "standing",
    [np.ones(60, bool), np.arange(60) < 20, (np.arange(60) < 5) | (np.arange(60) > 50)],
    ids=["feet that never leave the floor", "feet that do not land within the clip", "feet that are up for too long"],
)
def test_a_stretch_that_is_no_flight_is_left_alone(standing: np.ndarray) -> None:
    path = np.stack([np.zeros(60), np.full(60, 0.9), np.linspace(0, 1, 60)], -1)
    assert np.abs(flight_shift(path, standing, DT)).max() < 1e-9


def test_a_stretch_that_would_have_to_move_far_is_no_flight() -> None:
    standing = (np.arange(60) < 20) | (np.arange(60) >= 43)
    path = np.stack([np.zeros(60), np.full(60, 0.9), np.zeros(60)], -1)
    path[:, 1] += np.where(standing, 0, 0.3 * np.sin(np.arange(60) / 2))
    assert np.abs(flight_shift(path, standing, DT)).max() < 0.05


def test_a_path_of_three_samples_has_a_shift() -> None:
    assert flight_shift(np.zeros((3, 3)), np.array([True, False, True]), DT).shape == (3, 3)
