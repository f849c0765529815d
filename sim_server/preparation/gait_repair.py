"""Gait repair: a floating body is made to walk.

First it is planned which foot stands when, by dynamic programming, such that standing feet have to move as little as
possible. A foot stands where its hip passes by. Then the legs are made to follow the plan.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from motion.skeleton import ANKLES, LEGS, TOES
from sim_server.body.leg_ik import place_feet
from sim_server.preparation.floating_gait import excess_path, floating_frames
from sim_server.preparation.spans import true_spans

_STEP_COST_M2 = 0.3  # price of a step in squared wandering of the standing foot: gives 0.5 m a step at 1.2 m/s
_SHORTEST, _LONGEST = 4, 16  # frames of a stance
_PASSING = 0.4  # share of a stance after which the hip is over the foot; on its toes a leg reaches further back
_REACH = 0.995  # share of its length that a leg may span
_LARGEST_DROP_M = 0.08  # how far the pelvis may be lowered where the leg in front does not reach
_STEEPEST_RAD = 1.0  # pitch of a foot on its toes
_EASE_FRAMES = 1.5  # blend into the steps and out of them
_UP = np.array([0.0, 1.0, 0.0])
_HIPS = [leg[0] for leg in LEGS]

Stance = tuple[int, int, int]
"""Side (0 left, 1 right), first frame, and the frame after the last."""


def repair_gait(positions: np.ndarray, rotations: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make a body with a floating gait walk, no faster than its legs move; any other motion is returned unchanged.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0, at 20 frames/s.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].

    Returns:
        Positions and rotations, shaped like the arguments.
    """
    floats = floating_frames(positions)
    if not floats.any():
        return positions, rotations
    positions = positions - excess_path(positions, floats)[:, None]
    headings = _headings(rotations[:, 0])
    share = gaussian_filter1d(floats.astype(float), _EASE_FRAMES)
    drop, ankles, toes = np.zeros(len(positions)), positions[:, ANKLES].copy(), positions[:, TOES].copy()
    for start, stop in true_spans(floats):
        here = slice(start, stop)
        drop[here], ankles[here], toes[here] = _walk(positions[here], headings[here], offsets)
    lowered = positions - (share * drop)[:, None, None] * _UP
    share = share[:, None, None]
    ankles = share * ankles + (1 - share) * positions[:, ANKLES]
    feet = rotation.normalized(share * toes + (1 - share) * positions[:, TOES] - ankles)
    feet *= np.linalg.norm(offsets[list(TOES)], axis=-1)[:, None]
    walking = place_feet(lowered, ankles, feet)
    return walking, kinematics.update_leg_rotations(rotations, walking, offsets)


def plan_stances(feet: np.ndarray) -> list[Stance]:
    """Plan which foot stands when.

    The plan minimizes how far the feet wander while they stand (the sum of squares about their mean) plus a price per
    step. For a body that is carried at a constant speed, the length of the steps grows with the cube root of the speed.

    Args:
        feet: (frames, 2, 2) horizontal paths of the left and the right foot [m].

    Returns:
        The stances in their order; they alternate and cover all frames.
    """
    count = len(feet)
    sums = np.concatenate([np.zeros((1, 2, 2)), feet.cumsum(0)])
    squares = np.concatenate([np.zeros((1, 2)), (feet**2).sum(-1).cumsum(0)])
    best = np.full((count + 1, 2), np.inf)  # cost of all frames before this one, by the side that stood last
    best[0] = 0
    start_of = np.zeros((count + 1, 2), int)
    for stop in range(1, count + 1):
        first = np.arange(max(0, stop - _LONGEST), stop)
        # The ends of the motion may cut the first and the last stance short.
        first = first[(stop - first >= _SHORTEST) | (first == 0) | (stop == count)]
        length = (stop - first)[:, None]
        wander = squares[stop] - squares[first] - ((sums[stop] - sums[first]) ** 2).sum(-1) / length
        cost = best[first][:, ::-1] + wander + _STEP_COST_M2
        choice = cost.argmin(0)
        best[stop], start_of[stop] = cost[choice, [0, 1]], first[choice]
    side, stop, stances = int(best[count].argmin()), count, []
    while stop > 0:
        start = int(start_of[stop, side])
        stances.append((side, start, stop))
        side, stop = 1 - side, start
    return stances[::-1]


def _headings(pelvis: np.ndarray) -> np.ndarray:
    """Return the horizontal unit vectors (frames, 3) that the pelvis faces along, from its rotations (frames, 4)."""
    ahead = rotation.rotate(pelvis, np.array([0.0, 0.0, 1.0])) * (1, 0, 1)
    return rotation.normalized(gaussian_filter1d(ahead, 2.0, axis=0, mode="nearest"))


