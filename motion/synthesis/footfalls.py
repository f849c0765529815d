"""Feet: where and when each stands, and how it moves from one stance to the next.

In a stance the ball of the foot is fixed on the floor, except right after the foot touches down heel first. At the end
of a stance the heel rises about the ball; then the foot swings on a smooth arc, the heel touches down, and the foot
rolls flat about the heel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from motion import rotation
from motion.physics import GRAVITY_M_S2
from motion.synthesis.anatomy import Body
from motion.synthesis.curve import bump, interpolate_keys, minimum_jerk, ramp, smooth, smoothstep

_HEEL, _MIDFOOT, _TOES = -0.2, 0.4, 1.25  # centres of pressure, on a scale from ankle (0) to ball (1)
_ROLLED = 0.2  # lift of heel or toes, rad, beyond which only the ball or only the heel carries load
_PRESSURE_SMOOTHING_S = 0.04


@dataclass(frozen=True)
class Stance:
    """A foot on the floor.

    Attributes:
        start: time of touch-down, s.
        end: time of lift-off, s.
        x: position of the middle between ankle and ball, m.
        z: the same.
        yaw: heading, rad.
        strike: pitch at touch-down, rad, toes up.
        strike_s: time in which the foot rolls flat, s.
        push: pitch at lift-off, rad, heel up.
        push_s: time before lift-off in which the heel rises, s.
        load_s: time after touch-down in which the foot takes load, s.
        unload_s: time before lift-off in which it gives the load up, s.
    """

    start: float
    end: float
    x: float
    z: float
    yaw: float = 0.0
    strike: float = 0.0
    strike_s: float = 0.1
    push: float = 0.0
    push_s: float = 0.2
    load_s: float = 0.12
    unload_s: float = 0.12


@dataclass(frozen=True)
class Swing:
    """The movement of a foot through the air between two stances.

    Attributes:
        clearance: largest height of the ball above the floor, m.
        peak: share of the swing at which it is reached.
        via: keys (time, x, y, z, pitch) to move through instead of the plain arc: position of the middle of the flat
            foot in m, and pitch in rad, positive with the heel up.
        ballistic: whether the body is in the air meanwhile, so that the foot rises and falls with it.
        drag: share of the swing after which the heel is level again.
    """

    clearance: float = 0.05
    peak: float = 0.4
    via: tuple[tuple[float, float, float, float, float], ...] = ()
    ballistic: bool = False
    drag: float = 0.75


@dataclass
class Footwork:
    """The movement of one foot.

    Attributes:
        stances: the stances in order.
        swings: the swings between them, one fewer.
    """

    stances: list[Stance] = field(default_factory=list)
    swings: list[Swing] = field(default_factory=list)

    def step(self, stance: Stance, swing: Swing) -> None:
        """Add a swing to the next stance, which must start after the last one has ended."""
        assert not self.stances or self.stances[-1].end < stance.start, "stances of a foot must not overlap"
        if self.stances:
            self.swings.append(swing)
        self.stances.append(stance)

    def lift(self, moment: float, **changes: float) -> Stance:
        """End the last stance at `moment`, change its other attributes by name, and return it."""
        self.stances[-1] = replace(self.stances[-1], end=moment, **changes)
        return self.stances[-1]


@dataclass(frozen=True, eq=False)
class FootPath:
    """The path of one foot.

    Attributes:
        ankle: (n, 3) position of the ankle, m.
        ball: (n, 3) position of the ball, m.
        pressure: (n, 3) centre of pressure, m.
        yaw: (n,) heading, rad.
        planted: (n,) bool, whether the ball is fixed on the floor.
        load: (n,) share of the load that the foot can carry, 0 to 1.
    """

    ankle: np.ndarray
    ball: np.ndarray
    pressure: np.ndarray
    yaw: np.ndarray
    planted: np.ndarray
    load: np.ndarray


def _pitch_vector(pitch: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Rotate `vector` (3,) about the x axis by `pitch` (n,) rad, positive with the heel up: (n, 3)."""
    sine, cosine = np.sin(pitch), np.cos(pitch)
    x, y, z = np.broadcast_to(vector, (len(pitch), 3)).T
    return np.stack([x, cosine * y - sine * z, sine * y + cosine * z], -1)


