"""Balance: the path of the centre of mass that the feet can hold up.

The feet push from within their soles, so the moments of gravity and inertia about some point of the sole vanish (the
zero moment point: Vukobratović and Borovac, International Journal of Humanoid Robotics 1, 2004). With the centre c at
height h, a point p to push from, and k the moment of what moves about the centre,

    (g + h'') (c - p) - h c'' + k = 0.

Given p over time, c is the smoothest path that satisfies this nearly everywhere: linear least squares with a penalty
on jerk, solved for the whole motion at once (the batch form of preview control: Kajita et al., "Biped walking pattern
generation by using preview control of zero-moment point", ICRA 2003). A walker's sway, a runner's flight and the
shift of weight before a foot is lifted all come out of it.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from motion.synthesis.anatomy import MASS_SHARE
from motion.synthesis.curve import PLAN_FPS, softened
from motion.synthesis.footfalls import GRAVITY

_JERK_WEIGHT = 0.0015  # metres of missed pressure point that 1 m/s^3 of jerk is worth
_FLIGHT_WEIGHT = 10.0
_FLIGHT_SHARE = 0.05  # of its weight: a body that pushes less than this flies


def _banded(rows: np.ndarray, reach: int) -> np.ndarray:
    """A'A in upper banded form for A with `rows` (m, reach), row i starting at column i."""
    columns = len(rows) + reach - 1
    bands = np.zeros((reach, columns))
    for left in range(reach):
        for right in range(left, reach):
            bands[reach - 1 - (right - left), right : right + len(rows)] += rows[:, left] * rows[:, right]
    return bands


def centre_path(pressure: np.ndarray, height: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Horizontal path (n, 2) of the centre of mass, at `PLAN_FPS`.

    Args:
        pressure: (n, 2) where the feet push from, metres.
        height: (n,) height of the centre, metres.
        moment: (n, 2) the k above, m^2/s^2; see `moment_about_centre`.
    """
    rate = PLAN_FPS**2
    push = (GRAVITY + np.gradient(np.gradient(height)) * rate)[1:-1] / GRAVITY
    push = np.where(push < _FLIGHT_SHARE, 0.0, push)
    weight = np.where(push > 0, 1.0, _FLIGHT_WEIGHT)
    lever = height[1:-1] * rate / GRAVITY
    rows = np.stack([-lever, push + 2 * lever, -lever], -1) * weight[:, None]
    goal = (push[:, None] * (pressure[1:-1] - moment[1:-1] / GRAVITY)) * weight[:, None]

    bands = _banded(np.tile(_JERK_WEIGHT * PLAN_FPS**3 * np.array([-1.0, 3.0, -3.0, 1.0]), (len(height) - 3, 1)), 4)
    bands[1:] += _banded(rows, 3)
    right = np.zeros_like(pressure)
    for column in range(3):
        right[column : column + len(rows)] += rows[:, column, None] * goal
    for end in (0, -1):  # at rest over the feet before the first frame and after the last
        bands[3, end] += 1.0
        right[end] += pressure[end]
    return solveh_banded(bands, right)


def moment_about_centre(positions: np.ndarray) -> np.ndarray:
    """The k of the law above (n, 2), of joints (n, 22, 3) with point masses: what arms and trunk do to balance."""
    acceleration = softened(np.gradient(np.gradient(positions, axis=0), axis=0) * PLAN_FPS**2, 0.05)
    arms = positions - (MASS_SHARE @ positions)[:, None]
    about = acceleration[..., 1:2] * arms[..., [0, 2]] - acceleration[..., [0, 2]] * arms[..., 1:2]
    return np.einsum("j,tjk->tk", MASS_SHARE, about)


def zero_moment_point(positions: np.ndarray, fps: float) -> np.ndarray:
    """Where on the floor (n, 2) a motion (n, 22, 3) pushes from, by second differences; meaningless in flight."""
    acceleration = np.gradient(np.gradient(positions, axis=0), axis=0) * fps**2 + (0, GRAVITY, 0)
    lifted = acceleration[..., 1:2] * positions[..., [0, 2]] - acceleration[..., [0, 2]] * positions[..., 1:2]
    weight = np.maximum(acceleration[..., 1] @ MASS_SHARE, 0.2 * GRAVITY)
    return np.einsum("j,tjk->tk", MASS_SHARE, lifted) / weight[:, None]
