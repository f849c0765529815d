"""The least shift of a root's path with which contacts can carry the motion: semismooth Newton on a banded dual.

At sample k the contacts have a matrix A_k, one row for each edge of a friction pyramid, and are asked for a wrench b_k
that depends linearly on the shift d of the root's path: b = b0 + B d. What they cannot supply has the value

    phi_k(b) = min_x |A_k'x - b|^2 / 2 + rho |x|^2 / 2,  x >= 0,

exactly the distribution of `contact_distribution`, whose gradient is the wrench y_k that stays unexplained. The shift
minimises

    sum_k phi_k(b_k(d))  +  d'R d / 2,      d'R d = w0^2 |d|^2 + w3^2 |d'''|^2.

No contact force is an unknown of it, and a sample without contact (y = b) is no special case. At the minimum
R d = -B'y. With d eliminated, y minimises the dual,

    g(y) = |y|^2 / 2 - b0'y + d'R d / 2 + sum_k |max(0, A_k y_k)|^2 / (2 rho),      d = -R^-1 B'y,

which is strongly convex and piecewise quadratic: Newton's method with an exact line search ends at its minimum from
anywhere (Qi and Sun, "A nonsmooth version of Newton's method", Mathematical Programming 58, 1993). With
H_k = (1 + A_a'A_a / rho)^-1 over the edges that push, and r the gradient of g, a step solves

    (R + B'H B) dd = B'H r,      dy = H (B dd - r).

A row of B reaches `WIDTH` frames, so both systems are banded, and the cost is proportional to the motion's length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solveh_banded

from motion.array_types import FloatArray
from sim_server.body.contact_distribution import REGULARIZATION
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.body.root_operators import FRAMES_AFTER, FRAMES_BEFORE, SAMPLES, WIDTH

_STIFFNESS_N_M = 2000.0  # w0: a shift of 1 cm costs as much as 20 N that nothing explains
_JERK_WEIGHT_N_S3_M = 0.3  # w3
_NEWTON_STEPS = 40
_TOLERANCE_N = 0.05  # of the equation of each row, as in the distribution
_LINE_SEARCH_STEPS = 8
_SLOPE_LEFT = 0.1  # a step has gone far enough where this share of its first slope is left
_BAND = 3 * WIDTH  # diagonals of B'H B from the main one on
_INSIDE = slice(FRAMES_BEFORE, 1 - FRAMES_AFTER)  # the frames themselves among padded ones


@dataclass(frozen=True)
class BalanceProblem:
    """The balance of a whole motion of n frames as a function of the shift of its root.

    It has m = (n - 1) `SAMPLES` rows, one for each sample of a control step.

    Attributes:
        matrix: (m, edges, 6) the contacts, as `contact_matrix` builds it.
        wrench: (m, 6) weighted wrench b0 that is asked for without a shift.
        jacobian: (m, 6, 3 `WIDTH`) its change with x, y, z of the shift of each frame that a step sees, in the order of
            `RootOperators`; zero where that is no frame of the motion.
    """

    matrix: FloatArray
    wrench: FloatArray
    jacobian: FloatArray

    @property
    def frames(self) -> int:
        """The number n of frames."""
        return len(self.wrench) // SAMPLES + 1

    def weighted(self, weight: FloatArray) -> BalanceProblem:
        """Return the problem in which phi of each row counts by a weight (m,).

        phi grows with the square of the wrench, so that w phi(b) = phi(sqrt(w) b).
        """
        root = np.sqrt(weight)[:, None]
        return replace(self, wrench=root * self.wrench, jacobian=root[..., None] * self.jacobian)

    def change(self, shift: FloatArray) -> FloatArray:
        """Return the change B d (m, 6) of the weighted wrench by a shift (n, 3) [m]."""
        windows = np.lib.stride_tricks.sliding_window_view(_pad(shift).ravel(), _BAND)[::3]
        return (self._by_step(self.jacobian) @ windows[..., None]).reshape(-1, 6)

    def pull(self, dual: FloatArray) -> FloatArray:
        """Return B'y (n, 3) for a dual (m, 6): the slope of the sum of all phi with the shift."""
        steps = self.frames - 1
        parts = (dual.reshape(steps, 1, -1) @ self._by_step(self.jacobian)).reshape(steps, WIDTH, 3)
        padded = np.zeros((steps + WIDTH - 1, 3))
        for column in range(WIDTH):
            padded[column : column + steps] += parts[:, column]
        return padded[_INSIDE]

    def curvature(self, inverse: FloatArray) -> FloatArray:
        """Return B'H B in blocks (n - 1, 3 `WIDTH`, 3 `WIDTH`), one for each step, from H (m, 6, 6)."""
        return self._by_step(self.jacobian).swapaxes(1, 2) @ self._by_step(inverse @ self.jacobian)

    def _by_step(self, rows: FloatArray) -> FloatArray:
        """Put the rows (m, 6, ...) of the samples of a control step below each other."""
        return rows.reshape(self.frames - 1, 6 * SAMPLES, -1)


