"""Rotations as unit quaternions (w, x, y, z) and matrices, over any leading shape.

Every function broadcasts over the leading axes and keeps the dtype of its input where it can. Rotation vectors are in
radians. A quaternion rotates a vector from its own frame to the outer one: `rotate(q, v)`.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

_SMALL = 1e-8


def normalized(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (..., n) scaled to length one; a zero vector stays (nearly) zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product over the last axis; several times faster than `numpy.cross` on many small vectors."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x = ay * bz - az * by
    product = np.empty((*x.shape, 3), x.dtype)
    product[..., 0] = x
    product[..., 1] = az * bx - ax * bz
    product[..., 2] = ax * by - ay * bx
    return product


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product: the rotation `b`, then `a`. (..., 4), (..., 4) -> (..., 4)."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    w = aw * bw - ax * bx - ay * by - az * bz
    product = np.empty((*w.shape, 4), w.dtype)
    product[..., 0] = w
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def conjugate(q: np.ndarray) -> np.ndarray:
    """The inverse rotation."""
    return q * np.array([1, -1, -1, -1], q.dtype)


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Rotate `v` (..., 3) by `q` (..., 4)."""
    axis = q[..., 1:]
    twice = 2 * cross(axis, v)
    return v + q[..., :1] * twice + cross(axis, twice)


def log(q: np.ndarray) -> np.ndarray:
    """Rotation vector (..., 3) of `q`, of the shorter way round (norm at most pi)."""
    q = np.where(q[..., :1] < 0, -q, q)
    vector = q[..., 1:]
    norm = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.where(norm < _SMALL, 2 * vector, 2 * np.arctan2(norm, q[..., :1]) * vector / np.maximum(norm, _SMALL))


def exp(vector: np.ndarray) -> np.ndarray:
    """Quaternion (..., 4) of a rotation vector (..., 3)."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    scale = np.where(angle < _SMALL, 0.5, np.sin(angle / 2) / np.maximum(angle, _SMALL))
    return np.concatenate([np.cos(angle / 2), scale * vector], -1)


def slerp(a: np.ndarray, b: np.ndarray, weight: np.ndarray | float) -> np.ndarray:
    """Great-arc interpolation from `a` (weight 0) to `b` (weight 1); `weight` broadcasts against the leading shape."""
    weight = np.asarray(weight)[..., None]
    dot = (a * b).sum(-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    angle = np.arccos(np.clip(np.abs(dot), 0, 1))
    sine = np.sin(angle)
    near = sine < 1e-6
    sine = np.where(near, 1, sine)
    left = np.where(near, 1 - weight, np.sin((1 - weight) * angle) / sine)
    right = np.where(near, weight, np.sin(weight * angle) / sine)
    return normalized(left * a + right * b)


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes direction `a` to direction `b`: (..., 3), (..., 3) -> (..., 4)."""
    a, b = np.broadcast_arrays(normalized(a), normalized(b))
    q = np.empty((*a.shape[:-1], 4), a.dtype)
    q[..., 0] = 1 + (a * b).sum(-1)
    q[..., 1:] = cross(a, b)
    opposite = q[..., 0] < 1e-6
    if opposite.any():  # any half turn about an axis across will do
        q[opposite, 0] = 0
        q[opposite, 1:] = cross(a[opposite], np.roll(a[opposite], 1, -1) + np.array([0.3, 0.1, 0.2]))
    return normalized(q)


def continuous(q: np.ndarray) -> np.ndarray:
    """The same rotations over time (frames, ..., 4) with signs chosen so that neighbours lie on one side."""
    flip = np.where((q[1:] * q[:-1]).sum(-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flip[:1]), np.cumprod(flip, 0)])
    return q * signs[..., None].astype(q.dtype)


def from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) -> quaternions (..., 4)."""
    q = Rotation.from_matrix(matrix.reshape(-1, 3, 3)).as_quat()
    return q[:, [3, 0, 1, 2]].reshape(matrix.shape[:-2] + (4,))


def to_matrix(q: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) -> rotation matrices (..., 3, 3)."""
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return np.stack(rows, -1).reshape(q.shape[:-1] + (3, 3))


def about_y(angle: np.ndarray) -> np.ndarray:
    """Quaternion (..., 4) of a turn about +Y by `angle` radians (...)."""
    zero = np.zeros_like(angle)
    return np.stack([np.cos(angle / 2), zero, np.sin(angle / 2), zero], -1)
