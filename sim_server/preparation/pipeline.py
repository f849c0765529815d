"""The steps of preparation, in their order."""

from __future__ import annotations

import numpy as np

from motion import kinematics, rotation
from motion.array_types import BoolArray, FloatArray
from motion.skeleton import ANKLES
from motion.toe_placement import with_feet
from sim_server.body.contact_points import sole_heights
from sim_server.body.leg_ik import shift_feet
from sim_server.body.prepared_motion import PreparedMotion
from sim_server.preparation.arm_posture import level_arms
from sim_server.preparation.body_surface import BODY_POINT_PART, BodySurface, may_touch
from sim_server.preparation.contact_plan import choose_carrying_feet, plan_height_shift, vertical_support
from sim_server.preparation.denoise import CLEAN_M, denoise, estimate_noise
from sim_server.preparation.drift import drift_path
from sim_server.preparation.floor import estimate_floor, lowest_heights, without_frames
from sim_server.preparation.foot_contacts import clean_contacts, foot_speeds
from sim_server.preparation.gait_repair import repair_gait
from sim_server.preparation.missing_seat import (
    bent_legs,
    covered_frames,
    dangling_frames,
    plan_footprints,
    put_feet_under,
    sitting_frames,
)
from sim_server.preparation.preparation_notes import (
    arm_notes,
    drift_notes,
    floor_notes,
    foot_notes,
    gait_notes,
    noise_notes,
    seat_notes,
    shift_notes,
)
from sim_server.preparation.rigid_fit import fit_rigid_body

# Under so much noise no foot ever seems to stand, and every body seems to be about to fall.
_NOISY_M = 0.008
# When the body is raised, a sole up to the first height stays on the floor, one from the second on does not; and a foot
# whose upper side looks up by the second share stays, one up to the first does not.
_HELD_SOLE_M, _HELD_LEVEL = (0.02, 0.05), (0.5, 0.8)
_UP = np.array([0.0, 1.0, 0.0])


def prepare(positions: FloatArray) -> PreparedMotion:
    """Clean a motion: remove noise and drift, set its floor to 0, make it rigid, repair its gait and its contacts.

    Args:
        positions: (frames, 22, 3) joint positions [m], Y up, at 20 frames/s.
    """
    raw = with_feet(np.asarray(positions, np.float64))
    noise = estimate_noise(raw)
    noisy = noise >= _NOISY_M
    smooth = denoise(raw)
    offsets = kinematics.estimate_offsets(smooth)
    if noise > CLEAN_M:
        smooth = fit_rigid_body(smooth, offsets)
    surface = BodySurface(offsets)
    lowest, floor, sits = _find_floor(smooth, surface)
    level = floor[:, None, None] * _UP
    drift = drift_path(smooth - level, sits, noise)
    steady = smooth - level - drift[:, None]
    rotations = kinematics.global_rotations(steady, offsets)
    rigid = kinematics.forward_positions(rotations, steady[:, 0], offsets)
    followed_notes, followed = floor_notes(floor, lowest, rigid)
    notes = [*noise_notes(noise), *followed_notes, *drift_notes(drift)]

    if sits.any():
        footprints = plan_footprints(rigid, rotations, offsets, surface.centre(rigid, rotations), sits)
        rigid, rotations = put_feet_under(rigid, rotations, offsets, footprints)
        notes += seat_notes(sits, covered_frames(len(rigid), footprints))
    if not noisy:
        walking, rotations = repair_gait(rigid, rotations, offsets)
        notes += gait_notes(rigid, walking)
        rigid = walking
    body = _body_heights(rigid, rotations, surface)
    shift = plan_height_shift(
        sole_heights(rigid, rotations, offsets), body.min(1), _support(rigid, rotations, surface, noisy)
    )
    notes += shift_notes(shift - followed, -body, BODY_POINT_PART)
    rigid, rotations = _shift_body(rigid, rotations, offsets, shift)
    rigid, rotations, carrying = _plant_feet(rigid, rotations, surface, noisy)
    notes += foot_notes(carrying)
    if may_touch(rigid, np.zeros(len(rigid))).any():
        arms = level_arms(rigid, rotations, offsets)
        rigid, rotations = arms.positions, arms.rotations
        notes += arm_notes(arms.lifted, arms.bent)
    return PreparedMotion(rigid, rotations, offsets, noisy, tuple(notes))


