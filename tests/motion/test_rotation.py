"""Laws of quaternions and rotation matrices."""

from __future__ import annotations

import numpy as np
import pytest

from motion import rotation


@pytest.fixture
def quaternions() -> np.ndarray:
    return rotation.normalized(np.random.default_rng(0).normal(size=(3, 200, 4)))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether two arrays of quaternions are the same rotations, as q and -q are."""
    return bool(np.abs(np.abs((a * b).sum(-1)) - 1).max() < 1e-10)


def test_multiplication_is_associative_and_conjugate_is_the_inverse(quaternions: np.ndarray) -> None:
    a, b, c = quaternions
    multiply = rotation.multiply
    assert same(multiply(multiply(a, b), c), multiply(a, multiply(b, c)))
    assert same(multiply(a, rotation.conjugate(a)), np.tile([1.0, 0, 0, 0], (200, 1)))


def test_rotate_equals_multiplication_by_the_matrix(quaternions: np.ndarray) -> None:
    a, b, _ = quaternions
    v = np.random.default_rng(1).normal(size=(200, 3))
    np.testing.assert_allclose(rotation.rotate(a, v), (rotation.to_matrix(a) @ v[..., None])[..., 0], atol=1e-12)
    twice = rotation.rotate(a, rotation.rotate(b, v))
    np.testing.assert_allclose(rotation.rotate(rotation.multiply(a, b), v), twice, atol=1e-12)
    assert same(rotation.from_matrix(rotation.to_matrix(a)), a)


def test_exp_inverts_log(quaternions: np.ndarray) -> None:
    vectors = rotation.log(quaternions)
    assert np.linalg.norm(vectors, axis=-1).max() <= np.pi + 1e-9
    assert same(rotation.exp(vectors), quaternions)
    tiny = np.array([[1e-12, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(rotation.log(rotation.exp(tiny)), tiny, atol=1e-15)


def test_between_maps_one_direction_to_the_other() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 300, 3))
    b[:5] = -a[:5]
    b[5:10] = a[5:10]
    taken = rotation.rotate(rotation.between(a, b), rotation.normalized(a))
    np.testing.assert_allclose(taken, rotation.normalized(b), atol=1e-7)


def test_between_opposite_directions_is_a_half_turn() -> None:
    directions = [rotation.normalized(np.array(each, float)) for each in ((0, 0, 1), (1, -1, 0), (1, 1, 1))]
    # An axis taken from a fixed vector plus the shifted components of the direction vanishes for this one, which is
    # about (0.632, 0.544, 0.552).
    parallel = directions[0]
    for _ in range(1000):
        parallel = rotation.normalized(np.roll(parallel, 1) + (0.3, 0.1, 0.2))
    for direction in (*directions, parallel):
        half_turn = rotation.between(direction, -direction)
        assert half_turn[0] == 0 and np.linalg.norm(half_turn) == pytest.approx(1)
        np.testing.assert_allclose(rotation.rotate(half_turn, direction), -direction, atol=1e-12)


@pytest.mark.parametrize("angle", [1e-2, 1e-3, 1e-4, 1e-6, 1e-8])
def test_between_nearly_opposite_directions_misses_by_no_more_than_rounding(angle: float) -> None:
    rng = np.random.default_rng(3)
    a = rotation.normalized(rng.normal(size=(100, 3)))
    aside = rotation.normalized(np.cross(a, rng.normal(size=(100, 3))))
    b = -np.cos(angle) * a + np.sin(angle) * aside
    taken = rotation.rotate(rotation.between(a, b), a)
    np.testing.assert_allclose(taken, b, atol=1e-7)


def test_slerp_has_constant_speed(quaternions: np.ndarray) -> None:
    a, b, _ = quaternions
    whole = np.linalg.norm(rotation.log(rotation.multiply(rotation.conjugate(a), b)), axis=-1)
    for share in (0.0, 0.25, 1.0):
        part = rotation.multiply(rotation.conjugate(a), rotation.slerp(a, b, share))
        np.testing.assert_allclose(np.linalg.norm(rotation.log(part), axis=-1), share * whole, atol=1e-6)


def test_continuous_changes_only_signs(quaternions: np.ndarray) -> None:
    path = rotation.continuous(quaternions[0])
    assert same(path, quaternions[0])
    assert ((path[1:] * path[:-1]).sum(-1) >= 0).all()


def test_cross_equals_that_of_numpy() -> None:
    a, b = np.random.default_rng(3).normal(size=(2, 50, 3))
    np.testing.assert_allclose(rotation.cross(a, b), np.cross(a, b), atol=1e-14)
