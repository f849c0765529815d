"""Plans of clips in which a foot leaves the floor: kicks, lunges, standing on one leg, dance steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motion.synthesis.curve import ramp
from motion.synthesis.gesture_library import arm
from motion.synthesis.plan import Plan
from motion.synthesis.scene import Scene
from motion.synthesis.single_steps import last_stance, lift_foot, outward_sign, side_steps, step

_BALANCING = arm("both", 12, 34, 10, 36)


@dataclass(frozen=True)
class LegMove:
    """The movement of a lifted leg, with the trunk and the arms that go with it.

    Attributes:
        keys: positions of the foot: seconds after lifting, metres outward, upward and forward from where it stood, and
            pitch in rad, positive with the heel up.
        air_s: seconds that the foot is in the air.
        strike: index of the key at which trunk and arms reach their posture.
        trunk: posture of the trunk; see `plan.Posture`.
        arms: posture of the arms.
        holds: whether the leg may be held still for a while, from `strike` on.
    """

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
    ((0.7, 0.0, 0.36, -0.58, 0.9), (1.7, 0.0, 0.38, -0.6, 0.9)),
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


def leg_move_builder(move: LegMove) -> Callable[[Scene], Plan]:
    """Return a builder of plans that shift the weight to one leg, move the other, and put it down again."""

    def build_plan(scene: Scene) -> Plan:
        reach, tempo = scene.style.size * scene.between(0.85, 1.08), scene.seconds(1.0)
        held = scene.between(0.0, 2.0) if move.holds else 0.0
        lift = scene.between(0.9, 1.2)
        via = []
        for index, (moment, out, up, forward, pitch) in enumerate(move.keys):
            late = held if index >= move.strike and move.holds else 0.0
            via.append(
                (
                    lift + moment * tempo + late,
                    outward_sign(scene.side) * out * reach,
                    up * reach,
                    forward * reach,
                    pitch,
                )
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

    return build_plan


def build_lunge(scene: Scene) -> Plan:
    """Plan a long step forward, a bend of the front leg, and the way back."""
    side, tempo = scene.side, scene.seconds(1.0)
    length, depth = scene.between(0.52, 0.68) * scene.body.leg / 0.84, scene.between(0.2, 0.3)
    lift = scene.between(0.6, 0.9)
    down = lift + 0.55 * tempo
    rest = down + scene.between(0.7, 1.3) * tempo
    plan = scene.plan(rest + 0.65 * tempo + scene.between(0.7, 1.0))
    plan.stand(width=0.2)
    x, z, yaw = last_stance(plan, side)
    step(plan, side, lift, down, (x, z + length, yaw), clearance=0.1, strike=0.15, shift=0.4, settle=0.3)
    rear = "right" if side == 0 else "left"
    plan.key(
        f"{rear}.heel", [(lift + 0.2, 0.0), (down + 0.35 * tempo, 42.0), (rest - 0.1, 42.0), (rest + 0.5 * tempo, 0.0)]
    )
    bottom = {"height": -depth, "hinge": 5.0, "sway": 0.0}
    plan.pose([(down + 0.45 * tempo, bottom), (rest - 0.15, bottom)], side, lift + 0.1, rest + 0.6 * tempo)
    step(plan, side, rest, rest + 0.6 * tempo, (x, z, yaw), clearance=0.09, push=0.2, shift=0.35, settle=0.4)
    return plan


def build_genuflection(scene: Scene) -> Plan:
    """Plan a step back with one foot, a bend until its knee is just above the floor, and the way up."""
    side, tempo = scene.side, scene.seconds(1.0)
    lift = scene.between(0.6, 0.9)
    down = lift + 0.6 * tempo
    rest = down + 0.8 * tempo + scene.between(0.5, 1.4)
    plan = scene.plan(rest + 1.2 * tempo + 0.6 + scene.between(0.5, 0.8))
    plan.stand(width=0.2)
    x, z, yaw = last_stance(plan, side)
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


def build_step_over(scene: Scene) -> Plan:
    """Plan high steps over an imaginary low obstacle, first with one foot, then with the other."""
    side, tempo = scene.side, scene.seconds(1.0)
    height, length = scene.between(0.2, 0.34), scene.between(0.52, 0.64) * scene.body.leg / 0.84
    lift = scene.between(0.8, 1.1)
    plan = scene.plan(lift + 3.0 * tempo + scene.between(0.5, 0.8))
    plan.stand(width=0.16)
    moment = lift
    for foot in (side, 1 - side):
        x, z, yaw = last_stance(plan, foot)
        land = moment + 0.85 * tempo
        via = [
            (moment + 0.32 * tempo, x + 0.01 * outward_sign(foot), height, z + 0.3 * length, 0.3),
            (moment + 0.55 * tempo, x + 0.01 * outward_sign(foot), 0.95 * height, z + 0.72 * length, 0.05),
        ]
        step(plan, foot, moment, land, (x, z + length, yaw), shift=0.45, settle=0.3, push=0.75, via=via)
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


def build_dance(scene: Scene) -> Plan:
    """Plan a dance from side to side in rhythm: a step, the other foot closes, and back."""
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
    sway = np.sin(phase / 2) * outward_sign(scene.side) * on
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
