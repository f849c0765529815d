"""Joint positions from a plan: trunk and arms from tracks, the pelvis from balance, legs by inverse kinematics."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d

from motion import kinematics, rotation
from motion.motion import DEFAULT_FPS
from motion.skeleton import ARMS, LEGS, NUM_JOINTS
from motion.synthesis.anatomy import (
    OUTWARD,
    SIDES,
    SOLE_M,
    Body,
    centre_of_mass,
    clip_to_reach,
    knee_pole,
    solve_two_bones,
)
from motion.synthesis.balance import centre_path, moment_about_centre
from motion.synthesis.curve import PLAN_FPS, smooth
from motion.synthesis.footfalls import FootPath, foot_path
from motion.synthesis.plan import Plan

CLIP_FPS = DEFAULT_FPS
_ROUNDS = 5  # iterations for the pelvis; each removes about four fifths of the error of the balance
_STRETCH = 0.996  # share of a leg's length that standing and walking use
_STRETCH_LIMIT = 0.9998
_FREE_STRETCH = (0.94, 0.995)  # shares of length where a swinging leg starts to resist, and that it never reaches
_SOFTNESS_M = 0.005
_GAZE_KEPT = 0.6  # share of the trunk's pitch that the head compensates
_HANGING = 0.7  # share of the trunk's pitch that the arms compensate, so that they hang down
_GIRDLE = 0.2  # rise of a collar per degree by which the arm is raised above 60 degrees
_HEADING_SMOOTHING_S = 0.12
_TOUCH_SHARE = 0.02


def _from_euler_degrees(yaw: np.ndarray | float, pitch: np.ndarray | float, roll: np.ndarray | float) -> np.ndarray:
    """Convert angles (n,) in degrees to quaternions (n, 4): roll about z, then pitch about x, then yaw about y."""
    angles = np.radians(np.stack(np.broadcast_arrays(yaw, pitch, roll), -1))
    y, x, z = (rotation.exp(angles[..., [i]] * axis) for i, axis in enumerate(np.eye(3)[[1, 0, 2]]))
    return rotation.multiply(rotation.multiply(y, x), z)


def _trunk_rotations(tracks: dict[str, np.ndarray], heading: np.ndarray) -> np.ndarray:
    """Compute world rotations (n, 22, 4) of the trunk; joints of limbs have the rotation of the joint above them."""
    local = np.zeros((len(heading), NUM_JOINTS, 4))
    local[..., 0] = 1.0
    stoop = tracks["hinge"] + tracks["lean"]
    local[:, 0] = _from_euler_degrees(np.degrees(heading) + tracks["turn"], tracks["hinge"], tracks["list"])
    local[:, 3] = local[:, 6] = local[:, 9] = _from_euler_degrees(
        tracks["twist"] / 3, tracks["lean"] / 3, -tracks["bend"] / 3
    )
    gaze = np.clip(-_GAZE_KEPT * stoop, -45, 20)
    local[:, 12] = local[:, 15] = _from_euler_degrees(
        tracks["look"] / 2, (gaze + tracks["nod"]) / 2, -tracks["tilt"] / 2
    )
    for (collar, *_), side, outward in zip(ARMS, SIDES, OUTWARD, strict=True):
        raised = np.degrees(np.arccos(np.clip(-_arm_vectors(tracks, side, outward)[0][:, 1], -1, 1)))
        shrug = tracks[f"{side}.shrug"] + _GIRDLE * np.maximum(raised - 60, 0)
        local[:, collar] = _from_euler_degrees(0.0, 0.0, outward * shrug)
    return kinematics.forward_rotations(local)


def _arm_vectors(tracks: dict[str, np.ndarray], side: str, outward: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute the directions (n, 3) of upper arm and forearm in the frame of the chest."""
    flex, out, roll, elbow = (np.radians(tracks[f"{side}.{name}"]) for name in ("flex", "out", "roll", "elbow"))
    zero = np.zeros_like(flex)
    swing = rotation.exp(np.stack([-flex, zero, zero], -1))
    upper = rotation.rotate(swing, np.stack([outward * np.sin(out), -np.cos(out), zero], -1))
    front = rotation.rotate(swing, np.array([0.0, 0.0, 1.0]))
    front = rotation.rotate(rotation.exp(upper * (outward * roll)[:, None]), front)
    return upper, upper * np.cos(elbow)[:, None] + front * np.sin(elbow)[:, None]


