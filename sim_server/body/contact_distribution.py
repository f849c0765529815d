"""The distribution of a wrench over contacts: which forces at the points that touch the floor come closest to it.

Forces lie in friction cones, of which each contact has a pyramid with four edges. The distribution is

    min_x |A'x - b|^2 + rho |x|^2,  x >= 0,

with one row of A for each edge. Its dual has six unknowns, y = b - A'x, which is the wrench that stays unexplained. It
solves  y + A' max(0, A y) / rho = b,  in which the gradient of a strongly convex piecewise quadratic function vanishes.
Semismooth Newton (Qi and Sun, "A nonsmooth version of Newton's method", Mathematical Programming 58, 1993) with a line
search finds it from anywhere, and in a few steps from the y of the last substep.

Bodies are solved one after the other by compiled functions, so that the result of one does not depend on the others.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from motion.array_types import BoolArray, FloatArray
from sim_server.body.compiled import compiled
from sim_server.body.vectors import cross

FRICTION = 0.7  # of the cones that forces are planned in; the floor's own coefficient is 1
_MOMENT_WEIGHT = 3.0  # [1/m]; an error of 1 N m counts as much as one of 3 N
REGULARIZATION = 0.05  # rho above
_NEWTON_STEPS = 16
_LINE_SEARCH_STEPS = 6
_SLOPE_LEFT = 0.1  # a step is long enough where this share of its first slope is left; full ones nearly always are
_TOLERANCE_N = 0.05

FRICTION_EDGES = np.array([[FRICTION, 1, 0], [-FRICTION, 1, 0], [0, 1, FRICTION], [0, 1, -FRICTION]])
"""(4, 3) directions of the edges of a friction pyramid."""
NUM_EDGES = len(FRICTION_EDGES)
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
    matrix = np.zeros((len(arms), arms.shape[1] * NUM_EDGES, 6))
    _fill_contact_matrix(np.ascontiguousarray(arms), np.ascontiguousarray(carrying, bool), matrix)
    return matrix


@compiled
def _fill_contact_matrix(arms, carrying, matrix):
    for row in range(len(arms)):
        for point in range(arms.shape[1]):
            if carrying[row, point]:
                edge_wrenches(arms[row, point], matrix[row, point * NUM_EDGES : (point + 1) * NUM_EDGES])


@compiled
def edge_wrenches(arm, rows):
    """Compute the rows (4, 6) of the matrix A for one point, from its place relative to the root (3,)."""
    for edge in range(NUM_EDGES):
        direction = FRICTION_EDGES[edge]
        moment = cross(arm, direction)
        for i in range(3):
            rows[edge, i] = direction[i]
            rows[edge, 3 + i] = _MOMENT_WEIGHT * moment[i]


def distribute_wrench(matrix: FloatArray, wrench: FloatArray, dual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distribute wrenches over the edges of friction pyramids.

    Args:
        matrix: (n, edges, 6) as `contact_matrix` builds it.
        wrench: (n, 6) weighted wrench to distribute.
        dual: (n, 6) where the search starts.

    Returns:
        Forces along the edges (n, edges) [N], and the dual solution (n, 6): the weighted wrench that no contact
        supplies.
    """
    forces, solution = np.empty(matrix.shape[:2]), np.array(dual, float)
    _distribute_each(np.ascontiguousarray(matrix), np.ascontiguousarray(wrench), solution, forces)
    return forces, solution


@compiled
def _distribute_each(matrix, wrench, dual, forces):
    memory = newton_memory(matrix.shape[1])
    for row in range(len(matrix)):
        distribute_one(matrix[row], wrench[row], dual[row], forces[row], memory)


class NewtonMemory(NamedTuple):
    """Memory that the distributions of one body after the other share.

    Attributes:
        step: (6,) a Newton step.
        hessian: (6, 6) its matrix.
        edge_step: (edges,) what it changes along the edges.
    """

    step: FloatArray
    hessian: FloatArray
    edge_step: FloatArray


@compiled
def newton_memory(edges):
    """Return memory for distributions over at most some edges."""
    return NewtonMemory(np.empty(6), np.empty((6, 6)), np.empty(edges))


