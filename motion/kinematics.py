"""Closed-form inverse and forward kinematics between joint positions and joint rotations.

The positions of 22 joints do not determine how a bone twists about its own axis. The twist is set by convention: for
thigh and upper arm by the plane of the bent knee and elbow, for the spine by interpolation between pelvis and chest,
for the foot by keeping its sole level near the floor. Forearm, hand and head take the twist of their parent.

Rotations are unit quaternions (w, x, y, z), `local` ones relative to the parent's frame. Offsets describe the rest pose
of a body, with arms out along +-X, legs down and toes along +Z: (22, 3) metres, row j from the parent of joint j to
joint j.
"""

from __future__ import annotations

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.skeleton import ANKLES, ARMS, CHILDREN, LEGS, NUM_JOINTS, PARENTS, TOES, bone_lengths

# Mean bone vectors of the adult subjects of the CMU motion capture database in the rest pose described above, made
# symmetric. The slope of the foot is that of a foot that stands flat.
REST_OFFSETS = np.array(
    [
        [0, 0, 0], [0.092, -0.096, -0.008], [-0.092, -0.096, -0.008], [0, 0.118, 0], [0, -0.405, 0], [0, -0.405, 0],
        [0, 0.117, 0.004], [0, -0.435, 0], [0, -0.435, 0], [0, 0.053, -0.002], [0, -0.032, 0.120],
        [0, -0.032, 0.120], [0, 0.208, 0.004], [0.083, 0.107, -0.016], [-0.083, 0.107, -0.016], [0, 0.080, 0.004],
        [0.105, 0, 0], [-0.105, 0, 0], [0.305, 0, 0], [-0.305, 0, 0], [0.235, 0, 0], [-0.235, 0, 0],
    ]
)  # fmt: skip

_TRIADS = {0: [1, 2, 3], 9: [12, 13, 14]}  # pelvis and chest are rigid: a joint whose three children rotate with it
_UP = np.array([0.0, 1.0, 0.0])
_LATERAL = np.array([1.0, 0.0, 0.0])
_RESTING_HEIGHT_M = 0.025  # a resting toe is at most this far above the 5th percentile of the toes' heights
_RESTING_STEP_M = 0.015  # a resting toe moves at most this far in a frame
_RESTING_FRAMES = 6  # fewer resting frames do not show how a foot stands
_ALIGNMENT_FRAMES = 64  # this many frames, spread over the motion, determine the shape of pelvis and chest
_NO_LENGTH_M = 1e-3  # a bone that is shorter has no direction: tools put joints that a skeleton lacks at their parent
_SOLE_LEVEL_BELOW_M = 0.35  # a foot whose ankle is higher swings freely, so its sole need not be level


def rigid_alignment(template: FloatArray, points: FloatArray) -> FloatArray:
    """Compute the rotations that align a template with points best in the sense of least squares.

    Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica A32, 1976.

    Args:
        template: (k, 3) vectors.
        points: (..., k, 3) vectors, each set a rotated and disturbed copy of the template.

    Returns:
        Rotation matrices (..., 3, 3).
    """
    covariance = np.swapaxes(points, -1, -2) @ template
    u, _, vt = np.linalg.svd(covariance)
    u = u.copy()
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    return u @ vt


def planted_foot_slope(positions: FloatArray) -> float:
    """Measure the slope from ankle to ball of the foot when the foot stands flat.

    Bodies differ in this slope: the ball lies 15 to 45 degrees below the ankle. A foot whose toes rest may have its
    heel up, which is steeper, so only the flattest quarter of the resting frames counts.

    Args:
        positions: (frames, 22, 3) joint positions, metres.

    Returns:
        Rise over run, negative. A motion in which the toes never rest gets the slope of `REST_OFFSETS`.
    """
    ankles, toes = positions[:, ANKLES], positions[:, TOES]
    rest = toes[..., 1] < np.percentile(toes[..., 1], 5) + _RESTING_HEIGHT_M
    rest[1:] &= np.linalg.norm(np.diff(toes, axis=0), axis=-1) < _RESTING_STEP_M
    run = np.linalg.norm((toes - ankles)[..., [0, 2]], axis=-1)
    slopes = ((toes - ankles)[..., 1] / np.maximum(run, 1e-6))[rest]
    if len(slopes) < _RESTING_FRAMES:
        return float(REST_OFFSETS[TOES[0], 1] / REST_OFFSETS[TOES[0], 2])
    return float(np.clip(np.percentile(slopes, 75), -1.5, 0.0))


