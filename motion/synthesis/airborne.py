"""Motions in which the body leaves the ground: jumps, hops and runs.

In the air the centre of mass falls freely. On the ground it follows a smooth curve that joins the parabola with the
same height, velocity and acceleration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.physics import GRAVITY_M_S2
from motion.synthesis.anatomy import SIDES
from motion.synthesis.curve import hermite
from motion.synthesis.footfalls import Stance, Swing
from motion.synthesis.gait import Path
from motion.synthesis.plan import LEFT, Plan

_TIPTOE_RISE_M = 0.05  # height of the centre of mass at take-off above standing: heels up, knees straight
_LANDING_HEEL = 24.0  # pitch of the foot when the ball touches down, degrees, heel up


@dataclass(frozen=True)
class Jump:
    """One jump.

    Attributes:
        takeoff: time of the take-off, s.
        landing: time of the landing, s.
        left: where the left foot lands: x, z in metres and yaw in rad.
        right: where the right foot lands.
    """

    takeoff: float
    landing: float
    left: tuple[float, float, float]
    right: tuple[float, float, float]

    @property
    def speed(self) -> float:
        """Vertical speed at take-off, m/s."""
        return GRAVITY_M_S2 * (self.landing - self.takeoff) / 2


def flight_time(height: float) -> float:
    """Return the seconds in the air of a jump that lifts the centre of mass by `height` metres."""
    return float(np.sqrt(8 * height / GRAVITY_M_S2))


def push_time(jump_height: float, depth: float) -> float:
    """Return the seconds from a crouch of `depth` metres to the take-off of a jump of `jump_height` metres."""
    return 1.9 * (depth + _TIPTOE_RISE_M) / float(np.sqrt(2 * GRAVITY_M_S2 * jump_height))


def write_jumps(plan: Plan, jumps: Sequence[Jump], depth: float, absorb: float, recover: float) -> None:
    """Add jumps to `plan`, in which both feet stand.

    Args:
        plan: the plan.
        jumps: the jumps in order.
        depth: depth of the crouch before the first take-off and after each landing, m.
        absorb: time from a landing to the lowest point, s.
        recover: time from there to standing, after the last jump, s.
    """
    top = _TIPTOE_RISE_M
    first = jumps[0]
    push = 1.9 * (depth + top) / first.speed
    dip = first.takeoff - push
    down = max(0.45, 2.2 * np.sqrt(depth))
    keys = [(dip - down, 0.0, 0.0, 0.0), (dip, -depth, 0.0, 0.35 * GRAVITY_M_S2)]
    for index, jump in enumerate(jumps):
        keys.append((jump.takeoff, top, jump.speed, -GRAVITY_M_S2))
        keys.append((jump.landing, top, -jump.speed, -GRAVITY_M_S2))
        if index + 1 == len(jumps):
            keys.append((jump.landing + absorb, -0.8 * depth, 0.0, 0.25 * GRAVITY_M_S2))
            keys.append((jump.landing + absorb + recover, 0.0, 0.0, 0.0))
        _move_feet(plan, jump)
    plan.rise = hermite(keys, plan.time)


def _move_feet(plan: Plan, jump: Jump) -> None:
    for footwork, side, target in zip(plan.feet, SIDES, (jump.left, jump.right), strict=True):
        x, z, yaw = target
        footwork.lift(jump.takeoff, push=0.75, push_s=0.22, unload_s=0.03)
        landed = Stance(jump.landing, plan.end + 5, x, z, yaw, load_s=0.03)
        footwork.step(landed, Swing(clearance=0.02, ballistic=True, drag=0.6))
        middle = (jump.takeoff + jump.landing) / 2
        touch = [(middle, 0.0), (jump.landing, _LANDING_HEEL), (jump.landing + 0.14, 0.0)]
        plan.key(f"{side}.heel", touch)


@dataclass(frozen=True)
class Run:
    """The gait of a runner.

    Attributes:
        speed: m/s.
        step_time: duration of a step, s.
        flying: share of a step in which both feet are in the air.
        kick: height to which the heel swings up behind the body, m.
        width: distance between the lines of the two feet, m.
        lean: forward lean of the trunk, degrees.
        arms: scale of the arms' swing.
        knees: additional height of the foot as it passes under the body, m.
    """

    speed: float = 2.8
    step_time: float = 0.37
    flying: float = 0.3
    kick: float = 0.3
    width: float = 0.07
    lean: float = 7.0
    arms: float = 1.0
    knees: float = 0.0


def run_along(plan: Plan, path: Path, run: Run, first: int = LEFT) -> None:
    """Add a steady run along `path` to `plan`, longer than the clip, which shows a part of it."""
    air = run.flying * run.step_time
    ground = run.step_time - air
    speed = GRAVITY_M_S2 * air / 2
    count = int((plan.end - plan.start) / run.step_time)
    keys: list[tuple[float, float, float, float]] = []
    lifted: list[float | None] = [None, None]
    for step in range(count):
        side = (first + step) % 2
        lands = plan.start + step * run.step_time
        lifts = lands + ground
        keys += [(lands, 0.0, -speed, -GRAVITY_M_S2), (lifts, 0.0, speed, -GRAVITY_M_S2)]
        x, z, heading = path(run.speed * (lands + ground / 2))
        outward = 1 if side == LEFT else -1
        aside = outward * run.width / 2 + 0.008 * plan.rng.standard_normal()
        x, z = x + aside * np.cos(heading), z - aside * np.sin(heading)
        stance = Stance(
            lands, lifts, float(x), float(z), heading + outward * 0.06, strike=0.06, strike_s=0.05,
            push=0.85, push_s=0.75 * ground, load_s=0.04, unload_s=0.04,
        )  # fmt: skip
        footwork, before = plan.feet[side], lifted[side]
        if before is None:
            footwork.stances.append(stance)
        else:
            footwork.step(stance, _heel_swing(footwork.stances[-1], stance, run))
        lifted[side] = lifts
    plan.rise = hermite(keys, plan.time) + _TIPTOE_RISE_M - 0.075
    _swing_runner(plan, run, first)


def _heel_swing(before: Stance, after: Stance, run: Run) -> Swing:
    """Return a swing in which the heel goes up behind the body, passes under it with a bent knee, and reaches ahead.

    The keys were chosen so that the angular momentum of the body changes little in the air, and so that the foot comes
    down steeply enough not to scuff.
    """
    start, span = before.end, after.start - before.end
    path = (  # share of the time, share of the way, height in m, pitch in rad with the heel up
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
    wave = sign * np.cos(phase)  # 1 while the left foot is loaded
    plan.add({"hinge": run.lean, "turn": 5.0 * np.sin(phase) * sign, "twist": -13.0 * np.sin(phase) * sign})
    plan.add({"list": -2.0 * wave})
    for side, way in zip(SIDES, (1.0, -1.0), strict=True):
        swing = way * sign * np.cos(phase - 0.5 * np.pi)
        plan.add({
            f"{side}.flex": run.arms * (34 * swing - 6), f"{side}.elbow": 62 + 10 * run.arms * swing,
            f"{side}.out": 6.0, f"{side}.roll": 8.0,
        })  # fmt: skip