def _upper_body(plan: Plan, heading: np.ndarray) -> np.ndarray:
    """Compute joints (n, 22, 3) relative to the pelvis; those of the legs below the hips are not valid yet."""
    body, tracks = plan.body, plan.tracks
    rotations = _trunk_rotations(tracks, heading)
    positions = kinematics.forward_positions(rotations, np.zeros((len(heading), 3)), body.offsets)
    hanging = rotation.multiply(
        rotations[:, 9], _from_euler_degrees(0.0, -_HANGING * (tracks["hinge"] + tracks["lean"]), 0.0)
    )
    for (_, shoulder, elbow, wrist), side, outward in zip(ARMS, SIDES, OUTWARD, strict=True):
        upper, lower = _arm_vectors(tracks, side, outward)
        length = np.linalg.norm(body.offsets[[elbow, wrist]], axis=1)
        positions[:, elbow] = positions[:, shoulder] + length[0] * rotation.rotate(hanging, upper)
        positions[:, wrist] = positions[:, elbow] + length[1] * rotation.rotate(hanging, lower)
    return positions


def _height_limit(
    upper: np.ndarray, pelvis: np.ndarray, feet: list[FootPath], body: Body, stretch: float
) -> np.ndarray:
    """Compute the largest heights of the pelvis (n, 2) at which each leg reaches its foot with the given stretch."""
    limits = []
    for (hip, _, _, _), foot in zip(LEGS, feet, strict=True):
        away = np.linalg.norm((foot.ankle - pelvis - upper[:, hip])[:, [0, 2]], axis=-1)
        reach = stretch * body.leg
        rise = np.sqrt(np.maximum(reach**2 - np.minimum(away, 0.95 * reach) ** 2, 0))
        limits.append(foot.ankle[:, 1] + rise - upper[:, hip, 1])
    return np.stack(limits, -1)