def _swing_path(ends: np.ndarray, before: Stance, after: Stance, swing: Swing, time: np.ndarray) -> np.ndarray:
    """Compute the position of the middle of the flat foot and its yaw (n, 4) between `ends` (2, 4)."""
    span = after.start - before.end
    phase = (time - before.end) / span
    yaw = ends[0, 3] + (ends[1, 3] - ends[0, 3]) * minimum_jerk(phase)
    if swing.via:
        keys = [(before.end, *ends[0, :3]), *(key[:4] for key in swing.via), (after.start, *ends[1, :3])]
        return np.column_stack([interpolate_keys(keys, time), yaw])
    path = ends[0] + (ends[1] - ends[0]) * smoothstep(phase)[:, None]
    path[:, 1] += swing.clearance * bump(phase, swing.peak)
    if swing.ballistic:
        path[:, 1] += 0.5 * GRAVITY_M_S2 * (time - before.end) * (after.start - time)
    return path


def foot_path(footwork: Footwork, body: Body, time: np.ndarray, heel_lift: np.ndarray) -> FootPath:
    """Compute the path of a foot.

    Args:
        footwork: stances and swings of the foot.
        body: the body.
        time: (n,) times, s.
        heel_lift: (n,) additional pitch, rad, heel up (tiptoe).
    """
    count = len(time)
    middle = np.zeros((count, 4))
    heel, toes, free = heel_lift.copy(), np.zeros(count), np.zeros(count)
    planted, load = np.zeros(count, bool), np.zeros(count)
    for stance in footwork.stances:
        here = (time >= stance.start) & (time <= stance.end)
        middle[here] = (stance.x, 0, stance.z, stance.yaw)
        toes_down = stance.start + (stance.strike_s if stance.strike else 0.0)
        planted |= here & (time >= toes_down)
        rise = ramp(time, stance.start, stance.start + stance.load_s)
        load = np.maximum(load, here * rise * (1 - ramp(time, stance.end - stance.unload_s, stance.end)))
    for before, after, swing in zip(footwork.stances[:-1], footwork.stances[1:], footwork.swings, strict=True):
        here = (time > before.end) & (time < after.start)
        ends = np.array([[s.x, 0, s.z, s.yaw] for s in (before, after)])
        middle[here] = _swing_path(ends, before, after, swing, time[here])
        if swing.via:
            keys = [(before.end, 0.0), *((key[0], key[4]) for key in swing.via), (after.start, 0.0)]
            free += np.where(here, interpolate_keys(keys, time), 0.0)
        heel += _heel_lift(before, after, swing, time)
        toes += _toe_lift(before, after, time)
    ball_of_flat = body.foot * (0, 0, 0.5)
    heading = rotation.about_y(middle[:, 3])
    ankle_of_flat = middle[:, :3] + rotation.rotate(heading, ball_of_flat - body.foot)
    # The foot rotates about its ball when the heel rises, about its heel when the toes rise, and about its ankle by the
    # pitch of keys in the air.
    about_ball = body.foot - _pitch_vector(heel, body.foot)
    about_heel = body.heel - _pitch_vector(-toes, body.heel)
    ankle = ankle_of_flat + rotation.rotate(heading, about_ball + about_heel)
    ball = ankle + rotation.rotate(heading, _pitch_vector(heel - toes + free, body.foot))
    ankle[:, 1] += np.maximum(-ball[:, 1], 0)
    ball[:, 1] = np.maximum(ball[:, 1], 0)
    pressure = (
        _MIDFOOT + (_TOES - _MIDFOOT) * minimum_jerk(heel / _ROLLED) - (_MIDFOOT - _HEEL) * minimum_jerk(toes / _ROLLED)
    )
    along_foot = (pressure[:, None] - 0.5) * rotation.rotate(heading, np.array([0.0, 0.0, body.foot[2]]))
    return FootPath(
        ankle, ball, smooth(middle[:, :3] * (1, 0, 1) + along_foot, _PRESSURE_SMOOTHING_S), middle[:, 3], planted, load
    )


def _heel_lift(before: Stance, after: Stance, swing: Swing, time: np.ndarray) -> np.ndarray:
    """Compute the pitch around the end of a stance: the heel rises about the ball and comes down in the air."""
    if not before.push:
        return np.zeros(len(time))
    top = before.end + 0.15 * (after.start - before.end) * (not swing.ballistic)
    level = before.end + swing.drag * (after.start - before.end)
    return before.push * (ramp(time, before.end - before.push_s, top) - ramp(time, top, level))


def _toe_lift(before: Stance, after: Stance, time: np.ndarray) -> np.ndarray:
    """Compute the pitch around the start of a stance: the toes rise in the air and come down about the heel."""
    if not after.strike:
        return np.zeros(len(time))
    rise = after.start - 0.5 * (after.start - before.end)
    return after.strike * (ramp(time, rise, after.start) - ramp(time, after.start, after.start + after.strike_s))
