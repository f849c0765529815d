"""Single steps: out of a stand, one foot after the other, anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion.synthesis.curve import ramp
from motion.synthesis.footfalls import Stand, Swing
from motion.synthesis.plan import LEFT, Plan

Via = tuple[float, float, float, float, float]


def outward(side: int) -> int:
    return 1 if side == LEFT else -1


def place(plan: Plan, side: int) -> tuple[float, float, float]:
    """Where that foot stands last: x, z, yaw."""
    stand = plan.feet[side].stands[-1]
    return stand.x, stand.z, stand.yaw


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
    """Lift a foot and put it down at `to` (x, z, yaw); the weight leaves it over `shift` seconds before it lifts and
    comes back over `settle` seconds."""
    work = plan.feet[side]
    shift = min(shift, 0.8 * (lift - work.stands[-1].start))
    work.lift(lift, push=push, push_s=min(0.25, shift + 0.05), unload_s=shift)
    stand = Stand(land, plan.end + 5, *to, strike=strike, strike_s=0.12, load_s=settle)
    work.step(stand, Swing(clearance, via=tuple(via)))


def turn_on_spot(plan: Plan, angle: float, start: float, step_time: float, width: float = 0.17) -> float:
    """Turn by `angle` rad (positive to the left) in small steps about the origin; returns when the last foot lands."""
    leading = 0 if angle > 0 else 1
    count = 2 * max(1, int(np.ceil(abs(angle) / 0.75)))
    moment = start
    for index in range(count):
        side = leading if index % 2 == 0 else 1 - leading
        share = min(1.0, (index + (1.35 if index % 2 == 0 else 1.0)) / count)
        heading = angle * share
        aside = outward(side) * width / 2
        to = (aside * np.cos(heading), -aside * np.sin(heading), heading + outward(side) * 0.12)
        step(
            plan, side, moment + 0.22 * step_time, moment + step_time, to, push=0.3, shift=0.28, settle=0.2 * step_time
        )
        moment += step_time
    early = angle * (ramp(plan.time, start - 0.15, moment - 0.3) - ramp(plan.time, start, moment))
    plan.add({"look": np.degrees(early)})
    return moment


def side_steps(plan: Plan, side: int, count: int, length: float, start: float, step_time: float) -> float:
    """Steps to `side`, the other foot closing up each time; returns when the last foot has landed."""
    moment = start
    for _ in range(count):
        for foot in (side, 1 - side):
            x, z, yaw = place(plan, foot)
            to = (x + outward(side) * length, z, yaw)
            step(plan, foot, moment + 0.2 * step_time, moment + step_time, to, push=0.25, settle=0.2 * step_time)
            moment += step_time
    return moment


def lift_foot(plan: Plan, side: int, lift: float, land: float, via: Sequence[Via], shift: float = 0.7) -> None:
    """Take a foot off the floor, move it through `via` (positions relative to where it stood), put it back."""
    x, z, yaw = place(plan, side)
    keys = [(moment, x + dx, y, z + dz, pitch) for moment, dx, y, dz, pitch in via]
    step(plan, side, lift, land, (x, z, yaw), push=0.25, shift=shift, settle=0.5, via=keys)


def march(plan: Plan, start: float, count: int, step_time: float, height: float, first: int = LEFT) -> float:
    """Steps on the spot with knees up; returns when the last foot has landed."""
    moment = start
    for index in range(count):
        side = (first + index) % 2
        x, z, yaw = place(plan, side)
        lift, land = moment + 0.16 * step_time, moment + step_time
        top = (lift + land) / 2 - 0.03 * step_time
        via = [(top, x, height, z + 0.2 * height, 0.35)]
        shift = 0.4 if index == 0 else 0.16 * step_time
        step(plan, side, lift, land, (x, z, yaw), push=0.3, shift=shift, settle=0.16 * step_time, via=via)
        moment += step_time
    phase = np.pi * (plan.time - start - 0.5 * step_time) / step_time
    moving = ramp(plan.time, start - 0.1, start + 0.3) * (1 - ramp(plan.time, moment - 0.3, moment + 0.2))
    wave = np.cos(phase) * moving * outward(first)
    gain = 60 * height + 8
    plan.add({
        "left.flex": -gain * wave, "right.flex": gain * wave, "left.elbow": 30 * moving - 8 * wave,
        "right.elbow": 30 * moving + 8 * wave, "list": 3.0 * wave,
    })  # fmt: skip
    return moment
