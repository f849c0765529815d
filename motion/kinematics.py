"""From joint positions to joint rotations and back, in closed form.

Twenty-two points do not say how a bone turns about itself. What they leave open is settled by convention: the twist of
thigh and upper arm by the plane of the bent knee and elbow, of the spine by interpolation between pelvis and chest, of
the foot by keeping its sole level near the floor; forearm, hand and head take their parent's.

Offsets are a body's rest pose, arms out along +-X, legs down, toes along +Z: (22, 3) metres, row j from j's parent.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motion import rotation
from motion.skeleton import ANKLES, ARMS, LEGS, NUM_JOINTS, PARENTS, TOES, bone_lengths

# Mean bone vectors of the adult subjects of the CMU database in the rest pose above, made symmetric; the foot's slope
# is that of planted feet.
REST_OFFSETS = np.array(
    [
        [0, 0, 0], [0.092, -0.096, -0.008], [-0.092, -0.096, -0.008], [0, 0.118, 0], [0, -0.405, 0], [0, -0.405, 0],
        [0, 0.117, 0.004], [0, -0.435, 0], [0, -0.435, 0], [0, 0.053, -0.002], [0, -0.032, 0.120],
        [0, -0.032, 0.120], [0, 0.208, 0.004], [0.083, 0.107, -0.016], [-0.083, 0.107, -0.016], [0, 0.080, 0.004],
        [0.105, 0, 0], [-0.105, 0, 0], [0.305, 0, 0], [-0.305, 0, 0], [0.235, 0, 0], [-0.235, 0, 0],
    ]
)  # fmt: skip

_TRIADS = {0: [1, 2, 3], 9: [12, 13, 14]}  # pelvis and chest: a joint whose three children turn with it
_UP = np.array([0.0, 1.0, 0.0])
_LATERAL = np.array([1.0, 0.0, 0.0])
_RESTING_HEIGHT_M = 0.025  # toes at most this far above the lowest of the motion, and moving at most
_RESTING_STEP_M = 0.015  # this far a frame, rest on the floor
_RESTING_FRAMES = 6
_FIT_FRAMES = 64  # that many, spread over the motion, say how its pelvis and chest are shaped
_SOLE_LEVEL_BELOW_M = 0.35  # ankles above this swing freely, their soles need not be level


def rigid_fit(template: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The rotations that take `template` (k, 3) nearest to `points` (..., k, 3), as matrices (..., 3, 3).

    Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica A32, 1976.
    """
    covariance = np.swapaxes(points, -1, -2) @ template
    u, _, vt = np.linalg.svd(covariance)
    u = u.copy()
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    return u @ vt


def planted_slope(positions: np.ndarray) -> float:
    """Rise over run from ankle to ball of the foot when the foot stands flat, from the motion (frames, 22, 3) itself.

    Bodies differ in it: the ball lies 15 to 45 degrees below the ankle. A foot whose toes rest may have its heel up,
    which is steeper, so the flat quarter of the resting feet counts; a motion that never rests its toes has the slope
    of `REST_OFFSETS`.
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    rest = toes[..., 1] < np.percentile(toes[..., 1], 5) + _RESTING_HEIGHT_M
    rest[1:] &= np.linalg.norm(np.diff(toes, axis=0), axis=-1) < _RESTING_STEP_M
    run = np.linalg.norm((toes - ankles)[..., [0, 2]], axis=-1)
    slopes = ((toes - ankles)[..., 1] / np.maximum(run, 1e-6))[rest]
    if len(slopes) < _RESTING_FRAMES:
        return float(REST_OFFSETS[TOES[0], 1] / REST_OFFSETS[TOES[0], 2])
    return float(np.clip(np.percentile(slopes, 75), -1.5, 0.0))


def fit_offsets(positions: np.ndarray) -> np.ndarray:
    """The rest pose of the body that performs `positions` (frames, 22, 3): (22, 3) offsets.

    Bone lengths are medians over the frames; pelvis and chest are fitted as rigid triads (generalised Procrustes,
    Gower 1975); the foot has the slope of the motion's planted feet, so that the sole is level when it stands; the
    other directions are those of `REST_OFFSETS`.
    """
    lengths = np.median(bone_lengths(positions), axis=0)
    offsets = REST_OFFSETS.copy()
    offsets[list(TOES)] = (0.0, planted_slope(positions), 1.0)
    offsets[1:] *= (lengths / np.linalg.norm(offsets[1:], axis=1))[:, None]
    for joint, children in _TRIADS.items():
        few = positions[:: len(positions) // _FIT_FRAMES + 1]
        vectors = few[:, children] - few[:, [joint]]
        rest = template = offsets[children]
        for _ in range(3):
            turns = rigid_fit(template, vectors)
            template = np.median(np.swapaxes(vectors @ turns, 0, 1), axis=1)
        template = template @ rigid_fit(template, rest).T
        offsets[children] = template * (lengths[np.array(children) - 1] / np.linalg.norm(template, axis=1))[:, None]
    return offsets


def _swing(frame: np.ndarray, bone: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Turn `frame` (frames, 4) by the smallest rotation that brings its `bone` (3,) onto `direction` (frames, 3)."""
    return rotation.multiply(rotation.between(rotation.rotate(frame, bone), direction), frame)


