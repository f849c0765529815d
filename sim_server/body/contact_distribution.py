"""The distribution of a wrench over contacts: which forces at the points that touch the floor come closest to it.

Forces lie in friction cones, of which each contact has a pyramid with four edges. The distribution is

    min_x |A'x - b|^2 + rho |x|^2,  x >= 0,

with one row of A for each edge. Its dual has six unknowns, y = b - A'x, which is the wrench that stays unexplained. It
solves  y + A' max(0, A y) / rho = b,  in which the gradient of a strongly convex piecewise quadratic function vanishes.
Semismooth Newton (Qi and Sun, "A nonsmooth version of Newton's method", Mathematical Programming 58, 1993) with a line
search finds it from anywhere, and in a few steps from the y of the last substep.

The result of a row does not depend on the other rows.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import BoolArray, FloatArray

FRICTION = 0.7  # of the cones that forces are planned in; the floor's own coefficient is 1
_MOMENT_WEIGHT = 3.0  # [1/m]; an error of 1 N m counts as much as one of 3 N
REGULARIZATION = 0.05  # rho above
_NEWTON_STEPS = 16
_IDENTITY = np.eye(6)
_LINE_SEARCH_STEPS = 6
_SLOPE_LEFT = 0.1  # a step is long enough where this share of its first slope is left; full ones nearly always are
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
    solution = dual.copy()
    rows, contacts, wanted = np.arange(len(dual)), matrix, wrench  # of the rows that have not converged yet
    edges = (contacts @ dual[..., None])[..., 0]
    for _ in range(_NEWTON_STEPS):
        pushed = np.maximum(edges, 0)
        gradient = dual + (pushed[:, None] @ contacts)[:, 0] / REGULARIZATION - wanted
        unsolved = np.abs(gradient).max(-1) > _TOLERANCE_N
        if not unsolved.all():
            solution[rows] = dual
            rows, contacts, wanted = rows[unsolved], contacts[unsolved], wanted[unsolved]
            if not len(rows):
                break
            dual, edges, pushed, gradient = dual[unsolved], edges[unsolved], pushed[unsolved], gradient[unsolved]
        active = np.where(pushed[..., None] > 0, contacts, 0)
        hessian = _IDENTITY + np.swapaxes(active, 1, 2) @ contacts / REGULARIZATION
        step = np.linalg.solve(hessian, -gradient[..., None])[..., 0]
        edge_step = (contacts @ step[..., None])[..., 0]
        length = _line_search(edges, edge_step, (step * (dual - wanted)).sum(-1), (step**2).sum(-1))[:, None]
        dual, edges = dual + length * step, edges + length * edge_step
    else:
        solution[rows] = dual
    return np.maximum((matrix @ solution[..., None])[..., 0], 0) / REGULARIZATION, solution


def _line_search(edges: FloatArray, edge_step: FloatArray, constant: FloatArray, linear: FloatArray) -> FloatArray:
    """Return how far to go along each Newton step (n,), at most all of it.

    Along a step the slope of the function,  constant + linear t + edge_step . max(0, edges + t edge_step) / rho,  grows
    with t; it is zero where the function is least.
    """
    length = np.ones(len(edges))
    low_slope, high_slope = (
        constant + linear * end + (edge_step * np.maximum(edges + end[:, None] * edge_step, 0)).sum(-1) / REGULARIZATION
        for end in (0 * length, length)
    )
    for row in np.flatnonzero(high_slope > _SLOPE_LEFT * np.abs(low_slope)).tolist():  # few: one by one is faster
        slopes = float(low_slope[row]), float(high_slope[row])
        length[row] = _search_length(edges[row], edge_step[row], float(constant[row]), float(linear[row]), *slopes)
    return length


def _search_length(
    edges: FloatArray, edge_step: FloatArray, constant: float, linear: float, low_slope: float, high_slope: float
) -> float:
    """Return the length between 0 and 1 at which the slope of one row is small enough, from its slopes at both ends."""
    low, high, length = 0.0, 1.0, 1.0
    enough = _SLOPE_LEFT * abs(low_slope)
    for _ in range(_LINE_SEARCH_STEPS):
        length = low - low_slope * (high - low) / ((high_slope - low_slope) or 1.0)
        length = min(max(length, 0.9 * low + 0.1 * high), 0.1 * low + 0.9 * high)
        pushed = np.maximum(edges + length * edge_step, 0)
        slope = constant + linear * length + float(np.add.reduce(edge_step * pushed)) / REGULARIZATION
        if slope < 0:
            low, low_slope = length, slope
        else:
            high, high_slope = length, slope
        if abs(slope) <= enough:
            break
    return length
