"""Builders of clips in which feet leave the floor on the spot: kicks, lunges, balance, jumps, dance steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motion.synthesis.curve import ramp
from motion.synthesis.flight import Jump, flight_time, push_time, write_jumps
from motion.synthesis.gestures import arm
from motion.synthesis.plan import Plan
from motion.synthesis.scene import COUNTS, NUMBERS, Scene
from motion.synthesis.steps import lift_foot, outward, place, side_steps, step

_BALANCING = arm("both", 12, 34, 10, 36)


@dataclass(frozen=True)
class LegMove:
    """What a lifted foot does: keys (seconds after lifting, metres outward, up and ahead, pitch in rad heel up), how
    the trunk goes with it at the key `strike`, and how long the foot is in the air."""

    keys: tuple[tuple[float, float, float, float, float], ...]
    air_s: float
    strike: int
    trunk: dict[str, float]
    arms: dict[str, float]
    holds: bool = False


KICK_FORWARD = LegMove(
    ((0.28, 0.0, 0.36, 0.0, 0.5), (0.46, 0.0, 0.62, 0.72, 0.1), (0.70, 0.0, 0.34, 0.08, 0.4)),
    1.05,
    1,
    {"hinge": -9.0, "lean": -3.0},
    arm("both", 34, 16, 28, 92),
)
KICK_SIDE = LegMove(
    ((0.32, 0.06, 0.36, 0.05, 0.4), (0.54, 0.66, 0.60, 0.04, 0.0), (0.80, 0.08, 0.32, 0.05, 0.3)),
    1.15,
    1,
    {"list": 13.0, "bend": -12.0},
    arm("both", 34, 18, 28, 92),
)
KICK_BACK = LegMove(
    ((0.30, 0.0, 0.22, -0.05, 0.6), (0.52, 0.0, 0.42, -0.58, 0.7), (0.80, 0.0, 0.18, -0.10, 0.5)),
    1.1,
    1,
    {"hinge": 24.0, "lean": 6.0},
    arm("both", 30, 20, 20, 70),
)
KNEE_RAISE = LegMove(
    ((0.45, 0.0, 0.40, 0.22, 0.25), (0.70, 0.0, 0.42, 0.23, 0.25)), 1.3, 1, {"lean": -3.0}, arm("both", 16, 18, 14, 50)
)
STAND_ON_ONE = LegMove(
    ((0.6, 0.0, 0.30, 0.06, 0.5), (1.6, 0.0, 0.31, 0.07, 0.5)), 2.3, 1, {"list": 3.0}, _BALANCING, holds=True
)
LEG_BACK = LegMove(
    ((0.7, 0.0, 0.34, -0.42, 0.9), (1.7, 0.0, 0.36, -0.44, 0.9)),
    2.5,
    1,
    {"hinge": 26.0, "lean": 8.0},
    arm("both", 30, 60, 0, 14),
    holds=True,
)
LEG_SWING = LegMove(
    (
        (0.35, 0.0, 0.16, 0.36, -0.1),
        (0.85, 0.0, 0.18, -0.36, 0.5),
        (1.35, 0.0, 0.16, 0.38, -0.1),
        (1.8, 0.0, 0.18, -0.3, 0.5),
    ),
    2.3,
    0,
    {},
    _BALANCING,
)


def moving_leg(move: LegMove) -> Callable[[Scene], Plan]:
    """Builder: shift the weight to one leg, move the other, put it down again."""

    def write(scene: Scene) -> Plan:
        reach, tempo = scene.style.size * scene.between(0.85, 1.08), scene.seconds(1.0)
        held = scene.between(0.0, 2.0) if move.holds else 0.0
        lift = scene.between(0.9, 1.2)
        via = []
        for index, (moment, out, up, forward, pitch) in enumerate(move.keys):
            late = held if index >= move.strike and move.holds else 0.0
            via.append(
                (lift + moment * tempo + late, outward(scene.side) * out * reach, up * reach, forward * reach, pitch)
            )
        land = lift + move.air_s * tempo + held
        plan = scene.plan(land + scene.between(0.7, 1.0))
        plan.stand(width=0.15)
        lift_foot(plan, scene.side, lift, land, via)
        strike = via[move.strike][0]
        last = strike if not move.holds else via[-1][0]
        plan.pose(
            [(strike - 0.02, move.arms | move.trunk), (last, move.arms | move.trunk)],
            scene.side,
            lift - 0.5,
            land + 0.2,
        )
        return plan

    return write


def lunging(scene: Scene) -> Plan:
    """A long step ahead, down on the front leg, and back."""
    side, tempo = scene.side, scene.seconds(1.0)
    length, depth = scene.between(0.52, 0.68) * scene.body.leg / 0.84, scene.between(0.2, 0.3)
    lift = scene.between(0.6, 0.9)
    down = lift + 0.55 * tempo
    rest = down + scene.between(0.7, 1.3) * tempo
    plan = scene.plan(rest + 0.65 * tempo + scene.between(0.7, 1.0))
    plan.stand(width=0.2)
    x, z, yaw = place(plan, side)
    step(plan, side, lift, down, (x, z + length, yaw), clearance=0.1, strike=0.15, shift=0.4, settle=0.3)
    rear = "right" if side == 0 else "left"
    plan.key(
        f"{rear}.heel", [(lift + 0.2, 0.0), (down + 0.35 * tempo, 42.0), (rest - 0.1, 42.0), (rest + 0.5 * tempo, 0.0)]
    )
    bottom = {"height": -depth, "hinge": 5.0, "sway": 0.0}
    plan.pose([(down + 0.45 * tempo, bottom), (rest - 0.15, bottom)], side, lift + 0.1, rest + 0.6 * tempo)
    step(plan, side, rest, rest + 0.6 * tempo, (x, z, yaw), clearance=0.09, push=0.2, shift=0.35, settle=0.4)
    return plan


def genuflecting(scene: Scene) -> Plan:
    """One foot back, down until that knee is just over the floor, and up again."""
    side, tempo = scene.side, scene.seconds(1.0)
    lift = scene.between(0.6, 0.9)
    down = lift + 0.6 * tempo
    rest = down + 0.8 * tempo + scene.between(0.5, 1.4)
    plan = scene.plan(rest + 1.2 * tempo + 0.6 + scene.between(0.5, 0.8))
    plan.stand(width=0.2)
    x, z, yaw = place(plan, side)
    name = "left" if side == 0 else "right"
    step(plan, side, lift, down, (x, z - 0.46 * scene.body.leg / 0.84, yaw), clearance=0.07, shift=0.4, settle=0.35)
    plan.key(
        f"{name}.heel",
        [
            (lift + 0.3, 0.0),
            (down + 0.6 * tempo, 62.0),
            (rest, 62.0),
            (rest + 0.7 * tempo, 8.0),
            (rest + 1.3 * tempo, 0.0),
        ],
    )
    low = {"height": -0.40 * scene.body.leg / 0.84, "hinge": 8.0, "lean": 6.0, "nod": 10.0} | arm(
        "other", 36, 6, 30, 50
    )
    plan.pose([(down + 0.75 * tempo, low), (rest, low)], side, down - 0.2, rest + 0.9 * tempo)
    back = rest + 0.8 * tempo
    step(plan, side, back, back + 0.55 * tempo, (x, z, yaw), clearance=0.07, shift=0.35, settle=0.35)
    return plan


def stepping_over(scene: Scene) -> Plan:
    """High steps over something low that is not there: the leading foot, then the other."""
    side, tempo = scene.side, scene.seconds(1.0)
    height, length = scene.between(0.2, 0.34), scene.between(0.52, 0.64) * scene.body.leg / 0.84
    lift = scene.between(0.8, 1.1)
    plan = scene.plan(lift + 3.0 * tempo + scene.between(0.5, 0.8))
    plan.stand(width=0.16)
    moment = lift
    for foot in (side, 1 - side):
        x, z, yaw = place(plan, foot)
        land = moment + 0.85 * tempo
        via = [
            (moment + 0.32 * tempo, x + 0.01 * outward(foot), height, z + 0.3 * length, 0.3),
            (moment + 0.55 * tempo, x + 0.01 * outward(foot), 0.95 * height, z + 0.72 * length, 0.05),
        ]
        step(plan, foot, moment, land, (x, z + length, yaw), shift=0.45, settle=0.3, push=0.45, via=via)
        moment = land + 0.4 * tempo
    plan.pose(
        [
            (lift + 0.5, {"nod": 16.0, "elbow": 34.0, "out": 16.0}),
            (moment - 0.8, {"nod": 14.0, "elbow": 34.0, "out": 16.0}),
        ],
        side,
        lift - 0.5,
        moment,
    )
    return plan


def dancing(scene: Scene) -> Plan:
    """Side to side in rhythm: a step, the other foot closes with a touch, and back."""
    beat, count = scene.seconds(0.42), scene.number(2, 4)
    start, length = scene.between(0.4, 0.7), scene.between(0.22, 0.34) * scene.style.size
    plan = scene.plan(start + 4 * count * beat + scene.between(0.3, 0.6))
    plan.stand(width=0.17)
    moment, side = start, scene.side
    for _ in range(2 * count):
        side_steps(plan, side, 1, length, moment, beat)
        moment, side = moment + 2 * beat, 1 - side
    on = ramp(plan.time, start - 0.2, start + 0.3) * (1 - ramp(plan.time, moment - 0.3, moment + 0.2))
    phase = np.pi * (plan.time - start) / beat
    sway = np.sin(phase / 2) * outward(scene.side) * on
    bounce = 0.5 * (1 - np.cos(2 * phase)) * on
    plan.add({"height": -0.03 * bounce, "twist": 8.0 * sway, "bend": 4.0 * sway, "nod": 4.0 * bounce})
    lively = scene.between(10, 26)
    plan.add(
        {
            name: value
            for side_name, way in (("left", 1), ("right", -1))
            for name, value in (
                (f"{side_name}.elbow", 58 * on + 8 * bounce),
                (f"{side_name}.flex", lively * way * sway + 10 * on),
                (f"{side_name}.out", 8 * on),
            )
        }
    )
    return plan


def _arm_swing(plan: Plan, scene: Scene, jumps: list[Jump], dip: float) -> None:
    """Back in the crouch, up at the take-off, down while the legs absorb the landing."""
    first, last = jumps[0].takeoff, jumps[-1].landing
    gain = scene.style.size * scene.between(0.6, 1.1)
    keys = [
        (first - 0.26, {"flex": -42 * gain, "elbow": 18.0, "hinge": 24.0, "lean": 12.0}),
        (first + 0.03, {"flex": 78 * gain, "elbow": 34.0, "hinge": 2.0, "lean": -2.0}),
        (last - 0.03, {"flex": 52 * gain, "elbow": 30.0, "hinge": 6.0, "lean": 3.0}),
        (last + 0.22, {"flex": 14.0, "elbow": 30.0, "hinge": 22.0, "lean": 10.0}),
    ]
    plan.pose(keys, scene.side, dip - 0.4, last + 0.95)


def jumping(forward: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> Callable[[Scene], Plan]:
    """Builder of two-legged jumps, on the spot, ahead (`forward` metres, negative back) or turning (rad)."""

    def write(scene: Scene) -> Plan:
        height = scene.between(0.09, 0.24) * scene.style.size
        depth, air = scene.between(0.16, 0.24) + 0.25 * height, flight_time(height)
        takeoff = push_time(height, depth) + scene.between(0.85, 1.1)
        distance, angle = scene.between(*forward), turn * outward(scene.side)
        plan = scene.plan(takeoff + air + scene.between(1.3, 1.6))
        plan.stand(width=0.22)
        spots = [place(plan, side) for side in (0, 1)]
        landed = [
            (x * np.cos(angle) + z * np.sin(angle), z * np.cos(angle) - x * np.sin(angle) + distance, yaw + angle)
            for x, z, yaw in spots
        ]
        jumps = [Jump(takeoff, takeoff + air, landed[0], landed[1])]
        write_jumps(plan, jumps, depth, absorb=0.26, recover=0.65)
        _arm_swing(plan, scene, jumps, takeoff - push_time(height, depth))
        return plan

    return write


def _series(scene: Scene, count: int, height: float, depth: float) -> tuple[float, list[tuple[float, float]]]:
    """The take-off and landing times of `count` jumps in a row, and when the first crouch is deepest."""
    push = push_time(height, depth)
    takeoff = push + scene.between(0.75, 0.95)
    times = []
    for _ in range(count):
        times.append((takeoff, takeoff + flight_time(height)))
        takeoff = times[-1][1] + 1.55 * push
    return times[0][0] - push, times


def hopping(scene: Scene) -> Plan:
    """Small jumps in a row on both feet."""
    count, height = scene.number(2, 4), scene.between(0.04, 0.09)
    dip, times = _series(scene, count, height, 0.09)
    plan = scene.plan(times[-1][1] + scene.between(1.0, 1.3))
    plan.stand(width=0.2)
    spots = [place(plan, side) for side in (0, 1)]
    scene.words |= {"times": COUNTS[count], "count": NUMBERS[count]}
    write_jumps(plan, [Jump(a, b, spots[0], spots[1]) for a, b in times], 0.09, absorb=0.2, recover=0.5)
    plan.pose(
        [(dip, {"elbow": 62.0, "hinge": 7.0, "lean": 5.0}), (times[-1][1], {"elbow": 62.0, "hinge": 7.0})],
        0,
        dip - 0.5,
        times[-1][1] + 0.8,
    )
    return plan


def jumping_jacks(scene: Scene) -> Plan:
    """Feet apart and arms up, feet together and arms down."""
    count, height = scene.number(2, 4), scene.between(0.06, 0.09)
    dip, times = _series(scene, 2 * count, height, 0.09)
    plan = scene.plan(times[-1][1] + scene.between(1.0, 1.2))
    plan.stand(width=0.18)
    together = [place(plan, side) for side in (0, 1)]
    apart = [(x + outward(side) * 0.17, z, yaw + outward(side) * 0.1) for side, (x, z, yaw) in enumerate(together)]
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
