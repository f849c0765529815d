"""Rotations as unit quaternions (w, x, y, z) and as matrices.

All functions broadcast over the leading axes. Results are float64 unless all inputs are float32. A quaternion maps
vectors from its own frame to the outer frame: `rotate(q, v)`. Angles and rotation vectors are in radians.
"""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray

_SMALL = 1e-8


def normalized(vectors: FloatArray) -> FloatArray:
    """Scale `vectors` (..., n) to length one; vectors shorter than 1e-9 stay short."""
    return vectors / np.maximum(_lengths(vectors), 1e-9)[..., None]


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Compute the cross product over the last axis; on many small vectors several times faster than `numpy.cross`."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x = ay * bz - az * by
    product = np.empty((*x.shape, 3), x.dtype)
    product[..., 0] = x
    product[..., 1] = az * bx - ax * bz
    product[..., 2] = ax * by - ay * bx
    return product


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Compute the Hamilton product of quaternions, (..., 4) each: the rotation `b` followed by `a`."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    w = aw * bw - ax * bx - ay * by - az * bz
    product = np.empty((*w.shape, 4), w.dtype)
    product[..., 0] = w
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def conjugate(q: FloatArray) -> FloatArray:
    """Return the inverse rotations of the quaternions `q` (..., 4)."""
    inverse = np.negative(q)
    inverse[..., 0] = q[..., 0]
    return inverse


def rotate(q: FloatArray, v: FloatArray) -> FloatArray:
    """Rotate the vectors `v` (..., 3) by the quaternions `q` (..., 4)."""
    # v + w t + a x t  with  t = 2 a x v, for the axis a and the scalar part w
    w, ax, ay, az = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    vx, vy, vz = v[..., 0], v[..., 1], v[..., 2]
    tx, ty, tz = 2 * (ay * vz - az * vy), 2 * (az * vx - ax * vz), 2 * (ax * vy - ay * vx)
    x = vx + w * tx + (ay * tz - az * ty)
    rotated = np.empty((*x.shape, 3), x.dtype)
    rotated[..., 0] = x
    rotated[..., 1] = vy + w * ty + (az * tx - ax * tz)
    rotated[..., 2] = vz + w * tz + (ax * ty - ay * tx)
    return rotated


def log(q: FloatArray) -> FloatArray:
    """Convert quaternions (..., 4) to rotation vectors (..., 3) of norm at most pi."""
    q = np.where(q[..., :1] < 0, -q, q)
    vector = q[..., 1:]
    norm = _lengths(vector)
    angle, safe_norm = 2 * np.arctan2(norm, q[..., 0]), np.maximum(norm, _SMALL)
    small = (norm < _SMALL)[..., None]
    return np.where(small, 2 * vector, angle[..., None] * vector / safe_norm[..., None])


def exp(vector: FloatArray) -> FloatArray:
    """Convert rotation vectors (..., 3) to quaternions (..., 4)."""
    angle = _lengths(vector)
    scale = np.where(angle < _SMALL, 0.5, np.sin(angle / 2) / np.maximum(angle, _SMALL))
    q = np.empty((*angle.shape, 4), angle.dtype)
    q[..., 0] = np.cos(angle / 2)
    q[..., 1:] = scale[..., None] * vector
    return q


def slerp(a: FloatArray, b: FloatArray, weight: FloatArray | float) -> FloatArray:
    """Interpolate quaternions along the great arc from `a` (..., 4) at weight 0 to `b` (..., 4) at weight 1.

    Args:
        a: (..., 4) rotations at weight 0.
        b: (..., 4) rotations at weight 1; of its two signs, the one nearer to `a` is used.
        weight: a number, or an array that broadcasts against the leading shape.
    """
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


def between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Compute the smallest rotations that map the directions `a` (..., 3) to the directions `b` (..., 3).

    For opposite directions the axis of the rotation by 180 degrees is an arbitrary one perpendicular to `a`.
    """
    a, b = np.broadcast_arrays(normalized(a), normalized(b))
    q = np.empty((*a.shape[:-1], 4), a.dtype)
    q[..., 0] = 1 + (a * b).sum(-1)
    q[..., 1:] = cross(a, b)
    # Rounding leaves the cosine of opposite directions this near to -1. Farther off, the cross product is their axis.
    opposite = q[..., 0] < 16 * np.finfo(a.dtype).eps
    if opposite.any():
        q[opposite, 0] = 0
        q[opposite, 1:] = _perpendicular(a[opposite])
    return normalized(q)


def continuous(q: FloatArray) -> FloatArray:
    """Choose the signs of quaternions (frames, ..., 4) so that neighbours in time have a positive dot product."""
    flip = np.where((q[1:] * q[:-1]).sum(-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flip[:1]), np.cumprod(flip, 0)])
    return q * signs[..., None].astype(q.dtype)


def from_matrix(matrix: FloatArray) -> FloatArray:
    """Convert rotation matrices (..., 3, 3) to quaternions (..., 4)."""
    # scipy.spatial takes longer to import than all of this package.
    from scipy.spatial.transform import Rotation

    q = Rotation.from_matrix(matrix.reshape(-1, 3, 3)).as_quat()
    return q[:, [3, 0, 1, 2]].reshape(matrix.shape[:-2] + (4,))


def to_matrix(q: FloatArray) -> FloatArray:
    """Convert quaternions (..., 4) to rotation matrices (..., 3, 3)."""
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    xx, yy, zz, xy, xz, yz, wx, wy, wz = x * x, y * y, z * z, x * y, x * z, y * z, w * x, w * y, w * z
    matrix = np.empty((*w.shape, 3, 3), w.dtype)
    matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 0, 2] = 1 - 2 * (yy + zz), 2 * (xy - wz), 2 * (xz + wy)
    matrix[..., 1, 0], matrix[..., 1, 1], matrix[..., 1, 2] = 2 * (xy + wz), 1 - 2 * (xx + zz), 2 * (yz - wx)
    matrix[..., 2, 0], matrix[..., 2, 1], matrix[..., 2, 2] = 2 * (xz - wy), 2 * (yz + wx), 1 - 2 * (xx + yy)
    return matrix


def about_y(angle: FloatArray) -> FloatArray:
    """Return the quaternions (..., 4) of rotations about +Y by `angle` (...) radians."""
    zero = np.zeros_like(angle)
    return np.stack([np.cos(angle / 2), zero, np.sin(angle / 2), zero], -1)


def _lengths(vectors: FloatArray) -> FloatArray:
    """Return the lengths (...) of vectors (..., n) with few components; faster than `numpy.linalg.norm`."""
    squares = vectors[..., 0] * vectors[..., 0]
    for component in range(1, vectors.shape[-1]):
        squares += vectors[..., component] * vectors[..., component]
    return np.sqrt(squares)


def _perpendicular(a: FloatArray) -> FloatArray:
    """Return vectors (n, 3) perpendicular to the unit vectors `a` (n, 3)."""
    axis = cross(a, np.roll(a, 1, -1) + np.array([0.3, 0.1, 0.2]))
    # This cross product vanishes for two directions. The coordinate axis of the smallest component of `a` is at least
    # 54.7 degrees away from `a`, so that its cross product cannot vanish.
    parallel = np.linalg.norm(axis, axis=-1) < 0.1
    axis[parallel] = cross(a[parallel], np.eye(3, dtype=a.dtype)[np.abs(a[parallel]).argmin(-1)])
    return axis
