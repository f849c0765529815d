"""The distribution of a wrench over contacts: which forces at the points that touch the floor come closest to it.

Forces lie in friction cones, of which each contact has a pyramid with four edges. The distribution is

    min_x |A'x - b|^2 + rho |x|^2,  x >= 0,

with one row of A for each edge. Its dual has six unknowns, y = b - A'x, which is the wrench that stays unexplained. It
solves  y + A' max(0, A y) / rho = b,  a monotone piecewise linear equation. Semismooth Newton (Qi and Sun, "A nonsmooth
version of Newton's method", Mathematical Programming 58, 1993) solves it in a few steps from the y of the last control
step.

The result of a row does not depend on the other rows.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import BoolArray, FloatArray

FRICTION = 0.7  # of the cones that forces are planned in; the floor's own coefficient is 1
_MOMENT_WEIGHT = 3.0  # [1/m]; an error of 1 N m counts as much as one of 3 N
REGULARIZATION = 0.05  # rho above
_NEWTON_STEPS = (1.0,) * 8 + (0.5,) * 6  # full steps nearly always suffice; halved ones break a rare cycle
_TOLERANCE_N = 0.05

FRICTION_EDGES = np.array([[FRICTION, 1, 0], [-FRICTION, 1, 0], [0, 1, FRICTION], [0, 1, -FRICTION]])
"""(4, 3) directions of the edges of a friction pyramid."""
WRENCH_WEIGHT = np.array([1, 1, 1, _MOMENT_WEIGHT, _MOMENT_WEIGHT, _MOMENT_WEIGHT])
"""(6,) weights of force and moment in the distribution."""


def contact_matrix(arms: FloatArray, carrying: BoolArray) -> FloatArray:
    """Build the matrix A of the distribution: the weighted root wrench of a unit force along each friction edge.

    Args:
        arms: (n, points, 3) contact points relative to the root, in the world frame [m].
        carrying: (n, points) the points that may carry load; the rows of the others are zero.

    Returns:
        (n, 4 points, 6), four edges for each point.
    """
    edges = np.broadcast_to(FRICTION_EDGES, (*arms.shape[:2], len(FRICTION_EDGES), 3))
    matrix = np.empty((*edges.shape[:-1], 6))
    matrix[..., :3] = FRICTION_EDGES
    matrix[..., 3:] = _MOMENT_WEIGHT * rotation.cross(arms[:, :, None], edges)
    matrix *= carrying[:, :, None, None]
    return matrix.reshape(len(arms), -1, 6)


def distribute_wrench(matrix: FloatArray, wrench: FloatArray, dual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distribute wrenches over the edges of friction pyramids.

    A row that has converged stays as it is, so that no row is affected by its neighbours.

    Args:
        matrix: (n, edges, 6) as `contact_matrix` builds it.
        wrench: (n, 6) weighted wrench to distribute.
        dual: (n, 6) where the search starts.

    Returns:
        Forces along the edges (n, edges) [N], and the dual solution (n, 6): the weighted wrench that no contact
        supplies.
    """
    dual = dual.copy()
    for damping in _NEWTON_STEPS:
        pushed = np.maximum((matrix @ dual[..., None])[..., 0], 0)
        gradient = dual + (pushed[:, None] @ matrix)[:, 0] / REGULARIZATION - wrench
        unsolved = np.abs(gradient).max(-1) > _TOLERANCE_N
        if not unsolved.any():
            break
        active = np.where(pushed[..., None] > 0, matrix, 0)
        hessian = np.eye(6) + np.swapaxes(active, 1, 2) @ matrix / REGULARIZATION
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        dual -= np.where(unsolved, damping, 0.0)[:, None] * step
    return np.maximum((matrix @ dual[..., None])[..., 0], 0) / REGULARIZATION, dual