def solve_root_shift(problem: BalanceProblem, dual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find the shift of the root's path that minimises the module's objective.

    Args:
        problem: the balance of a motion of n frames.
        dual: (m, 6) where the search starts.

    Returns:
        The shift (n, 3) [m], and the dual (m, 6): the weighted wrench that stays unexplained with it.

    Raises:
        numpy.linalg.LinAlgError: the equations have no solution, which finite numbers always have.
    """
    penalty = _penalty_bands(problem.frames)
    shift = solveh_banded(penalty, -problem.pull(dual), lower=True, check_finite=False)
    columns = _padded_columns(penalty)
    columns_of_edges = np.ascontiguousarray(problem.matrix.swapaxes(1, 2))
    change = problem.change(shift)
    for _ in range(_NEWTON_STEPS):
        edges = (problem.matrix @ dual[..., None])[..., 0]
        pushed = np.maximum(edges, 0)
        residual = dual + (pushed[:, None] @ problem.matrix)[:, 0] / REGULARIZATION - problem.wrench - change
        if np.abs(residual).max() < _TOLERANCE_N:
            break
        active = columns_of_edges * (edges > 0)[:, None]
        inverse = np.linalg.inv(np.eye(6) + active @ problem.matrix / REGULARIZATION)
        right = problem.pull((inverse @ residual[..., None])[..., 0])
        shift_step = _solve_newton(columns, problem.curvature(inverse), right)
        change_step = problem.change(shift_step)
        dual_step = (inverse @ (change_step - residual)[..., None])[..., 0]
        length = _line_search(problem, dual, dual_step, edges, change_step)
        dual, shift, change = dual + length * dual_step, shift + length * shift_step, change + length * change_step
    return shift, dual


def _penalty_bands(frames: int) -> FloatArray:
    """Return the diagonals (4, frames) of R, the main one first."""
    bands = np.zeros((4, frames))
    bands[0] = _STIFFNESS_N_M**2
    weight = (_JERK_WEIGHT_N_S3_M * CONTROL_FPS**3) ** 2
    third = (-1, 3, -3, 1)
    for i in range(4):
        for j in range(i, 4):
            bands[j - i, i : frames - 3 + i] += weight * third[i] * third[j]
    return bands


def _padded_columns(penalty: FloatArray) -> FloatArray:
    """Return R for x, y, z of all frames, padding included: of each column the `_BAND` entries from the diagonal on."""
    frames = penalty.shape[1]
    columns = np.zeros((frames + FRAMES_BEFORE + FRAMES_AFTER - 1, 3, _BAND))
    columns[..., 0] = penalty[0, 0]
    columns[_INSIDE, :, 0 : 3 * len(penalty) : 3] = penalty.T[:, None]
    return columns.reshape(-1, _BAND)


def _pad(values: FloatArray) -> FloatArray:
    """Pad values (n, ...) of the frames by zeros for the frames that steps see beyond both ends."""
    return np.pad(values, ((FRAMES_BEFORE, FRAMES_AFTER - 1), *((0, 0),) * (values.ndim - 1)))


def _solve_newton(columns: FloatArray, curvature: FloatArray, right: FloatArray) -> FloatArray:
    """Solve (R + B'H B) d = right for d (n, 3)."""
    columns = columns.copy()
    stop = 3 * len(curvature)
    for entry in range(_BAND):
        columns[entry : entry + stop : 3, : _BAND - entry] += curvature[:, entry, entry:]
    solution = solveh_banded(columns.T, _pad(right).ravel(), lower=True, check_finite=False, overwrite_ab=True)
    return solution.reshape(-1, 3)[_INSIDE]


def _line_search(
    problem: BalanceProblem, dual: FloatArray, step: FloatArray, edges: FloatArray, change_step: FloatArray
) -> float:
    """Return how far along a Newton step, at most all of it, the dual objective falls.

    Its slope grows with the length, piecewise linearly, and is found without another product with the matrix.
    """
    edge_step = (problem.matrix @ step[..., None])[..., 0]
    constant = (step * (dual - problem.wrench) - dual * change_step).sum()
    linear = (step * (step - change_step)).sum()

    def slope(length: float) -> float:
        return (
            constant + linear * length + (edge_step * np.maximum(edges + length * edge_step, 0)).sum() / REGULARIZATION
        )

    low, high = 0.0, 1.0
    low_slope, high_slope = slope(low), slope(high)
    enough = _SLOPE_LEFT * abs(low_slope)
    if high_slope <= enough:
        return high
    for _ in range(_LINE_SEARCH_STEPS):
        length = low - low_slope * (high - low) / (high_slope - low_slope)
        length = min(max(length, 0.9 * low + 0.1 * high), 0.1 * low + 0.9 * high)
        middle = slope(length)
        if abs(middle) <= enough:
            return length
        if middle < 0:
            low, low_slope = length, middle
        else:
            high, high_slope = length, middle
    return 0.5 * (low + high)
