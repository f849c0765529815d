"""A seat that is not there: a body sits where only the floor is, so its feet are put under it.

Nothing but the floor carries a body here. Who sits on a chair has the centre of mass behind the feet, and on a high one
the feet dangle. The trunk stays where it is, and both feet are put on the floor under the centre of mass: the body
squats as low as it sat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import kinematics, rotation
from motion.array_types import BoolArray, FloatArray
from motion.physics import GRAVITY_M_S2
from motion.skeleton import ANKLES, LEGS, TOES
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.body.leg_ik import place_feet
from sim_server.preparation.spans import true_spans

_OUTSIDE_M = 0.12  # farther from its feet than motion capture of squats and landings ever has the zero moment point
_BENT = 0.93  # share of its length that a leg of a sitting body spans at most
_NEAR_FLOOR_M = 0.06  # a part of the body that is lower carries it
_SHORTEST_FRAMES = 12
_GAP_FRAMES = 15  # a shorter time beside a span belongs to it, if the legs stay bent
_SMOOTH_FRAMES = 3.0
_DIRECTIONS = 16
_LARGEST_WANDER_M = 0.15  # the zero moment point of a body that is carried along moves farther
_FOLDED = 0.3  # share of its length that a leg spans at least
_STEP_FRAMES = 6
_STEP_HEIGHT_M = 0.05
_UP = np.array([0.0, 1.0, 0.0])
_HIPS = [leg[0] for leg in LEGS]
_KNEES = [leg[1] for leg in LEGS]


@dataclass(frozen=True, eq=False)
class Footprints:
    """Where both feet stand under a body that sits on what is not there.

    Attributes:
        start: the first frame in which it stands there.
        stop: the frame after the last one.
        ankles: (2, 3) positions of the ankles [m].
        feet: (2, 3) vectors from the ankles to the toes [m].
    """

    start: int
    stop: int
    ankles: FloatArray
    feet: FloatArray


def zero_moment_points(centre: FloatArray) -> FloatArray:
    """Return the points of the floor through which the force on a body goes, as if it were a point mass.

    It is x - h x'' / (g + h''), with h the height of the centre of mass (Vukobratović and Borovac, "Zero-moment point:
    thirty five years of its life", 2004).

    Args:
        centre: (frames, 3) centre of mass [m], floor at 0, at 20 frames/s.

    Returns:
        (frames, 2) along x and z [m].
    """
    path = gaussian_filter1d(centre, _SMOOTH_FRAMES, axis=0, mode="nearest")
    acceleration = np.gradient(np.gradient(path, 1 / CONTROL_FPS, axis=0), 1 / CONTROL_FPS, axis=0)
    share = centre[:, 1] / np.maximum(GRAVITY_M_S2 + acceleration[:, 1], GRAVITY_M_S2 / 2)
    return centre[:, [0, 2]] - share[:, None] * acceleration[:, [0, 2]]


def bent_legs(positions: FloatArray) -> BoolArray:
    """Return the (frames,) mask of the frames in which both legs are bent, from joint positions (frames, 22, 3) [m]."""
    spans, lengths = _legs(positions)
    return np.all(spans < _BENT * lengths, axis=1)


def sitting_frames(positions: FloatArray, centre: FloatArray, body: FloatArray) -> BoolArray:
    """Return a (frames,) mask of the frames in which a body sits on what is not there.

    Both legs are bent, no other part of the body is at the floor, and the zero moment point is outside of the feet.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0, at 20 frames/s.
        centre: (frames, 3) centre of mass [m].
        body: (frames,) height of the lowest point of the body besides the feet [m].
    """
    if len(positions) < _SHORTEST_FRAMES:
        return np.zeros(len(positions), bool)
    bent = bent_legs(positions) & (body > _NEAR_FLOOR_M)
    sits = bent & (_distance_to_feet(positions, zero_moment_points(centre)) > _OUTSIDE_M)
    for start, stop in true_spans(np.logical_not(sits)):
        if stop - start <= min(_GAP_FRAMES, len(sits) - 1) and bent[start:stop].all():
            sits[start:stop] = True
    for start, stop in true_spans(sits):
        if stop - start < _SHORTEST_FRAMES:
            sits[start:stop] = False
    return sits


def dangling_frames(positions: FloatArray, sits: BoolArray) -> BoolArray:
    """Return the (frames,) mask of the frames in which the feet need not be on the floor.

    These are the times in which the legs are bent and the body sits at some moment.

    Args:
        positions: (frames, 22, 3) joint positions [m].
        sits: (frames,) mask from `sitting_frames`.
    """
    dangling = sits.copy()
    for start, stop in true_spans(bent_legs(positions) | sits):
        dangling[start:stop] = sits[start:stop].any()
    return dangling


def plan_footprints(
    positions: FloatArray, rotations: FloatArray, offsets: FloatArray, centre: FloatArray, sits: BoolArray
) -> list[Footprints]:
    """Plan where the feet of a body stand while it sits on what is not there.

    There are none for the times in which the body does not keep its place, or its legs do not reach the floor. A body
    that sits down is on its way at first.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0, at 20 frames/s.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].
        centre: (frames, 3) centre of mass [m].
        sits: (frames,) mask from `sitting_frames`.
    """
    points = zero_moment_points(centre)
    found = []
    for start, stop in true_spans(sits):
        place = np.median(points[start:stop], axis=0)
        there = start + np.flatnonzero(np.linalg.norm(points[start:stop] - place, axis=-1) < _LARGEST_WANDER_M)
        if len(there) < _SHORTEST_FRAMES or len(there) <= there[-1] - there[0]:
            continue
        here = slice(there[0], there[-1] + 1)
        prints = _footprints(positions[here], rotations[here, 0], offsets, place)
        if prints is not None:
            found.append(Footprints(here.start, here.stop, *prints))
    return found


def covered_frames(frames: int, footprints: Sequence[Footprints]) -> BoolArray:
    """Return the (frames,) mask of the frames in which a body stands on footprints."""
    mask = np.zeros(frames, bool)
    for each in footprints:
        mask[each.start : each.stop] = True
    return mask


def put_feet_under(
    positions: FloatArray, rotations: FloatArray, offsets: FloatArray, footprints: Sequence[Footprints]
) -> tuple[FloatArray, FloatArray]:
    """Make both feet step to their footprints, one after the other, and back.

    Args:
        positions: (frames, 22, 3) joint positions [m] of a rigid body, floor at 0.
        rotations: (frames, 22, 4) rotations of the joints in the world.
        offsets: (22, 3) rest pose of the skeleton [m].
        footprints: from `plan_footprints`.

    Returns:
        Positions and rotations, shaped like the arguments.
    """
    if not footprints:
        return positions, rotations
    ankles = positions[:, ANKLES].copy()
    feet = positions[:, TOES] - ankles
    for prints in footprints:
        for side in (0, 1):
            delay = (1 - side) * _STEP_FRAMES
            share = _step_share(len(positions), prints.start - delay, prints.stop + delay)[:, None]
            ankles[:, side] += share * (prints.ankles[side] - ankles[:, side])
            ankles[:, side] += _STEP_HEIGHT_M * np.sin(np.pi * share) * _UP
            feet[:, side] += share * (prints.feet[side] - feet[:, side])
    lengths = np.linalg.norm(offsets[list(TOES)], axis=-1)[:, None]
    moved = place_feet(positions, ankles, rotation.normalized(feet) * lengths)
    return moved, kinematics.update_leg_rotations(rotations, moved, offsets)


def _legs(positions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far the legs reach from hip to ankle, and how long they are, (frames, 2) each [m]."""
    hips, knees, ankles = positions[:, _HIPS], positions[:, _KNEES], positions[:, ANKLES]
    lengths = np.linalg.norm(knees - hips, axis=-1) + np.linalg.norm(ankles - knees, axis=-1)
    return np.linalg.norm(ankles - hips, axis=-1), lengths


