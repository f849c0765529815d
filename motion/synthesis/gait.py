"""Walking: footprints along a path and their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motion.synthesis.anatomy import SIDES
from motion.synthesis.curve import ramp
from motion.synthesis.footfalls import Stance, Swing
from motion.synthesis.plan import LEFT, Plan

# Step length over step rate, m per step/min: Sekiya et al., "The invariant relationship between step length and step
# rate during free walking", Journal of Human Movement Studies 30, 1996.
_WALK_RATIO = 0.0058
Path = Callable[[float], tuple[float, float, float]]
"""Function from the distance walked, m, to x, z in m and heading in rad, 0 along +Z and positive to the left."""


def straight(distance: float) -> tuple[float, float, float]:
    """Go straight ahead; a `Path`."""
    return 0.0, distance, 0.0


def bent_path(bends: list[tuple[float, float, float]]) -> Path:
    """Return a path with bends.

    Args:
        bends: (start, length, angle) of each bend in m, m and rad; the angle is distributed over the length.
    """
    grid = np.linspace(-4.0, 16.0, 2001)
    heading = sum((angle * ramp(grid, start, start + length) for start, length, angle in bends), np.zeros_like(grid))
    pace = grid[1] - grid[0]
    x, z = (np.concatenate([[0.0], np.cumsum(f(heading))[:-1]]) * pace for f in (np.sin, np.cos))
    x, z = x - np.interp(0, grid, x), z - np.interp(0, grid, z)
    return lambda s: (float(np.interp(s, grid, x)), float(np.interp(s, grid, z)), float(np.interp(s, grid, heading)))


def arc(radius: float) -> Path:
    """Return a path on a circle of this radius, m, to the left if it is positive."""
    return lambda s: (radius * (1 - float(np.cos(s / radius))), radius * float(np.sin(s / radius)), s / radius)


@dataclass(frozen=True)
class Walk:
    """The gait of a walker.

    Attributes:
        speed: m/s; negative to walk backwards.
        width: distance between the lines of the two feet, m.
        step_scale: length of steps relative to what is usual at this speed; longer steps are less frequent.
        clearance: height to which a foot is lifted, m.
        double_support: share of a step in which both feet stand; None for the usual share at this speed.
        push: pitch of the foot at lift-off, rad, heel up; None for the usual pitch at this speed.
        strike: pitch of the foot at touch-down, rad, toes up; None for the usual pitch at this speed.
        arms: scale of the arms' swing.
        toe_out: outward rotation of the feet, rad.
        irregular: standard deviation of footprints, m, and of times as a share of a step.
    """

    speed: float = 1.2
    width: float = 0.12
    step_scale: float = 1.0
    clearance: float = 0.075
    double_support: float | None = None
    push: float | None = None
    strike: float | None = None
    arms: float = 1.0
    toe_out: float = 0.1
    irregular: float = 0.008

    @property
    def step_length(self) -> float:
        """Length of a step, m."""
        return float(np.sqrt(60 * abs(self.speed) * _WALK_RATIO)) * self.step_scale

    @property
    def step_time(self) -> float:
        """Duration of a step, s."""
        return self.step_length / abs(self.speed)


def _footprint(
    path: Path, distance: float, side: int, walk: Walk, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return x, z and yaw of a foot that stands at `distance` along the path."""
    x, z, heading = path(distance)
    outward = 1 if side == LEFT else -1
    aside = outward * walk.width / 2 + walk.irregular * rng.standard_normal()
    return (
        x + aside * np.cos(heading),
        z - aside * np.sin(heading),
        heading + outward * walk.toe_out + 0.6 * walk.irregular * rng.standard_normal(),
    )


