"""Balance: the path of the centre of mass that follows from where the feet push.

The feet push from a point within their soles, about which the moments of gravity and inertia vanish (the zero moment
point: Vukobratović and Borovac, International Journal of Humanoid Robotics 1, 2004). For a centre of mass c at height
h, the point p, and the moment k of movements about the centre of mass,

    (g + h'') (c - p) - h c'' + k = 0.

For a given p over time, c is the smooth path that fulfils this nearly everywhere: linear least squares with a penalty
on jerk, solved for the whole motion at once. This is the batch form of preview control (Kajita et al., "Biped walking
pattern generation by using preview control of zero-moment point", ICRA 2003). The sway of a walker, the flight of a
runner and the shift of weight before a foot is lifted all result from it.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from motion.physics import GRAVITY_M_S2
from motion.synthesis.anatomy import MASS_SHARE
from motion.synthesis.curve import PLAN_FPS, smooth

_JERK_WEIGHT = 0.0015  # error of the zero moment point, m, that costs as much as 1 m/s^3 of jerk
_FLIGHT_WEIGHT = 10.0
_FLIGHT_SHARE = 0.05  # a body that pushes with less than this share of its weight counts as flying


def _banded(rows: np.ndarray, reach: int) -> np.ndarray:
    """Compute A'A in upper banded form.

    Args:
        rows: (m, reach) nonzero values of A, of which row i starts at column i.
        reach: number of nonzero values in a row.

    Returns:
        (reach, m + reach - 1) bands for `scipy.linalg.solveh_banded`.
    """
    columns = len(rows) + reach - 1
    bands = np.zeros((reach, columns))
    for left in range(reach):
        for right in range(left, reach):
            bands[reach - 1 - (right - left), right : right + len(rows)] += rows[:, left] * rows[:, right]
    return bands


def centre_path(pressure: np.ndarray, height: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Compute the horizontal path of the centre of mass.

    Args:
        pressure: (n, 2) point from which the feet push, at `PLAN_FPS`, m.
        height: (n,) height of the centre of mass, m.
        moment: (n, 2) the k of the equation above, m^2/s^2; see `moment_about_centre`.

    Returns:
        Path (n, 2), m.
    """
    rate = PLAN_FPS**2
    push = (GRAVITY_M_S2 + np.gradient(np.gradient(height)) * rate)[1:-1] / GRAVITY_M_S2
    push = np.where(push < _FLIGHT_SHARE, 0.0, push)
    weight = np.where(push > 0, 1.0, _FLIGHT_WEIGHT)
    lever = height[1:-1] * rate / GRAVITY_M_S2
    rows = np.stack([-lever, push + 2 * lever, -lever], -1) * weight[:, None]
    target = (push[:, None] * (pressure[1:-1] - moment[1:-1] / GRAVITY_M_S2)) * weight[:, None]

    bands = _banded(np.tile(_JERK_WEIGHT * PLAN_FPS**3 * np.array([-1.0, 3.0, -3.0, 1.0]), (len(height) - 3, 1)), 4)
    bands[1:] += _banded(rows, 3)
    right = np.zeros_like(pressure)
    for column in range(3):
        right[column : column + len(rows)] += rows[:, column, None] * target
    for end in (0, -1):  # the centre of mass starts and ends over the feet
        bands[3, end] += 1.0
        right[end] += pressure[end]
    return solveh_banded(bands, right)


def moment_about_centre(positions: np.ndarray) -> np.ndarray:
    """Compute the moment k of the equation above, which the movements of arms and trunk cause.

    Args:
        positions: (n, 22, 3) joints at `PLAN_FPS`, m; each is taken as a point mass.

    Returns:
        Moment (n, 2), m^2/s^2.
    """
    acceleration = smooth(np.gradient(np.gradient(positions, axis=0), axis=0) * PLAN_FPS**2, 0.05)
    relative = positions - (MASS_SHARE @ positions)[:, None]
    about = acceleration[..., 1:2] * relative[..., [0, 2]] - acceleration[..., [0, 2]] * relative[..., 1:2]
    return np.einsum("j,tjk->tk", MASS_SHARE, about)


def zero_moment_point(positions: np.ndarray, fps: float) -> np.ndarray:
    """Compute the zero moment point of a motion by second differences; it is meaningless in flight.

    Args:
        positions: (n, 22, 3) joints, m.
        fps: frames per second.

    Returns:
        Point on the floor (n, 2), m.
    """
    acceleration = np.gradient(np.gradient(positions, axis=0), axis=0) * fps**2 + (0, GRAVITY_M_S2, 0)
    lifted = acceleration[..., 1:2] * positions[..., [0, 2]] - acceleration[..., [0, 2]] * positions[..., 1:2]
    weight = np.maximum(acceleration[..., 1] @ MASS_SHARE, 0.2 * GRAVITY_M_S2)
    return np.einsum("j,tjk->tk", MASS_SHARE, lifted) / weight[:, None]
