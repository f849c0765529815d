"""Clean foot contacts: planted feet flat and still on the floor, swinging feet clear of it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, minimum_filter1d

from motion import kinematics, rotation
from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import SOLE_M, SOLE_POINT_JOINT, SOLE_POINT_SIDE, sole_points
from sim_server.preparation.leg_ik import placed_feet, shifted_feet
from sim_server.preparation.stretches import stretches
from sim_server.preparation.support import airborne, upright

_FPS = 20.0
_CLEARANCE_M = 0.045  # of a swinging sole: less, and the simulated foot, which sags a little, scuffs
_RISE_FRAMES = 1.0  # a foot needs this long from the floor to its clearance, and back
_SWING_M_S = (0.2, 0.6)  # between these speeds of its slower end a foot turns from standing to swinging
_FLIGHT_FRAMES = 4  # this near to a fall, both feet may be up
_SUPPORT_M_S = (0.5, 1.5)  # between these speeds a foot comes to be too fast to carry the body
_SLOWER = 0.15  # by this share of both speeds: then it is clear whose turn it is to stand
_PLANTED_M_S = 0.25  # of its faster end: heel and toe both rest
_PLANTED_M = 0.03
_LARGEST_PIN_M = 0.06  # a planted foot that wanders further than this is not one contact
# What keeps a foot from being set down flat, between two bounds each: the speed of its slower end, the height of its
# sole, the height of its heel over where that rests, and a toe held up on purpose.
_FLAT_SPEED_M_S = (0.3, 0.6)
_FLAT_SOLE_M = (0.003, 0.012)
_FLAT_HEEL_M = (0.01, 0.03)
_FLAT_TOE_M = (0.04, 0.08)
_STEEPEST = 0.98  # share of its length that a foot may point down by


def sole_heights(positions: np.ndarray, turns: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Lowest point of each sole over the floor, metres: (frames, 22, 3), (frames, 22, 4), (22, 3) -> (frames, 2).

    In the frame of the motion, where a planted toe joint is at 0 and so is the sole.
    """
    points = rotation.rotate(turns[:, SOLE_POINT_JOINT], sole_points(offsets))[..., 1]
    points += positions[:, SOLE_POINT_JOINT, 1] + SOLE_M
    return np.stack([points[:, SOLE_POINT_SIDE == side].min(1) for side in (0, 1)], -1)


def foot_speeds(positions: np.ndarray) -> np.ndarray:
    """Horizontal speed of each foot's ankle and toe, m/s, in ascending order: (frames, 2 feet, 2).

    A foot that rolls over its toe, or lands on its heel, stands on its slower end.
    """
    feet = positions[:, [*ANKLES, *TOES]][..., [0, 2]]
    speed = np.linalg.norm(np.gradient(feet, 1 / _FPS, axis=0), axis=-1)
    return np.sort(speed.reshape(-1, 2, 2), axis=1).swapaxes(1, 2)


def _below(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """1 below both bounds, 0 above both, and a line between."""
    low, high = bounds
    return np.clip((high - values) / (high - low), 0, 1)


def _support(slower: np.ndarray, grounded: np.ndarray) -> np.ndarray:
    """How far each foot, of speeds `slower` (frames, 2), must not be lifted, 0 to 1, where the body is `grounded`
    (frames,), since it carries: the slower of the two, if it is not too fast. Generators blur the stances of a run."""
    other = slower[:, ::-1]
    turn = np.clip(0.5 + 0.5 / _SLOWER * (other - slower) / np.maximum(other + slower, 1e-6), 0, 1)
    return grounded[:, None] * turn * _below(slower, _SUPPORT_M_S)


def _grounded(positions: np.ndarray) -> np.ndarray:
    """How surely feet carry the body in each frame, 0 to 1 (frames,): it is upright, and falls nowhere near."""
    return minimum_filter1d((1 - airborne(positions)) * upright(positions), 2 * _FLIGHT_FRAMES + 1)


def _frames_to(planted: np.ndarray) -> np.ndarray:
    """Frames from each frame to the nearest one in which that foot is planted: (frames, 2)."""
    away = np.full(planted.shape, np.inf)
    for side in np.flatnonzero(planted.any(0)):
        away[:, side] = distance_transform_edt(~planted[:, side])
    return away


def _pins(positions: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Horizontal shifts (frames, 2, 3) that hold every planted foot where it was on average, eased in and out."""
    shifts = np.zeros((len(positions), 2, 3))
    for side, toe in enumerate(TOES):
        for start, stop in stretches(planted[:, side]):
            path = positions[start:stop, toe]
            shift = np.median(path, axis=0) - path
            shift[:, 1] = 0
            if stop - start >= 3 and np.linalg.norm(shift, axis=-1).max() < _LARGEST_PIN_M:
                shifts[start:stop, side] = shift
    return gaussian_filter1d(shifts, 0.8, axis=0, mode="nearest")


def _set_down(positions: np.ndarray, turns: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Positions with the feet that rest on their heels turned down to their toes.

    A real foot is flat a moment after its heel lands; a simulated one follows late, and stays on its heel.
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    foot, up = toes - ankles, toes[..., 1]
    heel = ankles[..., 1] + offsets[list(TOES), 1]
    rests = _below(sole_heights(positions, turns, offsets), _FLAT_SOLE_M) * _below(heel, _FLAT_HEEL_M)
    rests *= _below(foot_speeds(positions)[..., 0], _FLAT_SPEED_M_S) * _below(up, _FLAT_TOE_M)
    rests = gaussian_filter1d(rests, 0.5, axis=0)
    length = np.linalg.norm(foot, axis=-1)
    drop = np.maximum(foot[..., 1] - rests * np.maximum(up, 0), -_STEEPEST * length)
    along = foot * (1, 0, 1)
    reach = np.sqrt(np.maximum(length**2 - drop**2, 0))
    along *= (reach / np.maximum(np.linalg.norm(along, axis=-1), 1e-6))[..., None]
    return placed_feet(positions, ankles, along + drop[..., None] * (0, 1, 0))


def clean_feet(
    positions: np.ndarray, turns: np.ndarray, offsets: np.ndarray, shakes: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """A motion with clean contacts, from positions (frames, 22, 3), floor at 0, and rotations (frames, 22, 4) of a body
    with rigid `offsets` (22, 3); the same two come back. Where it `shakes` no one can tell whether a body falls or a
    foot stands on its heel, and neither is looked at."""
    grounded = np.zeros(len(positions)) if shakes else _grounded(positions)
    for _ in range(2):
        height = sole_heights(positions, turns, offsets)
        slower, faster = np.moveaxis(foot_speeds(positions), -1, 0)
        planted = (faster < _PLANTED_M_S) & (np.abs(height) < _PLANTED_M)
        swing = 1 - _below(slower, _SWING_M_S)
        swing = gaussian_filter1d(np.minimum(swing, 1 - _support(slower, grounded)), 0.7, axis=0)
        swing *= np.clip((_frames_to(planted) - 0.5) / _RISE_FRAMES, 0, 1)
        lift = np.where(planted, -height, np.maximum(swing * _CLEARANCE_M - height, 0))
        lift = np.maximum(gaussian_filter1d(lift, 0.8, axis=0), -height)
        shifts = _pins(positions, planted)
        shifts[..., 1] = lift
        positions = shifted_feet(positions, shifts)
        turns = kinematics.turned_legs(turns, positions, offsets)
    if not shakes:
        positions = _set_down(positions, turns, offsets)
        turns = kinematics.turned_legs(turns, positions, offsets)
    return positions, turns