def walk_along(
    plan: Plan, path: Path, walk: Walk, *, begin: float | None = None, finish: float | None = None, first: int = LEFT
) -> None:
    """Add a walk to `plan`: footprints, and the swing of trunk and arms.

    Args:
        plan: the plan, in which no foot has a stance yet.
        path: where the walk goes.
        walk: the gait.
        begin: time at which the first foot leaves the ground, from standing, s; None for a walk that has begun before.
        finish: time at which the feet stand side by side again, s; None for a walk that goes on.
        first: the side that steps first.
    """
    rng, step_time = plan.rng, walk.step_time
    speed = abs(walk.speed)
    both = walk.double_support if walk.double_support is not None else float(np.clip(0.36 - 0.13 * speed, 0.14, 0.36))
    push = walk.push if walk.push is not None else float(np.clip(0.65 + 0.45 * speed, 0.4, 1.15))
    strike = walk.strike if walk.strike is not None else float(np.clip(0.24 * speed - 0.02, 0.0, 0.36))
    if walk.speed < 0:
        push, strike = 0.25, 0.0
    overlap = both * step_time
    onset = plan.start if begin is None else begin
    stop = plan.end if finish is None else finish
    count = max(2, round((stop - onset) / step_time)) if finish is not None else int((stop - onset) / step_time) + 2
    pace = (stop - onset) / count if finish is not None else step_time
    length = np.copysign(walk.step_length, walk.speed)
    origin = 0.0 if begin is not None else length * (onset / step_time)

    timing = dict(load_s=overlap, unload_s=overlap)
    for side in (first, 1 - first):
        x, z, yaw = _footprint(path, origin, side, walk, rng)
        plan.feet[side].stances.append(Stance(plan.start - 5, plan.end + 5, x, z, yaw, **timing))
    landings: list[tuple[float, int]] = []
    travelled = origin
    for step in range(count):
        side = (first + step) % 2
        starting, ending = begin is not None and step == 0, finish is not None and step == count - 1
        part = 0.5 if starting or ending else 1.0
        travelled += 0.0 if ending else part * length
        jitter = 0.0 if ending else walk.irregular * rng.standard_normal() * pace
        lands = onset + (step + 1) * pace + jitter
        lifts = onset + step * pace + overlap * (not starting)
        if landings and not starting:
            lifts = landings[-1][0] + overlap
        if lifts > plan.end or lands - lifts < 0.15:
            break
        x, z, yaw = _footprint(path, travelled, side, walk, rng)
        soft = 0.4 if starting or ending else 1.0
        unload = 0.45 if starting else overlap
        plan.feet[side].lift(lifts, push=push * (0.5 if starting else 1.0), push_s=0.5 * pace, unload_s=unload)
        stance = Stance(lands, plan.end + 5, x, z, yaw, strike=strike * soft, strike_s=0.18 * pace + 0.03, **timing)
        plan.feet[side].step(stance, Swing(walk.clearance * (0.7 if ending else 1.0), peak=0.38))
        landings.append((lands, side))
    _swing_body(plan, walk, landings, pace)


def _swing_body(plan: Plan, walk: Walk, landings: list[tuple[float, int]], pace: float) -> None:
    """Swing trunk and arms in the rhythm of the landings, each arm with the leg of the other side."""
    time = plan.time
    moments = np.array([moment for moment, _ in landings])
    signs = np.array([1.0 if side == LEFT else -1.0 for _, side in landings])
    # The phase advances by pi from one landing to the next. Where the wave is positive, the left foot is ahead.
    phase = np.pi * np.interp(time, moments, np.arange(len(moments)), left=-0.5, right=len(moments) - 0.5)
    before = (time - moments[0]) / pace
    phase = np.where(time < moments[0], np.pi * before, phase)
    last = len(moments) - 1
    phase = np.where(time > moments[-1], np.pi * (last + (time - moments[-1]) / pace), phase)
    moving = ramp(time, moments[0] - pace, moments[0]) if moments[0] - pace > plan.start else np.ones_like(time)
    if moments[-1] + 0.7 * pace < plan.end:
        moving = moving * (1 - ramp(time, moments[-1] - 0.5 * pace, moments[-1] + 0.5 * pace))
    wave = signs[0] * np.cos(phase) * moving * np.sign(walk.speed)
    late = signs[0] * np.cos(phase - 0.35) * moving * np.sign(walk.speed)
    speed = abs(walk.speed)
    arm = walk.arms * np.clip(7 + 15 * speed, 6, 34)
    turn = float(np.clip(1.5 + 3.2 * speed, 2, 7))
    plan.add({
        "turn": -turn * wave,
        "twist": turn * 1.7 * wave,
        "list": -2.0 * np.clip(speed, 0.3, 1.2) * signs[0] * np.sin(phase) * moving,
        "look": -turn * 0.5 * wave,
        "hinge": 1.5 * speed * moving,
    })  # fmt: skip
    for side, sign in zip(SIDES, (-1.0, 1.0), strict=True):
        forward = sign * late
        plan.add({f"{side}.flex": arm * forward, f"{side}.elbow": 0.35 * arm * (1 + forward) * moving})
