"""Single steps of a standing body: to the side, on the spot, in a turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion.synthesis.curve import ramp
from motion.synthesis.footfalls import Stance, Swing
from motion.synthesis.plan import LEFT, Plan

Via = tuple[float, float, float, float, float]
"""Time, x, y, z and pitch of a foot in the air; see `footfalls.Swing`."""


def outward_sign(side: int) -> int:
    """Return the sign of the outward direction of a side along the x axis: 1 for the left, -1 for the right."""
    return 1 if side == LEFT else -1


def last_stance(plan: Plan, side: int) -> tuple[float, float, float]:
    """Return x, z in m and yaw in rad of the last stance of a foot."""
    stance = plan.feet[side].stances[-1]
    return stance.x, stance.z, stance.yaw


def step(
    plan: Plan,
    side: int,
    lift: float,
    land: float,
    to: tuple[float, float, float],
    *,
    clearance: float = 0.08,
    push: float = 0.35,
    strike: float = 0.0,
    shift: float = 0.3,
    settle: float = 0.2,
    via: Sequence[Via] = (),
) -> None:
    """Add a step of one foot.

    Args:
        plan: the plan.
        side: the foot, 0 left, 1 right.
        lift: when it leaves the floor, s.
        land: when it touches down, s.
        to: where it touches down: x, z in m and yaw in rad.
        clearance: height to which it is lifted, m.
        push: pitch at lift-off, rad, heel up.
        strike: pitch at touch-down, rad, toes up.
        shift: time before `lift` in which the weight leaves the foot, s.
        settle: time after `land` in which the weight returns, s.
        via: keys to move through instead of the plain arc.
    """
    footwork = plan.feet[side]
    shift = min(shift, 0.8 * (lift - footwork.stances[-1].start))
    footwork.lift(lift, push=push, push_s=min(0.25, shift + 0.05), unload_s=shift)
    stance = Stance(land, plan.end + 5, *to, strike=strike, strike_s=0.12, load_s=settle)
    footwork.step(stance, Swing(clearance, via=tuple(via)))


def turn_on_spot(plan: Plan, angle: float, start: float, step_time: float, width: float = 0.17) -> float:
    """Add a turn in small steps about the origin.

    Args:
        plan: the plan.
        angle: angle of the turn, rad, positive to the left.
        start: when the first step starts, s.
        step_time: duration of a step, s.
        width: distance between the feet, m.

    Returns:
        When the last foot has landed, s.
    """
    leading = 0 if angle > 0 else 1
    count = 2 * max(1, int(np.ceil(abs(angle) / 0.75)))
    moment = start
    for index in range(count):
        side = leading if index % 2 == 0 else 1 - leading
        share = min(1.0, (index + (1.35 if index % 2 == 0 else 1.0)) / count)
        heading = angle * share
        aside = outward_sign(side) * width / 2
        to = (aside * np.cos(heading), -aside * np.sin(heading), heading + outward_sign(side) * 0.12)
        step(
            plan, side, moment + 0.22 * step_time, moment + step_time, to, push=0.3, shift=0.28, settle=0.2 * step_time
        )
        moment += step_time
    early = angle * (ramp(plan.time, start - 0.15, moment - 0.3) - ramp(plan.time, start, moment))
    plan.add({"look": np.degrees(early)})
    return moment


def side_steps(plan: Plan, side: int, count: int, length: float, start: float, step_time: float) -> float:
    """Add steps to the side, after each of which the other foot closes up.

    Args:
        plan: the plan.
        side: where to, 0 left, 1 right.
        count: number of steps.
        length: length of a step, m.
        start: when the first step starts, s.
        step_time: duration of the movement of one foot, s.

    Returns:
        When the last foot has landed, s.
    """
    moment = start
    for _ in range(count):
        for foot in (side, 1 - side):
            x, z, yaw = last_stance(plan, foot)
            to = (x + outward_sign(side) * length, z, yaw)
            step(plan, foot, moment + 0.2 * step_time, moment + step_time, to, push=0.25, settle=0.2 * step_time)
            moment += step_time
    return moment


def lift_foot(plan: Plan, side: int, lift: float, land: float, via: Sequence[Via], shift: float = 0.7) -> None:
    """Lift a foot, move it through keys relative to where it stood, and put it back; see `step`."""
    x, z, yaw = last_stance(plan, side)
    keys = [(moment, x + dx, y, z + dz, pitch) for moment, dx, y, dz, pitch in via]
    step(plan, side, lift, land, (x, z, yaw), push=0.25, shift=shift, settle=0.5, via=keys)


def march(plan: Plan, start: float, count: int, step_time: float, height: float, first: int = LEFT) -> float:
    """Add steps on the spot with raised knees.

    Args:
        plan: the plan.
        start: when the first step starts, s.
        count: number of steps.
        step_time: duration of a step, s.
        height: height to which the feet are lifted, m.
        first: the side that steps first.

    Returns:
        When the last foot has landed, s.
    """
    moment = start
    for index in range(count):
        side = (first + index) % 2
        x, z, yaw = last_stance(plan, side)
        lift, land = moment + 0.16 * step_time, moment + step_time
        top = (lift + land) / 2 - 0.03 * step_time
        via = [(top, x, height, z + 0.2 * height, 0.35)]
        shift = 0.4 if index == 0 else 0.16 * step_time
        step(plan, side, lift, land, (x, z, yaw), push=0.3, shift=shift, settle=0.16 * step_time, via=via)
        moment += step_time
    phase = np.pi * (plan.time - start - 0.5 * step_time) / step_time
    moving = ramp(plan.time, start - 0.1, start + 0.3) * (1 - ramp(plan.time, moment - 0.3, moment + 0.2))
    wave = np.cos(phase) * moving * outward_sign(first)
    gain = 60 * height + 8
    plan.add({
        "left.flex": -gain * wave, "right.flex": gain * wave, "left.elbow": 30 * moving - 8 * wave,
        "right.elbow": 30 * moving + 8 * wave, "list": 3.0 * wave,
    })  # fmt: skip
    return moment
