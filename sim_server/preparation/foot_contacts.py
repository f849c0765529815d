"""Foot contacts: planted feet are made flat and still on the floor, and swinging feet clear of it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, minimum_filter1d

from motion import kinematics
from motion.skeleton import ANKLES, TOES
from sim_server.body.contact_points import sole_heights
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.body.leg_ik import place_feet, shift_feet
from sim_server.preparation.spans import true_spans
from sim_server.preparation.support import airborne, upright

_CLEARANCE_M = 0.03  # of a swinging sole: with less the simulated foot, which sags a little, scuffs
_RISE_FRAMES = 1.0  # time from the floor to the clearance, and back
# Pairs of bounds: below the first a condition holds fully, above the second not at all.
_SWING_M_S = (0.2, 0.6)  # speed of the slower end of a foot that still stands
_SUPPORT_M_S = (0.5, 1.5)  # speed of a foot that can still support the body
_FLAT_SPEED_M_S = (0.3, 0.6)  # these four for a foot that is turned down until it is flat: speed of the slower end,
_FLAT_SOLE_M = (0.003, 0.012)  # height of the sole,
_FLAT_HEEL_M = (0.01, 0.03)  # height of the heel over where it rests,
_FLAT_TOE_M = (0.04, 0.08)  # and height of the toe, because a toe that is higher is raised on purpose
_FLIGHT_FRAMES = 4  # this close to free fall both feet may be in the air
_SLOWER = 0.15  # relative difference in speed that makes it clear which of two feet supports the body
_PLANTED_M_S = 0.25  # speed of the faster end of a planted foot: heel and toe both rest
_PLANTED_M = 0.03  # distance of a planted sole from the floor
_LARGEST_PIN_M = 0.06  # a planted foot that moves further is not in one contact
_STEEPEST = 0.98  # vertical share of its length at which a foot may point down


def foot_speeds(positions: np.ndarray) -> np.ndarray:
    """Compute the horizontal speeds of ankle and toe of each foot, in ascending order.

    A foot that rolls over its toe, or lands on its heel, stands on its slower end.

    Args:
        positions: (frames, 22, 3) joint positions [m] at 20 frames/s.

    Returns:
        Speeds (frames, 2 feet, 2) [m/s], the slower end of each foot first.
    """
    feet = positions[:, [*ANKLES, *TOES]][..., [0, 2]]
    speed = np.linalg.norm(np.gradient(feet, 1 / CONTROL_FPS, axis=0), axis=-1)
    return np.sort(speed.reshape(-1, 2, 2), axis=1).swapaxes(1, 2)


def clean_contacts(
    positions: np.ndarray,
    rotations: np.ndarray,
    offsets: np.ndarray,
    noisy: bool = False,
    carrying: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Put planted feet flat and still on the floor, and lift swinging feet clear of it.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0, at 20 frames/s.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].
        noisy: whether the motion is too noisy to tell which foot supports the body and which stands on its heel; both
            are then left alone.
        carrying: (frames, 2) mask of the feet that must carry the body and are planted for that; None for none.

    Returns:
        Positions and rotations, shaped like the arguments.
    """
    supported = np.zeros(len(positions)) if noisy else _supported_by_feet(positions)
    for _ in range(2):
        height = sole_heights(positions, rotations, offsets)
        slower, faster = np.moveaxis(foot_speeds(positions), -1, 0)
        planted = (faster < _PLANTED_M_S) & (np.abs(height) < _PLANTED_M)
        if carrying is not None:
            planted |= carrying
        swing = 1 - _ramp_down(slower, _SWING_M_S)
        swing = gaussian_filter1d(np.minimum(swing, 1 - _supporting_feet(slower, supported)), 0.7, axis=0)
        swing *= np.clip((_frames_to_contact(planted) - 0.5) / _RISE_FRAMES, 0, 1)
        lift = np.where(planted, -height, np.maximum(swing * _CLEARANCE_M - height, 0))
        lift = np.maximum(gaussian_filter1d(lift, 0.8, axis=0), -height)
        shifts = _pin_shifts(positions, planted)
        shifts[..., 1] = lift
        positions = shift_feet(positions, shifts)
        rotations = kinematics.update_leg_rotations(rotations, positions, offsets)
    if not noisy:
        positions = _flatten_feet(positions, rotations, offsets)
        rotations = kinematics.update_leg_rotations(rotations, positions, offsets)
    return positions, rotations


