"""Plans of clips in which both feet leave the floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motion.synthesis.airborne import Jump, flight_time, push_time, write_jumps
from motion.synthesis.plan import Plan
from motion.synthesis.scene import COUNTS, NUMBERS, Scene
from motion.synthesis.single_steps import last_stance, outward_sign


def _arm_swing(plan: Plan, scene: Scene, jumps: list[Jump], dip: float) -> None:
    """Swing the arms back in the crouch, up at the take-off, and down while the legs absorb the landing."""
    first, last = jumps[0].takeoff, jumps[-1].landing
    gain = scene.style.size * scene.between(0.6, 1.1)
    keys = [
        (first - 0.26, {"flex": -42 * gain, "elbow": 18.0, "hinge": 24.0, "lean": 12.0}),
        (first + 0.03, {"flex": 78 * gain, "elbow": 34.0, "hinge": 2.0, "lean": -2.0}),
        (last - 0.03, {"flex": 52 * gain, "elbow": 30.0, "hinge": 6.0, "lean": 3.0}),
        (last + 0.22, {"flex": 14.0, "elbow": 30.0, "hinge": 22.0, "lean": 10.0}),
    ]
    plan.pose(keys, scene.side, dip - 0.4, last + 0.95)


def jump_builder(forward: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> Callable[[Scene], Plan]:
    """Return a builder of plans of jumps with both legs.

    Args:
        forward: shortest and longest distance of the jump, m; negative for a jump backwards.
        turn: rotation in the air, rad, towards the acting side.
    """

    def build_plan(scene: Scene) -> Plan:
        height = scene.between(0.09, 0.24) * scene.style.size
        depth, air = scene.between(0.16, 0.24) + 0.25 * height, flight_time(height)
        takeoff = push_time(height, depth) + scene.between(0.85, 1.1)
        distance, angle = scene.between(*forward), turn * outward_sign(scene.side)
        plan = scene.plan(takeoff + air + scene.between(1.3, 1.6))
        plan.stand(width=0.22)
        spots = [last_stance(plan, side) for side in (0, 1)]
        landed = [
            (x * np.cos(angle) + z * np.sin(angle), z * np.cos(angle) - x * np.sin(angle) + distance, yaw + angle)
            for x, z, yaw in spots
        ]
        jumps = [Jump(takeoff, takeoff + air, landed[0], landed[1])]
        write_jumps(plan, jumps, depth, absorb=0.26, recover=0.65)
        _arm_swing(plan, scene, jumps, takeoff - push_time(height, depth))
        return plan

    return build_plan


def _series(scene: Scene, count: int, height: float, depth: float) -> tuple[float, list[tuple[float, float]]]:
    """Return when the first crouch is deepest, and the (take-off, landing) times of `count` jumps in a row, s."""
    push = push_time(height, depth)
    takeoff = push + scene.between(0.75, 0.95)
    times = []
    for _ in range(count):
        times.append((takeoff, takeoff + flight_time(height)))
        takeoff = times[-1][1] + 1.55 * push
    return times[0][0] - push, times


def build_hops(scene: Scene) -> Plan:
    """Plan small jumps in a row on both feet."""
    count, height = scene.number(2, 4), scene.between(0.04, 0.09)
    dip, times = _series(scene, count, height, 0.09)
    plan = scene.plan(times[-1][1] + scene.between(1.0, 1.3))
    plan.stand(width=0.2)
    spots = [last_stance(plan, side) for side in (0, 1)]
    scene.words |= {"times": COUNTS[count], "count": NUMBERS[count]}
    write_jumps(plan, [Jump(a, b, spots[0], spots[1]) for a, b in times], 0.09, absorb=0.2, recover=0.5)
    plan.pose(
        [(dip, {"elbow": 62.0, "hinge": 7.0, "lean": 5.0}), (times[-1][1], {"elbow": 62.0, "hinge": 7.0})],
        0,
        dip - 0.5,
        times[-1][1] + 0.8,
    )
    return plan


def build_jumping_jacks(scene: Scene) -> Plan:
    """Plan jumping jacks: feet apart and arms up, feet together and arms down."""
    count, height = scene.number(2, 4), scene.between(0.06, 0.09)
    dip, times = _series(scene, 2 * count, height, 0.09)
    plan = scene.plan(times[-1][1] + scene.between(1.0, 1.2))
    plan.stand(width=0.18)
    together = [last_stance(plan, side) for side in (0, 1)]
    apart = [
        (x + outward_sign(side) * 0.17, z, yaw + outward_sign(side) * 0.1) for side, (x, z, yaw) in enumerate(together)
    ]
    scene.words |= {"times": COUNTS[count], "count": NUMBERS[count]}
    jumps = [Jump(a, b, *(apart if index % 2 == 0 else together)) for index, (a, b) in enumerate(times)]
    write_jumps(plan, jumps, 0.09, absorb=0.2, recover=0.5)
    keys = [(times[0][0] - 0.08, {"out": 14.0, "elbow": 18.0, "flex": 2.0})]
    for index, (_, landing) in enumerate(times):
        up = index % 2 == 0
        keys.append(
            (landing, {"out": scene.between(140, 152) if up else 12.0, "elbow": 20.0, "flex": 6.0 if up else 2.0})
        )
    plan.pose(keys, 0, dip - 0.4, times[-1][1] + 0.6)
    return plan