def _distance_to_feet(positions: FloatArray, points: FloatArray) -> FloatArray:
    """Return how far points (frames, 2) are outside of the convex hull of the feet; negative inside, (frames,) [m]."""
    angle = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    directions = np.stack([np.cos(angle), np.sin(angle)])
    feet = positions[:, [*ANKLES, *TOES]][..., [0, 2]]
    return (points @ directions - (feet @ directions).max(1)).max(1)


def _footprints(
    positions: FloatArray, pelvis: FloatArray, offsets: FloatArray, place: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return ankles and the vectors from there to the toes, (2, 3) each [m], of feet at a place (2,) under a body."""
    ahead = rotation.normalized((rotation.rotate(pelvis, np.array([0.0, 0.0, 1.0])) * (1, 0, 1)).mean(0))
    left = np.cross(_UP, ahead)
    toes = offsets[list(TOES)]
    feet = toes[:, 2:] * ahead + toes[:, 1:2] * _UP
    hips = positions[:, _HIPS].mean(0)
    apart = ((hips - hips.mean(0)) @ left)[:, None] * left
    ankles = np.array([place[0], 0.0, place[1]]) + apart - toes[:, 2:] / 2 * ahead - toes[:, 1:2] * _UP
    spans = np.linalg.norm(positions[:, _HIPS] - ankles, axis=-1)
    lengths = _legs(positions)[1]
    if (spans > lengths).any() or (spans < _FOLDED * lengths).any():
        return None
    return ankles, feet


def _step_share(frames: int, start: int, stop: int) -> FloatArray:
    """Return a share (frames,) that is 1 from `start` to `stop`, with smooth steps of `_STEP_FRAMES` before and after.

    A span that touches an end of the motion has no step there.
    """
    frame = np.arange(frames)
    rise = np.ones(frames) if start <= 0 else np.clip((frame - start) / _STEP_FRAMES + 1, 0, 1)
    fall = np.ones(frames) if stop >= frames else np.clip((stop - 1 - frame) / _STEP_FRAMES + 1, 0, 1)
    share = np.minimum(rise, fall)
    return share**2 * (3 - 2 * share)