def _pelvis_height(wanted: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Lower the wanted height (n,) of the pelvis smoothly where it exceeds the limits (n, 2) of the legs."""
    both = np.column_stack([wanted, limits])
    lowest = both.min(1)
    soft = lowest - _SOFTNESS_M * np.log(np.exp(-(both - lowest[:, None]) / _SOFTNESS_M).sum(1))
    return smooth(soft, 0.05)


def _ease_reach(hip: np.ndarray, ankle: np.ndarray, body: Body, planted: np.ndarray) -> np.ndarray:
    """Move `ankle` (n, 3) of a swinging leg towards the hip where the leg is nearly straight, where knees snap."""
    free = smooth(minimum_filter1d(1.0 - planted, 21), 0.04)[:, None]
    reach = ankle - hip
    share = np.linalg.norm(reach, axis=-1, keepdims=True) / body.leg
    room = _FREE_STRETCH[1] - _FREE_STRETCH[0]
    excess = np.maximum(share - _FREE_STRETCH[0], 0)
    eased = np.minimum(share, _FREE_STRETCH[0]) + room * (1 - np.exp(-excess / room))
    return hip + reach * (1 + free * (eased / np.maximum(share, 1e-6) - 1))


def _with_legs(
    upper: np.ndarray, pelvis: np.ndarray, feet: list[FootPath], heading: np.ndarray, body: Body
) -> np.ndarray:
    """Return the joints (n, 22, 3) in the world, with the legs bent to reach the feet."""
    positions = upper + pelvis[:, None]
    for (hip, knee, ankle, toe), foot in zip(LEGS, feet, strict=True):
        end = _ease_reach(positions[:, hip], foot.ankle, body, foot.planted)
        end = clip_to_reach(positions[:, hip], end, body.thigh, body.shin)
        yaw = heading + 0.7 * (foot.yaw - heading)
        forward = np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], -1)
        pole = knee_pole(positions[:, hip], end, forward)
        positions[:, knee] = solve_two_bones(positions[:, hip], end, body.thigh, body.shin, pole)
        positions[:, ankle] = end
        positions[:, toe] = end + foot.ball - foot.ankle
    return positions


def _pressure(feet: list[FootPath], sway: np.ndarray) -> np.ndarray:
    """Compute the point (n, 2) from which both feet together push; in flight it moves from one contact to the next."""
    load = np.stack([foot.load for foot in feet], -1) * np.stack([1 + sway, 1 - sway], -1)
    total = load.sum(1)
    points = np.stack([foot.pressure[:, [0, 2]] for foot in feet], 1)
    middle = (load[..., None] * points).sum(1) / np.maximum(total, 1e-6)[:, None]
    loaded = np.flatnonzero(total > _TOUCH_SHARE)
    frames = np.arange(len(total))
    return np.column_stack([np.interp(frames, loaded, middle[loaded, axis]) for axis in (0, 1)])


def perform_plan(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Compute the motion of a plan.

    Returns:
        Joints (n, 22, 3) at `PLAN_FPS`, m, and (n, 2) bool, whether the ball of each foot is fixed on the floor.
    """
    body, tracks = plan.body, plan.tracks
    feet = [
        foot_path(footwork, body, plan.time, np.radians(tracks[f"{side}.heel"]))
        for footwork, side in zip(plan.feet, SIDES, strict=True)
    ]
    heading = smooth((feet[0].yaw + feet[1].yaw) / 2, _HEADING_SMOOTHING_S)
    upper = _upper_body(plan, heading)
    pressure = smooth(_pressure(feet, np.clip(tracks["sway"], -0.97, 0.97)), 0.04)
    standing = body.standing_height()

    pelvis = np.zeros((len(heading), 3))
    pelvis[:, [0, 2]] = smooth((feet[0].ankle + feet[1].ankle)[:, [0, 2]] / 2, 0.15)
    pelvis[:, 1] = standing + tracks["height"]
    planted = np.stack([foot.planted for foot in feet], -1)
    rest_height: float | None = None
    moment = np.zeros_like(pressure)
    positions = upper
    for _ in range(_ROUNDS):
        positions = _with_legs(upper, pelvis, feet, heading, body)
        centre = centre_of_mass(positions)
        if plan.rise is None:
            limits = _height_limit(upper, pelvis, feet, body, _STRETCH)
            pelvis[:, 1] = _pelvis_height(standing + tracks["height"], limits)
            height = smooth(centre[:, 1])
        else:
            if rest_height is None:
                rest_height = standing + float((centre - pelvis)[:, 1].mean())
            height = rest_height + plan.rise
            pelvis[:, 1] += height - centre[:, 1]
        moment = moment_about_centre(positions)
        target = centre_path(pressure, height + SOLE_M, moment)
        pelvis[:, [0, 2]] += target - centre[:, [0, 2]]
        hard = np.where(planted, _height_limit(upper, pelvis, feet, body, _STRETCH_LIMIT), np.inf).min(1)
        pelvis[:, 1] = np.minimum(pelvis[:, 1], hard)
    return _with_legs(upper, pelvis, feet, heading, body), planted


def canonical(positions: np.ndarray) -> np.ndarray:
    """Move joints (n, 22, 3) so that frame 0 faces +Z with its pelvis over the origin; the lowest foot is at y = 0."""
    first = positions[0]
    across = first[1] - first[2] + first[16] - first[17]
    heading = rotation.about_y(np.arctan2(across[2], across[0]))
    moved = rotation.rotate(heading, positions - first[0] * (1, 0, 1))
    moved[..., 1] -= moved[:, [7, 8, 10, 11], 1].min()
    return moved


def clip_from_plan(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Compute the clip of a plan.

    Returns:
        Joints (frames, 22, 3) at `CLIP_FPS`, m, and (frames, 2) bool, whether the ball of each foot is fixed.
    """
    positions, planted = perform_plan(plan)
    stride = round(PLAN_FPS / CLIP_FPS)
    first = round((plan.window[0] - plan.start) * PLAN_FPS)
    last = round((plan.window[1] - plan.start) * PLAN_FPS)
    picked = slice(first, last + 1, stride)
    return canonical(positions[picked]), planted[picked]
