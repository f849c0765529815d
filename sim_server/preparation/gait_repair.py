"""Steps for a body that glides: a plan of where its feet stand, and legs that carry it out.

Whose turn it is to stand is what asks the least of the feet, by dynamic programming; where a foot stands is where its
hip comes by.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from motion.skeleton import ANKLES, LEGS, TOES
from sim_server.preparation.floating_gait import gliding, hurried_path
from sim_server.preparation.leg_ik import placed_feet
from sim_server.preparation.stretches import stretches

_STEP_COST_M2 = 0.3  # a step is worth this much wandering of the foot that stands: 0.5 m a step at 1.2 m/s
_SHORTEST, _LONGEST = 4, 16  # frames that a foot stands
_PASSING = 0.4  # share of its stance after which a hip is over its foot: a leg reaches further back, on its toes
_REACH = 0.995  # share of the leg's length
_LARGEST_DROP_M = 0.08  # by which the pelvis comes down where a leg in front does not reach
_STEEPEST_RAD = 1.0  # of a foot on its toes
_EASE_FRAMES = 1.5  # into the steps and out of them
_UP = np.array([0.0, 1.0, 0.0])
_HIPS = [leg[0] for leg in LEGS]


def stepped(positions: np.ndarray, turns: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A motion that walks where it glided, and no faster than its legs, from positions (frames, 22, 3), floor at 0, and
    rotations (frames, 22, 4) of a body with rigid `offsets` (22, 3); the same two come back."""
    glides = gliding(positions)
    if not glides.any():
        return positions, turns
    positions = positions - hurried_path(positions, glides)[:, None]
    headings = _headings(turns[:, 0])
    share = gaussian_filter1d(glides.astype(float), _EASE_FRAMES)
    drop, ankles, toes = np.zeros(len(positions)), positions[:, ANKLES].copy(), positions[:, TOES].copy()
    for start, stop in stretches(glides):
        here = slice(start, stop)
        drop[here], ankles[here], toes[here] = _walk(positions[here], headings[here], offsets)
    lowered = positions - (share * drop)[:, None, None] * _UP
    share = share[:, None, None]
    ankles = share * ankles + (1 - share) * positions[:, ANKLES]
    feet = rotation.normalized(share * toes + (1 - share) * positions[:, TOES] - ankles)
    feet *= np.linalg.norm(offsets[list(TOES)], axis=-1)[:, None]
    walking = placed_feet(lowered, ankles, feet)
    return walking, kinematics.turned_legs(turns, walking, offsets)


def stances(feet: np.ndarray) -> list[tuple[int, int, int]]:
    """Whose turn it is to stand: (side, start, stop) in turns, for horizontal paths of the feet (frames, 2, 2), metres.

    They minimise how far the feet wander while they stand (the sum of squares about their mean), and a price a step.
    For a body that is merely carried along, steps grow with the third root of its speed.
    """
    count = len(feet)
    sums = np.concatenate([np.zeros((1, 2, 2)), feet.cumsum(0)])
    squares = np.concatenate([np.zeros((1, 2)), (feet**2).sum(-1).cumsum(0)])
    best = np.full((count + 1, 2), np.inf)  # of all frames before one, by the side that stood last
    best[0] = 0
    start_of = np.zeros((count + 1, 2), int)
    for stop in range(1, count + 1):
        first = np.arange(max(0, stop - _LONGEST), stop)
        # The first and the last stance may be cut short by the ends.
        first = first[(stop - first >= _SHORTEST) | (first == 0) | (stop == count)]
        length = (stop - first)[:, None]
        wander = squares[stop] - squares[first] - ((sums[stop] - sums[first]) ** 2).sum(-1) / length
        cost = best[first][:, ::-1] + wander + _STEP_COST_M2
        choice = cost.argmin(0)
        best[stop], start_of[stop] = cost[choice, [0, 1]], first[choice]
    side, stop, turns = int(best[count].argmin()), count, []
    while stop > 0:
        start = int(start_of[stop, side])
        turns.append((side, start, stop))
        side, stop = 1 - side, start
    return turns[::-1]


