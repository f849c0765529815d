"""Rotations of one vector at a time, for compiled functions; `motion.rotation` has them for arrays.

Vectors are any three numbers that can be indexed, and come back as tuples. Quaternions are (w, x, y, z), and map
vectors from their own frame to the outer one.
"""

from __future__ import annotations

import math

from sim_server.body.compiled import compiled

_SMALL = 1e-8


@compiled
def cross(a, b):
    """Return the cross product of two vectors."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@compiled
def minus(a, b):
    """Return the difference of two vectors."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@compiled
def multiply(a, b):
    """Return the Hamilton product of two quaternions: the rotation `b` followed by `a`."""
    return (
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    )


@compiled
def conjugate(q):
    """Return the inverse of a unit quaternion."""
    return q[0], -q[1], -q[2], -q[3]


@compiled
def rotate(q, v):
    """Return a vector rotated by a unit quaternion."""
    # v + w t + a x t  with  t = 2 a x v, for the axis a and the scalar part w
    axis = (q[1], q[2], q[3])
    x, y, z = cross(axis, v)
    t = (2 * x, 2 * y, 2 * z)
    x, y, z = cross(axis, t)
    return v[0] + q[0] * t[0] + x, v[1] + q[0] * t[1] + y, v[2] + q[0] * t[2] + z


@compiled
def rotate_back(q, v):
    """Return a vector rotated by the inverse of a unit quaternion."""
    return rotate(conjugate(q), v)


@compiled
def rotation_vector(a, b):
    """Return the rotation vector from unit quaternion `a` to unit quaternion `b`, in the frame of `a` [rad]."""
    w, x, y, z = multiply(conjugate(a), b)
    if w < 0:
        w, x, y, z = -w, -x, -y, -z
    norm = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 if norm < _SMALL else 2 * math.atan2(norm, w) / norm
    return scale * x, scale * y, scale * z
