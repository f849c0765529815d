"""Rotations of one vector at a time agree with those of arrays, compiled or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from motion import rotation
from sim_server.body import vectors
from sim_server.body.compiled import compiled

RNG = np.random.default_rng(0)
A, B = rotation.normalized(RNG.normal(0, 1, (2, 20, 4)))
V, W = RNG.normal(0, 1, (2, 20, 3))
# The nearest rotation and the farthest one: without an axis, and by nearly half a turn.
EDGES = np.array([[1.0, 0, 0, 0], [-1.0, 0, 0, 0], [1e-6, 1, 0, 0], [-1e-6, 0, 1, 0]])


@pytest.mark.parametrize(
    ("one", "many", "arguments"),
    [
        (vectors.minus, np.subtract, (V, W)),
        (vectors.cross, rotation.cross, (V, W)),
        (vectors.multiply, rotation.multiply, (A, B)),
        (vectors.conjugate, rotation.conjugate, (A,)),
        (vectors.rotate, rotation.rotate, (A, V)),
        (vectors.rotate_back, lambda q, v: rotation.rotate(rotation.conjugate(q), v), (A, V)),
        (vectors.rotation_vector, lambda a, b: rotation.log(rotation.multiply(rotation.conjugate(a), b)), (A, B)),
        (vectors.rotation_vector, lambda a, b: rotation.log(b), (np.tile(EDGES[0], (4, 1)), EDGES)),
    ],
    ids=["minus", "cross", "multiply", "conjugate", "rotate", "rotate_back", "rotation_vector", "its edges"],
)
def test_one_vector_at_a_time_is_as_many(
    one: Callable[..., tuple[float, ...]], many: Callable[..., np.ndarray], arguments: tuple[np.ndarray, ...]
) -> None:
    singly = [one.py_func(*row) for row in zip(*arguments, strict=True)]  # pyright: ignore[reportFunctionMemberAccess]
    np.testing.assert_allclose(singly, many(*arguments), atol=1e-12)


def test_without_a_folder_to_write_to_a_function_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit

    def njit_without_folder(function: Callable[..., Any], cache: bool = False, **options: Any) -> Callable[..., Any]:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(numba, "njit", njit_without_folder)
    assert compiled(lambda a, b: a + b)(2, 3) == 5


def test_products_and_sums_are_rounded_one_by_one() -> None:
    """A fused multiply-add would give other bits, on processors that have one."""
    multiply_add = compiled(lambda a, b, c: a * b + c)
    a, b = 1 + 2.0**-30, 1 - 2.0**-30
    assert multiply_add(a, b, -1.0) == a * b - 1.0
    assert a * b - 1.0 == 0.0 != -(2.0**-60)