def _walk(
    positions: np.ndarray, headings: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute a walk along a span of frames. `foot_contacts` lifts the swinging feet later.

    Args:
        positions: (frames, 22, 3) joint positions [m], floor at 0.
        headings: (frames, 3) horizontal unit vectors that the body faces along.
        offsets: (22, 3) rest pose of the skeleton [m].

    Returns:
        How far the pelvis is lowered (frames,), and the positions of ankles and toes on the floor, (frames, 2, 3)
        each [m].
    """
    foot = offsets[list(TOES)]
    legs = _REACH * np.linalg.norm(offsets[[[4, 5], [7, 8]]], axis=-1).sum(0)
    hips = positions[:, _HIPS]
    stances = plan_stances(positions[:, ANKLES][..., [0, 2]])
    stands = np.zeros((len(positions), 2), bool)
    for side, start, stop in stances:
        stands[start:stop, side] = True
    ankles, ahead = _footprints(hips, headings, stances)
    toes = ankles + ahead * foot[:, 2, None]
    ankles = ankles - foot[:, 1, None] * _UP
    behind = ((ankles - hips) * headings[:, None]).sum(-1) < 0

    away = np.linalg.norm((ankles - hips)[..., [0, 2]], axis=-1)
    missing = (hips - ankles)[..., 1] - np.sqrt(np.maximum(legs**2 - away**2, 0))
    drop = np.where(stands & ~behind, np.clip(missing, 0, _LARGEST_DROP_M), 0).max(1)
    drop = gaussian_filter1d(drop, 1.5, mode="nearest")
    return drop, _raise_heels(hips - drop[:, None, None] * _UP, toes, ahead, foot, legs, stands & behind), toes


def _footprints(hips: np.ndarray, headings: np.ndarray, stances: list[Stance]) -> tuple[np.ndarray, np.ndarray]:
    """Compute where on the floor both feet are, and where they point.

    A standing foot stays where its hip passes by. Between two stances it moves straight from one place to the next.

    Args:
        hips: (frames, 2, 3) positions of the hips [m].
        headings: (frames, 3) horizontal unit vectors that the body faces along.
        stances: the plan.

    Returns:
        Positions of the ankles over the floor [m] and directions of the feet, (frames, 2, 3) each.
    """
    count = len(hips)
    prints = np.empty((count, 2, 6))
    for side in (0, 1):
        course = np.concatenate([hips[:, side] * (1, 0, 1), headings], -1)
        # A knot is a frame, and the frame in which the hip passes the place where the foot is then.
        knots = {
            frame: start + round(_PASSING * (stop - 1 - start))
            for standing, start, stop in stances
            if standing == side
            for frame in (start, stop - 1)
        }
        knots = {0: 0, count - 1: count - 1} | knots
        frames = np.array(sorted(knots))
        prints[:, side] = PchipInterpolator(frames, course[[knots[frame] for frame in frames]])(np.arange(count))
    return prints[..., :3], rotation.normalized(prints[..., 3:])


def _raise_heels(
    hips: np.ndarray, toes: np.ndarray, ahead: np.ndarray, foot: np.ndarray, legs: np.ndarray, may_rise: np.ndarray
) -> np.ndarray:
    """Turn feet about their toes until the legs reach their ankles.

    Args:
        hips: (frames, 2, 3) positions of the hips [m].
        toes: (frames, 2, 3) positions of the toes [m].
        ahead: (frames, 2, 3) horizontal directions of the feet.
        foot: (2, 3) vectors from ankle to toe in the rest pose [m].
        legs: (2,) lengths of the legs [m].
        may_rise: (frames, 2) mask of the feet whose heels may leave the floor.

    Returns:
        Positions of the ankles (frames, 2, 3) [m].
    """
    length, rest = np.linalg.norm(foot, axis=-1), np.arctan2(-foot[:, 1], -foot[:, 2])

    def ankles(angle: np.ndarray) -> np.ndarray:
        along, up = length * np.cos(rest - angle), length * np.sin(rest - angle)
        return toes + ahead * along[..., None] + _UP * up[..., None]

    angle = np.zeros(may_rise.shape)
    for steeper in np.linspace(0, _STEEPEST_RAD, 21)[1:]:
        short = np.linalg.norm(ankles(angle) - hips, axis=-1) > legs
        angle = np.where(may_rise & short, steeper, angle)
    return ankles(gaussian_filter1d(angle, 0.7, axis=0, mode="nearest"))