def _ramp_down(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Return 1 below both bounds, 0 above both, and a linear ramp between them."""
    low, high = bounds
    return np.clip((high - values) / (high - low), 0, 1)


def _supporting_feet(slower: np.ndarray, supported: np.ndarray) -> np.ndarray:
    """Estimate how surely each foot supports the body, so that it must not be lifted.

    The slower foot does, if it is not too fast. This matters because generators blur the stances of a run.

    Args:
        slower: (frames, 2) speed of the slower end of each foot [m/s].
        supported: (frames,) confidence that the feet support the body.

    Returns:
        Confidence (frames, 2) in [0, 1].
    """
    other = slower[:, ::-1]
    turn = np.clip(0.5 + 0.5 / _SLOWER * (other - slower) / np.maximum(other + slower, 1e-6), 0, 1)
    return supported[:, None] * turn * _ramp_down(slower, _SUPPORT_M_S)


def _supported_by_feet(positions: np.ndarray) -> np.ndarray:
    """Return the confidence (frames,) that feet support the body: it is upright, and does not fall anywhere near."""
    return minimum_filter1d((1 - airborne(positions)) * upright(positions), 2 * _FLIGHT_FRAMES + 1)


def _frames_to_contact(planted: np.ndarray) -> np.ndarray:
    """Return the number of frames (frames, 2) from each frame to the nearest in which the foot is planted."""
    away = np.full(planted.shape, np.inf)
    for side in np.flatnonzero(planted.any(0)):
        away[:, side] = distance_transform_edt(~planted[:, side])
    return away


def _pin_shifts(positions: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Compute smooth horizontal shifts (frames, 2, 3) [m] that keep planted feet at the median of their positions."""
    shifts = np.zeros((len(positions), 2, 3))
    for side, toe in enumerate(TOES):
        for start, stop in true_spans(planted[:, side]):
            path = positions[start:stop, toe]
            shift = np.median(path, axis=0) - path
            shift[:, 1] = 0
            if stop - start >= 3 and np.linalg.norm(shift, axis=-1).max() < _LARGEST_PIN_M:
                shifts[start:stop, side] = shift
    return gaussian_filter1d(shifts, 0.8, axis=0, mode="nearest")


def _flatten_feet(positions: np.ndarray, rotations: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Turn feet that rest on their heels down until their toes touch the floor.

    A real foot is flat a moment after its heel has landed. A simulated foot follows late, and stays on its heel.

    Returns:
        Joint positions (frames, 22, 3) [m].
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    foot, up = toes - ankles, toes[..., 1]
    heel = ankles[..., 1] + offsets[list(TOES), 1]
    rests = _ramp_down(sole_heights(positions, rotations, offsets), _FLAT_SOLE_M) * _ramp_down(heel, _FLAT_HEEL_M)
    rests *= _ramp_down(foot_speeds(positions)[..., 0], _FLAT_SPEED_M_S) * _ramp_down(up, _FLAT_TOE_M)
    rests = gaussian_filter1d(rests, 0.5, axis=0)
    length = np.linalg.norm(foot, axis=-1)
    drop = np.maximum(foot[..., 1] - rests * np.maximum(up, 0), -_STEEPEST * length)
    along = foot * (1, 0, 1)
    reach = np.sqrt(np.maximum(length**2 - drop**2, 0))
    along *= (reach / np.maximum(np.linalg.norm(along, axis=-1), 1e-6))[..., None]
    return place_feet(positions, ankles, along + drop[..., None] * (0, 1, 0))