def _find_floor(positions: FloatArray, surface: BodySurface) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Find the floor under a motion, and when the body sits on what is not there.

    Feet that dangle say nothing of the floor. But where it is so far below that the feet do not reach it, the body is
    left on a floor of its own.

    Returns:
        Heights (frames,) of the lowest point of the body where it says something of the floor, and of the floor [m],
        and the mask (frames,) of the frames in which the body sits.
    """
    lowest = lowest_heights(positions, surface)
    floor = estimate_floor(lowest)
    if not bent_legs(positions).any():
        return lowest, floor, np.zeros(len(positions), bool)
    rigid, rotations = _over_floor(positions, floor, surface.offsets)
    centre = surface.centre(rigid, rotations)
    sits = sitting_frames(rigid, centre, _body_heights(rigid, rotations, surface).min(1))
    if not sits.any():
        return lowest, floor, sits
    rigid, rotations = _over_floor(
        positions, estimate_floor(without_frames(lowest, dangling_frames(positions, sits))), surface.offsets
    )
    footprints = plan_footprints(rigid, rotations, surface.offsets, surface.centre(rigid, rotations), sits)
    stands = covered_frames(len(positions), footprints)
    lowest = without_frames(lowest, dangling_frames(positions, stands))
    return lowest, estimate_floor(lowest), sits


def _over_floor(positions: FloatArray, floor: FloatArray, offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rigid body, and the rotations of its joints, of positions (frames, 22, 3) over a floor (frames,)."""
    steady = positions - floor[:, None, None] * _UP
    rotations = kinematics.global_rotations(steady, offsets)
    return kinematics.forward_positions(rotations, steady[:, 0], offsets), rotations


def _body_heights(positions: FloatArray, rotations: FloatArray, surface: BodySurface) -> FloatArray:
    """Return the heights (frames, n) [m] of the points of the body, with level arms; inf if all are far."""
    if not may_touch(positions, np.zeros(len(positions))).any():
        return np.full((len(positions), len(BODY_POINT_PART)), np.inf)
    arms = level_arms(positions, rotations, surface.offsets)
    return surface.heights(arms.positions, arms.rotations)


def _support(positions: FloatArray, rotations: FloatArray, surface: BodySurface, noisy: bool) -> FloatArray:
    if noisy or len(positions) < 4:
        return np.zeros(len(positions))
    return vertical_support(surface.centre(positions, rotations)[:, 1])


def _shift_body(
    positions: FloatArray, rotations: FloatArray, offsets: FloatArray, shift: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Move the body up by a shift (frames,) [m]; feet that stand on the floor stay there when the body is raised."""
    if not shift.any():
        return positions, rotations
    moved = positions + shift[:, None, None] * _UP
    upper_side = rotation.rotate(rotations[:, ANKLES], _UP)[..., 1]
    held = np.interp(sole_heights(positions, rotations, offsets), _HELD_SOLE_M, (1, 0))
    held *= np.interp(upper_side, _HELD_LEVEL, (0, 1)) * np.maximum(shift, 0)[:, None]
    if held.any():
        moved = shift_feet(moved, -held[..., None] * _UP)
        rotations = kinematics.update_leg_rotations(rotations, moved, offsets)
    return moved, rotations


def _plant_feet(
    positions: FloatArray, rotations: FloatArray, surface: BodySurface, noisy: bool
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Clean the contacts of the feet; where nothing carries the body then, plant a foot for it.

    Returns:
        Positions, rotations, and the mask (frames, 2) of the feet that were planted for that.
    """
    cleaned = clean_contacts(positions, rotations, surface.offsets, noisy)
    carrying = choose_carrying_feet(
        sole_heights(positions, rotations, surface.offsets),
        foot_speeds(positions)[..., 0],
        sole_heights(*cleaned, surface.offsets),
        _body_heights(*cleaned, surface).min(1),
        _support(*cleaned, surface, noisy),
    )
    if not carrying.any():
        return *cleaned, carrying
    return *clean_contacts(positions, rotations, surface.offsets, noisy, carrying), carrying