def _twist(frame: np.ndarray, axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return rotation.multiply(rotation.exp(axis * angle[:, None]), frame)


def _signed_angle(a: np.ndarray, b: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Angle about `axis` from `a` to `b`, after `a` is made perpendicular to it; (frames,) radians."""
    a = a - axis * (a * axis).sum(-1, keepdims=True)
    return np.arctan2((rotation.cross(a, b) * axis).sum(-1), (a * b).sum(-1))


def _hinge_twist(frame: np.ndarray, upper: np.ndarray, lower: np.ndarray, hinge: np.ndarray, lateral: np.ndarray):
    """Twist `frame` about the bone `upper` until its `lateral` axis is the joint's `hinge`.

    A straight limb has no hinge, so the angle counts by how bent it is and is smoothed over time; where nothing is
    known it decays to no twist.
    """
    upper, lower = rotation.normalized(upper), rotation.normalized(lower)
    bend = np.linalg.norm(rotation.cross(upper, lower), axis=-1)
    weight = np.clip((bend - 0.12) / 0.25, 0, 1)
    angle = _signed_angle(rotation.rotate(frame, lateral), rotation.normalized(hinge), upper)
    x = gaussian_filter1d(weight * np.cos(angle), 1.5, mode="nearest") + 0.08
    y = gaussian_filter1d(weight * np.sin(angle), 1.5, mode="nearest")
    return _twist(frame, upper, np.arctan2(y, x))


def _foot_rotations(shin: np.ndarray, ankle: np.ndarray, toe: np.ndarray, offset: np.ndarray):
    """Ankle and toe rotations: heel-to-ball along the foot, the sole level near the floor, toe tip above it."""
    bone = toe - ankle
    foot = _swing(shin, offset, bone)
    along = rotation.normalized(bone)
    level = np.cross(_UP, along)
    slope = np.linalg.norm(level, axis=-1)
    angle = _signed_angle(rotation.rotate(foot, _LATERAL), rotation.normalized(level), along)
    angle = np.where(slope > 0.3, np.clip(angle, -0.6, 0.6), 0)
    near = np.clip((_SOLE_LEVEL_BELOW_M - ankle[:, 1]) / 0.15, 0, 1)
    foot = _twist(foot, along, gaussian_filter1d(angle * near, 1.0, mode="nearest"))
    # A foot that points down bends at the toes as far as keeps their tip, 8 cm on, above the floor.
    pitch = np.arcsin(np.clip(rotation.rotate(foot, np.array([0.0, 0.0, 1.0]))[:, 1], -1, 1))
    lowest = -np.arcsin(np.clip((toe[:, 1] - 0.012) / 0.08, 0, 1))
    lift = np.clip(lowest - pitch, 0, 1.2)
    return foot, _twist(foot, -rotation.rotate(foot, _LATERAL), lift)


def _bone(positions: np.ndarray, joint: int) -> np.ndarray:
    return positions[:, joint] - positions[:, PARENTS[joint]]


def _turn_triad(turns: np.ndarray, positions: np.ndarray, offsets: np.ndarray, joint: int) -> None:
    children = _TRIADS[joint]
    turns[:, joint] = rotation.from_matrix(rigid_fit(offsets[children], positions[:, children] - positions[:, [joint]]))


def _turn_legs(turns: np.ndarray, positions: np.ndarray, offsets: np.ndarray) -> None:
    """Fill in the rotations of both legs, below a pelvis that has its own."""
    for hip, knee, ankle, toe in LEGS:
        upper, lower = _bone(positions, knee), _bone(positions, ankle)
        frame = _swing(turns[:, 0], offsets[knee], upper)
        turns[:, hip] = _hinge_twist(frame, upper, lower, rotation.cross(upper, lower), _LATERAL)
        turns[:, knee] = _swing(turns[:, hip], offsets[ankle], lower)
        turns[:, ankle], turns[:, toe] = _foot_rotations(
            turns[:, knee], positions[:, ankle], positions[:, toe], offsets[toe]
        )


def turned_legs(turns: np.ndarray, positions: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """`turns` (frames, 22, 4), as `global_rotations` made them, after the legs below the same pelvis have moved."""
    turned = turns.copy()
    _turn_legs(turned, positions, offsets)
    return rotation.continuous(turned)


def global_rotations(positions: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Rotation of every joint's frame in the world, (frames, 22, 4) quaternions, for a body with `offsets`.

    `forward(local_rotations(...), positions[:, 0], offsets)` gives the positions back exactly where the bones are
    rigid, and nearly where they are not.
    """
    turns = np.empty((*positions.shape[:2], 4))

    for joint in _TRIADS:
        _turn_triad(turns, positions, offsets, joint)
    for joint, child, share in ((3, 6, 1 / 3), (6, 9, 2 / 3)):
        between = rotation.slerp(turns[:, 0], turns[:, 9], share)
        turns[:, joint] = _swing(between, offsets[child], _bone(positions, child))
    turns[:, 12] = turns[:, 15] = _swing(turns[:, 9], offsets[15], _bone(positions, 15))
    for (collar, shoulder, elbow, wrist), side in zip(ARMS, (-1.0, 1.0), strict=True):
        turns[:, collar] = _swing(turns[:, 9], offsets[shoulder], _bone(positions, shoulder))
        upper, lower = _bone(positions, elbow), _bone(positions, wrist)
        frame = _swing(turns[:, collar], offsets[elbow], upper)
        turns[:, shoulder] = _hinge_twist(frame, upper, lower, side * rotation.cross(upper, lower), _UP)
        turns[:, elbow] = turns[:, wrist] = _swing(turns[:, shoulder], offsets[wrist], lower)
    _turn_legs(turns, positions, offsets)
    return rotation.continuous(rotation.normalized(turns))


def local_rotations(turns: np.ndarray) -> np.ndarray:
    """Rotations relative to the parent's frame (the root's stays in the world): (..., 22, 4) -> (..., 22, 4)."""
    local = turns.copy()
    local[..., 1:, :] = rotation.multiply(rotation.conjugate(turns[..., PARENTS[1:], :]), turns[..., 1:, :])
    return local


def chained(local: np.ndarray) -> np.ndarray:
    """World rotations from local ones; the inverse of `local_rotations`."""
    turns = local.copy()
    for joint in range(1, NUM_JOINTS):
        turns[..., joint, :] = rotation.multiply(turns[..., PARENTS[joint], :], local[..., joint, :])
    return turns


def placed(turns: np.ndarray, root: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Joint positions (..., 22, 3) from world rotations (..., 22, 4), root positions (..., 3) and offsets (22, 3)."""
    positions = np.empty((*turns.shape[:-1], 3))
    positions[..., 0, :] = root
    steps = rotation.rotate(turns[..., PARENTS[1:], :], offsets[1:])
    for joint in range(1, NUM_JOINTS):
        positions[..., joint, :] = positions[..., PARENTS[joint], :] + steps[..., joint - 1, :]
    return positions


def forward(local: np.ndarray, root: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Forward kinematics: local rotations (..., 22, 4), root positions (..., 3) -> joint positions (..., 22, 3)."""
    return placed(chained(local), root, offsets)