@compiled
def distribute_one(matrix, wrench, dual, edges, memory):
    """Distribute the wrench of one body; see `distribute_wrench`.

    Args:
        matrix: (edges, 6) as `edge_wrenches` builds it.
        wrench: (6,) weighted wrench to distribute.
        dual: (6,) where the search starts; changed to the solution.
        edges: (edges,) overwritten by the forces along the edges [N].
        memory: memory to work in.
    """
    step, hessian, edge_step = memory
    _multiply(matrix, dual, edges)
    for _ in range(_NEWTON_STEPS):
        _newton_system(matrix, edges, wrench, dual, step, hessian)
        if _largest(step) <= _TOLERANCE_N:
            break
        _solve(hessian, step)
        _multiply(matrix, step, edge_step)
        length = _step_length(edges, edge_step, step, dual, wrench)
        for i in range(6):
            dual[i] += length * step[i]
        for edge in range(len(edges)):
            edges[edge] += length * edge_step[edge]
    _multiply(matrix, dual, edges)
    for edge in range(len(edges)):
        edges[edge] = max(edges[edge], 0.0) / REGULARIZATION


@compiled
def _multiply(matrix, vector, product):
    for edge in range(len(matrix)):
        row = matrix[edge]
        product[edge] = (
            row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2]
            + row[3] * vector[3] + row[4] * vector[4] + row[5] * vector[5]
        )  # fmt: skip


@compiled
def _newton_system(matrix, edges, wrench, dual, slope, hessian):
    """Compute the negative gradient, and the lower half of the Hessian, at a dual."""
    for i in range(6):
        slope[i] = wrench[i] - dual[i]
        for j in range(i + 1):
            hessian[i, j] = 1.0 if i == j else 0.0
    for edge in range(len(edges)):
        pushed = edges[edge] / REGULARIZATION
        if pushed > 0:
            row = matrix[edge]
            for i in range(6):
                slope[i] -= pushed * row[i]
                weighted = row[i] / REGULARIZATION
                for j in range(i + 1):
                    hessian[i, j] += weighted * row[j]


@compiled
def _solve(matrix, vector):
    """Replace a vector by the solution of a positive definite system, by Cholesky's method in place."""
    size = len(vector)
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = math.sqrt(total) if i == j else total / matrix[j, j]
    for i in range(size):
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]


@compiled
def _largest(vector):
    largest = 0.0
    for value in vector:
        if not abs(value) <= largest:  # a value that is no number is the largest of all
            largest = abs(value)
    return largest


@compiled
def _step_length(edges, edge_step, step, dual, wrench):
    """Return how far to go along a Newton step, at most all of it.

    Along a step the slope of the function,  constant + linear t + edge_step . max(0, edges + t edge_step) / rho,  grows
    with t; it is zero where the function is least.
    """
    constant, linear = 0.0, 0.0
    for i in range(6):
        constant += step[i] * (dual[i] - wrench[i])
        linear += step[i] * step[i]
    low, high, length = 0.0, 1.0, 1.0
    low_slope = _slope(edges, edge_step, constant, linear, low)
    high_slope = _slope(edges, edge_step, constant, linear, high)
    enough = _SLOPE_LEFT * abs(low_slope)
    if not high_slope > enough:
        return length
    for _ in range(_LINE_SEARCH_STEPS):
        length = low - low_slope * (high - low) / (high_slope - low_slope)
        length = min(max(length, 0.9 * low + 0.1 * high), 0.1 * low + 0.9 * high)
        slope = _slope(edges, edge_step, constant, linear, length)
        if slope < 0:
            low, low_slope = length, slope
        else:
            high, high_slope = length, slope
        if abs(slope) <= enough:
            break
    return length


@compiled
def _slope(edges, edge_step, constant, linear, length):
    """Return the slope of the function at a share of a Newton step."""
    total = 0.0
    for edge in range(len(edges)):
        total += edge_step[edge] * max(edges[edge] + length * edge_step[edge], 0.0)
    return constant + linear * length + total / REGULARIZATION