def estimate_offsets(positions: FloatArray) -> FloatArray:
    """Estimate the rest pose of the body that performs a motion.

    Bone lengths are medians over the frames. Pelvis and chest are aligned as rigid triads (generalized Procrustes
    analysis, Gower 1975). The foot gets the slope that the motion's feet have when they stand, so that the sole is
    level then. All other directions are those of `REST_OFFSETS`.

    Args:
        positions: (frames, 22, 3) joint positions, metres.

    Returns:
        Offsets (22, 3), metres.
    """
    lengths = np.median(bone_lengths(positions), axis=0)
    offsets = REST_OFFSETS.copy()
    offsets[list(TOES)] = (0.0, planted_foot_slope(positions), 1.0)
    offsets[1:] *= (lengths / np.linalg.norm(offsets[1:], axis=1))[:, None]
    for joint in _TRIADS:
        sampled = positions[:: len(positions) // _ALIGNMENT_FRAMES + 1]
        children = _triad(joint, sampled[:, _TRIADS[joint]] - sampled[:, [joint]])
        vectors = sampled[:, children] - sampled[:, [joint]]
        rest = template = offsets[children]
        for _ in range(3):
            rotations = rigid_alignment(template, vectors)
            template = np.median(np.swapaxes(vectors @ rotations, 0, 1), axis=1)
        template = template @ rigid_alignment(template, rest).T
        norms = np.maximum(np.linalg.norm(template, axis=1), _NO_LENGTH_M)
        offsets[children] = template * (lengths[np.array(children) - 1] / norms)[:, None]
    return offsets


def global_rotations(positions: FloatArray, offsets: FloatArray) -> FloatArray:
    """Compute the rotation of every joint in the world by inverse kinematics.

    `forward(local_rotations(rotations), positions[:, 0], offsets)` reproduces the positions exactly where the bones
    are rigid, and nearly where they are not.

    Args:
        positions: (frames, 22, 3) joint positions, metres.
        offsets: (22, 3) rest pose of the body, metres.

    Returns:
        Quaternions (frames, 22, 4), with signs that are continuous over time.
    """
    rotations = np.empty((*positions.shape[:2], 4))
    for joint in _TRIADS:
        _set_triad_rotation(rotations, positions, offsets, joint)
    for joint, child, share in ((3, 6, 1 / 3), (6, 9, 2 / 3)):
        between = rotation.slerp(rotations[:, 0], rotations[:, 9], share)
        rotations[:, joint] = _swing(between, offsets[child], _bone(positions, child))
    rotations[:, 12] = rotations[:, 15] = _swing(rotations[:, 9], offsets[15], _bone(positions, 15))
    collars, shoulders, elbows, wrists = (list(joints) for joints in zip(*ARMS, strict=True))
    frame = _swing(rotations[:, 9:10], offsets[shoulders], positions[:, shoulders] - positions[:, collars])
    rotations[:, collars] = frame
    upper, lower = positions[:, elbows] - positions[:, shoulders], positions[:, wrists] - positions[:, elbows]
    hinge = np.array([[-1.0], [1.0]]) * rotation.cross(upper, lower)
    arms = _hinge_twist(_swing(frame, offsets[elbows], upper), upper, lower, hinge, _UP)
    rotations[:, shoulders] = arms
    rotations[:, elbows] = rotations[:, wrists] = _swing(arms, offsets[wrists], lower)
    _set_leg_rotations(rotations, positions, offsets)
    return rotation.continuous(rotation.normalized(rotations))


def update_leg_rotations(rotations: FloatArray, positions: FloatArray, offsets: FloatArray) -> FloatArray:
    """Recompute the rotations of both legs after their joints were moved under an unchanged pelvis.

    Args:
        rotations: (frames, 22, 4) world rotations as `global_rotations` returned them.
        positions: (frames, 22, 3) joint positions with the moved legs, metres.
        offsets: (22, 3) rest pose of the body, metres.

    Returns:
        World rotations (frames, 22, 4); those above the legs are the ones given.
    """
    updated = rotations.copy()
    _set_leg_rotations(updated, positions, offsets)
    return rotation.continuous(updated)


def local_rotations(rotations: FloatArray) -> FloatArray:
    """Convert world rotations (..., 22, 4) to rotations relative to the parent's frame; the root stays in the world."""
    local = rotations.copy()
    parents = rotations[..., PARENTS[1:], :]
    local[..., 1:, :] = rotation.multiply(rotation.conjugate(parents), rotations[..., 1:, :])
    return local


def forward_rotations(local: FloatArray) -> FloatArray:
    """Convert local rotations (..., 22, 4) to world rotations (..., 22, 4); the inverse of `local_rotations`."""
    rotations = local.copy()
    for joint in range(1, NUM_JOINTS):
        rotations[..., joint, :] = rotation.multiply(rotations[..., PARENTS[joint], :], local[..., joint, :])
    return rotations


def forward_positions(rotations: FloatArray, root: FloatArray, offsets: FloatArray) -> FloatArray:
    """Compute joint positions from world rotations.

    Args:
        rotations: (..., 22, 4) world rotations.
        root: (..., 3) positions of the pelvis, metres.
        offsets: (22, 3) rest pose of the body, metres.

    Returns:
        Joint positions (..., 22, 3), metres.
    """
    positions = np.empty((*rotations.shape[:-1], 3))
    positions[..., 0, :] = root
    steps = rotation.rotate(rotations[..., PARENTS[1:], :], offsets[1:])
    for joint in range(1, NUM_JOINTS):
        positions[..., joint, :] = positions[..., PARENTS[joint], :] + steps[..., joint - 1, :]
    return positions


def forward(local: FloatArray, root: FloatArray, offsets: FloatArray) -> FloatArray:
    """Compute joint positions from local rotations.

    Args:
        local: (..., 22, 4) rotations relative to the parent's frame; the root's are in the world.
        root: (..., 3) positions of the pelvis, metres.
        offsets: (22, 3) rest pose of the body, metres.

    Returns:
        Joint positions (..., 22, 3), metres.
    """
    return forward_positions(forward_rotations(local), root, offsets)


def _bone(positions: FloatArray, joint: int) -> FloatArray:
    return positions[:, joint] - positions[:, PARENTS[joint]]


def _swing(frame: FloatArray, bone: FloatArray, direction: FloatArray) -> FloatArray:
    """Rotate `frame` (..., 4) by the smallest rotation that brings its `bone` (..., 3) onto `direction` (..., 3)."""
    return rotation.multiply(rotation.between(rotation.rotate(frame, bone), direction), frame)


def _twist(frame: FloatArray, axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Rotate `frame` (..., 4) about the world vectors `axis` (..., 3) by `angle` (...) radians."""
    return rotation.multiply(rotation.exp(axis * angle[..., None]), frame)


def _signed_angle(a: FloatArray, b: FloatArray, axis: FloatArray) -> FloatArray:
    """Measure the angle about `axis` from `a`, made perpendicular to it, to `b`; (...) radians."""
    a = a - axis * (a * axis).sum(-1, keepdims=True)
    return np.arctan2((rotation.cross(a, b) * axis).sum(-1), (a * b).sum(-1))


def _hinge_twist(
    frame: FloatArray, upper: FloatArray, lower: FloatArray, hinge: FloatArray, lateral: FloatArray
) -> FloatArray:
    """Twist `frame` about the bone `upper` until its `lateral` axis is the axis of the joint, `hinge`.

    The axis of a straight limb is unknown. Angles are therefore weighted by how bent the limb is and smoothed over
    time; where nothing is known the twist decays to zero.
    """
    upper, lower = rotation.normalized(upper), rotation.normalized(lower)
    bend = np.linalg.norm(rotation.cross(upper, lower), axis=-1)
    weight = np.clip((bend - 0.12) / 0.25, 0, 1)
    angle = _signed_angle(rotation.rotate(frame, lateral), rotation.normalized(hinge), upper)
    x = _smoothed(weight * np.cos(angle), 1.5) + 0.08
    y = _smoothed(weight * np.sin(angle), 1.5)
    return _twist(frame, upper, np.arctan2(y, x))


def _foot_rotations(
    shin: FloatArray, ankle: FloatArray, toe: FloatArray, offset: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the rotations of ankle and toes: the sole is level near the floor, the tip of the toes above it."""
    bone = toe - ankle
    foot = _swing(shin, offset, bone)
    along = rotation.normalized(bone)
    level = rotation.cross(_UP, along)
    slope = np.linalg.norm(level, axis=-1)
    angle = _signed_angle(rotation.rotate(foot, _LATERAL), rotation.normalized(level), along)
    angle = np.where(slope > 0.3, np.clip(angle, -0.6, 0.6), 0)
    near = np.clip((_SOLE_LEVEL_BELOW_M - ankle[..., 1]) / 0.15, 0, 1)
    foot = _twist(foot, along, _smoothed(angle * near, 1.0))
    # The toes of a foot that points down bend just enough to keep their tip, 8 cm from the ball, above the floor.
    pitch = np.arcsin(np.clip(rotation.rotate(foot, np.array([0.0, 0.0, 1.0]))[..., 1], -1, 1))
    lowest = -np.arcsin(np.clip((toe[..., 1] - 0.012) / 0.08, 0, 1))
    lift = np.clip(lowest - pitch, 0, 1.2)
    return foot, _twist(foot, -rotation.rotate(foot, _LATERAL), lift)


def _triad(joint: int, vectors: FloatArray) -> list[int]:
    """Return the three joints that show how `joint` is rotated, from the vectors (n, 3, 3) to its children in n frames.

    They are its children. If those lie in one line, what is beyond a child without a length takes that child's place.
    """
    children = _TRIADS[joint]
    if np.median(np.linalg.svd(vectors, compute_uv=False)[:, 1]) > _NO_LENGTH_M:
        return children
    lengths = np.median(np.linalg.norm(vectors, axis=-1), axis=0)
    return [CHILDREN[child][0] if lengths[i] < _NO_LENGTH_M else child for i, child in enumerate(children)]


def _set_triad_rotation(rotations: FloatArray, positions: FloatArray, offsets: FloatArray, joint: int) -> None:
    children = _triad(joint, offsets[None, _TRIADS[joint]])
    vectors = positions[:, children] - positions[:, [joint]]
    rotations[:, joint] = rotation.from_matrix(rigid_alignment(offsets[children], vectors))


def _set_leg_rotations(rotations: FloatArray, positions: FloatArray, offsets: FloatArray) -> None:
    """Fill in the rotations of both legs below a pelvis whose rotation is set."""
    hips, knees, ankles, toes = (list(joints) for joints in zip(*LEGS, strict=True))
    upper, lower = positions[:, knees] - positions[:, hips], positions[:, ankles] - positions[:, knees]
    frame = _swing(rotations[:, :1], offsets[knees], upper)
    thighs = _hinge_twist(frame, upper, lower, rotation.cross(upper, lower), _LATERAL)
    shins = _swing(thighs, offsets[ankles], lower)
    rotations[:, hips], rotations[:, knees] = thighs, shins
    rotations[:, ankles], rotations[:, toes] = _foot_rotations(
        shins, positions[:, ankles], positions[:, toes], offsets[toes]
    )


def _smoothed(values: FloatArray, sigma_frames: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter1d  # slow to import, see `motion.rotation.from_matrix`

    return gaussian_filter1d(values, sigma_frames, axis=0, mode="nearest")
