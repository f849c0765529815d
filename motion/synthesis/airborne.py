"""Leaving the ground: jumps, hops and runs.

In the air the centre of mass falls freely; on the ground it dips and rises on a smooth curve that meets the parabola
with its height, velocity and acceleration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.synthesis.anatomy import SIDES
from motion.synthesis.curve import hermite
from motion.synthesis.footfalls import GRAVITY, Stand, Swing
from motion.synthesis.gait import Path
from motion.synthesis.plan import LEFT, Plan

_TIPTOE_RISE_M = 0.05  # of the centre at take-off over standing: heels up, knees straight
_LANDING_HEEL = 24.0  # degrees that the heel is up when the ball touches down


@dataclass(frozen=True)
class Jump:
    """One flight: take-off and landing in seconds, and where each foot lands: (x, z, yaw)."""

    takeoff: float
    landing: float
    left: tuple[float, float, float]
    right: tuple[float, float, float]

    @property
    def speed(self) -> float:
        """Vertical take-off speed, m/s."""
        return GRAVITY * (self.landing - self.takeoff) / 2


def flight_time(height: float) -> float:
    """Seconds in the air of a jump that lifts the centre of mass by `height` metres."""
    return float(np.sqrt(8 * height / GRAVITY))


def push_time(jump_height: float, depth: float) -> float:
    """Seconds to get from a crouch of `depth` metres to the take-off of a jump."""
    return 1.9 * (depth + _TIPTOE_RISE_M) / float(np.sqrt(2 * GRAVITY * jump_height))


def write_jumps(plan: Plan, jumps: Sequence[Jump], depth: float, absorb: float, recover: float) -> None:
    """Write jumps into `plan`, whose feet stand.

    Args:
        depth: metres of crouch before the first take-off and after each landing.
        absorb: seconds from a landing to the deepest point.
        recover: seconds from there to standing, after the last.
    """
    top = _TIPTOE_RISE_M
    first = jumps[0]
    push = 1.9 * (depth + top) / first.speed
    dip = first.takeoff - push
    down = max(0.45, 2.2 * np.sqrt(depth))
    keys = [(dip - down, 0.0, 0.0, 0.0), (dip, -depth, 0.0, 0.35 * GRAVITY)]
    for index, jump in enumerate(jumps):
        keys.append((jump.takeoff, top, jump.speed, -GRAVITY))
        keys.append((jump.landing, top, -jump.speed, -GRAVITY))
        if index + 1 == len(jumps):
            keys.append((jump.landing + absorb, -0.8 * depth, 0.0, 0.25 * GRAVITY))
            keys.append((jump.landing + absorb + recover, 0.0, 0.0, 0.0))
        _move_feet(plan, jump)
    plan.rise = hermite(keys, plan.time)


def _move_feet(plan: Plan, jump: Jump) -> None:
    for work, side, place in zip(plan.feet, SIDES, (jump.left, jump.right), strict=True):
        x, z, yaw = place
        work.lift(jump.takeoff, push=0.75, push_s=0.22, unload_s=0.03)
        landed = Stand(jump.landing, plan.end + 5, x, z, yaw, load_s=0.03)
        work.step(landed, Swing(clearance=0.02, ballistic=True, drag=0.6))
        middle = (jump.takeoff + jump.landing) / 2
        touch = [(middle, 0.0), (jump.landing, _LANDING_HEEL), (jump.landing + 0.14, 0.0)]
        plan.key(f"{side}.heel", touch)


@dataclass(frozen=True)
class Run:
    """How someone runs: `speed` m/s, `step_time` s, share of it in the air, how high the heel swings up (metres)."""

    speed: float = 2.8
    step_time: float = 0.37
    flying: float = 0.3
    kick: float = 0.3
    width: float = 0.07
    lean: float = 7.0
    arms: float = 1.0
    knees: float = 0.0


def run_along(plan: Plan, path: Path, run: Run, first: int = LEFT) -> None:
    """Write a steady run along `path` into `plan`; the clip is cut out of it."""
    air = run.flying * run.step_time
    ground = run.step_time - air
    speed = GRAVITY * air / 2
    count = int((plan.end - plan.start) / run.step_time)
    keys: list[tuple[float, float, float, float]] = []
    lifted: list[float | None] = [None, None]
    for step in range(count):
        side = (first + step) % 2
        lands = plan.start + step * run.step_time
        lifts = lands + ground
        keys += [(lands, 0.0, -speed, -GRAVITY), (lifts, 0.0, speed, -GRAVITY)]
        x, z, heading = path(run.speed * (lands + ground / 2))
        outward = 1 if side == LEFT else -1
        aside = outward * run.width / 2 + 0.008 * plan.rng.standard_normal()
        x, z = x + aside * np.cos(heading), z - aside * np.sin(heading)
        stand = Stand(
            lands, lifts, float(x), float(z), heading + outward * 0.06, strike=0.06, strike_s=0.05,
            push=0.85, push_s=0.75 * ground, load_s=0.04, unload_s=0.04,
        )  # fmt: skip
        work, before = plan.feet[side], lifted[side]
        if before is None:
            work.stands.append(stand)
        else:
            work.step(stand, _heel_swing(work.stands[-1], stand, run))
        lifted[side] = lifts
    plan.rise = hermite(keys, plan.time) + _TIPTOE_RISE_M - 0.075
    _swing_runner(plan, run, first)


def _heel_swing(before: Stand, after: Stand, run: Run) -> Swing:
    """The heel swings up behind, passes under the body with the knee bent, and reaches ahead.

    Where the foot is when was chosen so that the body's angular momentum changes little in the air, and so that the
    foot comes down to the floor steeply enough not to scuff.
    """
    start, span = before.end, after.start - before.end
    path = (  # share of the time and of the way, height, pitch (heel up)
        (0.25, 0.18, 1.1 * run.kick, 0.45),
        (0.5, 0.47, 0.9 * run.kick + run.knees, 0.25),
        (0.75, 0.8, 0.65 * run.kick + 0.6 * run.knees, 0.0),
        (0.9, 0.97, 0.4 * run.kick, -0.05),
    )
    return Swing(
        via=tuple(
            (
                start + time * span,
                before.x + way * (after.x - before.x),
                up,
                before.z + way * (after.z - before.z),
                pitch,
            )
            for time, way, up, pitch in path
        ),
        drag=0.6,
    )


def _swing_runner(plan: Plan, run: Run, first: int) -> None:
    phase = np.pi * (plan.time - plan.start - 0.3 * run.step_time) / run.step_time
    sign = 1.0 if first == LEFT else -1.0
    wave = sign * np.cos(phase)  # 1 while the left foot is under load
    plan.add({"hinge": run.lean, "turn": 5.0 * np.sin(phase) * sign, "twist": -13.0 * np.sin(phase) * sign})
    plan.add({"list": -2.0 * wave})
    for side, way in zip(SIDES, (1.0, -1.0), strict=True):
        swing = way * sign * np.cos(phase - 0.5 * np.pi)
        plan.add({
            f"{side}.flex": run.arms * (34 * swing - 6), f"{side}.elbow": 62 + 10 * run.arms * swing,
            f"{side}.out": 6.0, f"{side}.roll": 8.0,
        })  # fmt: skip