def _headings(pelvis: np.ndarray) -> np.ndarray:
    """Where the pelvis faces in the plane, (frames, 3) unit vectors, from its rotations (frames, 4)."""
    ahead = rotation.rotate(pelvis, np.array([0.0, 0.0, 1.0])) * (1, 0, 1)
    return rotation.normalized(gaussian_filter1d(ahead, 2.0, axis=0, mode="nearest"))


def _walk(positions: np.ndarray, headings: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, ...]:
    """How one walks along a stretch (frames, 22, 3) facing `headings` (frames, 3): by how much the pelvis comes down
    (frames,), and where ankles and toes are (frames, 2, 3), on the floor. Lifting feet is left to `feet.py`."""
    foot = offsets[list(TOES)]
    legs = _REACH * np.linalg.norm(offsets[[[4, 5], [7, 8]]], axis=-1).sum(0)
    hips = positions[:, _HIPS]
    turns = stances(positions[:, ANKLES][..., [0, 2]])
    stands = np.zeros((len(positions), 2), bool)
    for side, start, stop in turns:
        stands[start:stop, side] = True
    ankles, ahead = _places(hips, headings, turns)
    toes = ankles + ahead * foot[:, 2, None]
    ankles = ankles - foot[:, 1, None] * _UP
    behind = ((ankles - hips) * headings[:, None]).sum(-1) < 0

    away = np.linalg.norm((ankles - hips)[..., [0, 2]], axis=-1)
    missing = (hips - ankles)[..., 1] - np.sqrt(np.maximum(legs**2 - away**2, 0))
    drop = np.where(stands & ~behind, np.clip(missing, 0, _LARGEST_DROP_M), 0).max(1)
    drop = gaussian_filter1d(drop, 1.5, mode="nearest")
    return drop, _with_heels_up(hips - drop[:, None, None] * _UP, toes, ahead, foot, legs, stands & behind), toes


def _places(hips: np.ndarray, headings: np.ndarray, turns: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Where on the floor both ankles are, and where their feet point: (frames, 2, 3) both.

    In its turn a foot stands where its hip, of (frames, 2, 3), comes by; between, it goes straight to where it stands
    next.
    """
    count = len(hips)
    places = np.empty((count, 2, 6))
    for side in (0, 1):
        course = np.concatenate([hips[:, side] * (1, 0, 1), headings], -1)
        # Each knot is a frame, and the frame at which the course passes where the foot then is.
        knots = {
            frame: start + round(_PASSING * (stop - 1 - start))
            for who, start, stop in turns
            if who == side
            for frame in (start, stop - 1)
        }
        knots = {0: 0, count - 1: count - 1} | knots
        frames = np.array(sorted(knots))
        places[:, side] = PchipInterpolator(frames, course[[knots[frame] for frame in frames]])(np.arange(count))
    return places[..., :3], rotation.normalized(places[..., 3:])


def _with_heels_up(
    hips: np.ndarray, toes: np.ndarray, ahead: np.ndarray, foot: np.ndarray, legs: np.ndarray, raised: np.ndarray
) -> np.ndarray:
    """Ankles (frames, 2, 3) of feet (2, 3) that turn about their toes, where `raised` (frames, 2) says that they may,
    until legs of length (2,) reach them."""
    length, rest = np.linalg.norm(foot, axis=-1), np.arctan2(-foot[:, 1], -foot[:, 2])

    def ankles(angle: np.ndarray) -> np.ndarray:
        along, up = length * np.cos(rest - angle), length * np.sin(rest - angle)
        return toes + ahead * along[..., None] + _UP * up[..., None]

    angle = np.zeros(raised.shape)
    for steeper in np.linspace(0, _STEEPEST_RAD, 21)[1:]:
        short = np.linalg.norm(ankles(angle) - hips, axis=-1) > legs
        angle = np.where(raised & short, steeper, angle)
    return ankles(gaussian_filter1d(angle, 0.7, axis=0, mode="nearest"))
