"""Feet: where each stands and when, and how it gets from one stand to the next.

A stand has the ball of the foot fixed on the floor, but for the moments after it touches down heel first. Everything
else follows: the heel rolls off about the ball, the foot swings on a smooth arc, the heel touches down and the foot
rolls flat about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from motion import rotation
from motion.synthesis.anatomy import Body
from motion.synthesis.curve import bump, glide, minimum_jerk, ramp, softened, through

GRAVITY = 9.81
_HEEL, _MIDFOOT, _TOES = -0.2, 0.4, 1.25  # where a foot carries, on the way from ankle (0) to ball (1)
_ROLLED = 0.2  # rad of heel or toe lift from which on only the ball or only the heel carries
_CARRYING_S = 0.04


@dataclass(frozen=True)
class Stand:
    """A foot on the floor from `start` to `end`, seconds.

    `x`, `z` place the middle between ankle and ball, `yaw` its heading. It touches down with the toes up by `strike`
    rad and rolls flat within `strike_s`; the heel comes up by `push` rad within the last `push_s`. It takes load over
    `load_s` and gives it up over `unload_s`.
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
    """How a foot moves through the air between two stands.

    Attributes:
        clearance: metres that the ball rises over the floor, most at share `peak` of the way.
        via: keys (time, x, y, z, pitch) of the flat foot's middle and its pitch, heel up positive, to move through
            instead of the plain arc.
        ballistic: whether the body flies meanwhile, so that the foot rises and falls with it.
        drag: share of the way by which the heel has come down again.
    """

    clearance: float = 0.05
    peak: float = 0.4
    via: tuple[tuple[float, float, float, float, float], ...] = ()
    ballistic: bool = False
    drag: float = 0.75


@dataclass
class Footwork:
    """The stands of one foot in order, and the swings between them (one less)."""

    stands: list[Stand] = field(default_factory=list)
    swings: list[Swing] = field(default_factory=list)

    def step(self, stand: Stand, swing: Swing) -> None:
        """Swing on to `stand`; the last stand must have ended before it starts."""
        assert not self.stands or self.stands[-1].end < stand.start, "a foot cannot stand in two places"
        if self.stands:
            self.swings.append(swing)
        self.stands.append(stand)

    def lift(self, moment: float, **changes: float) -> Stand:
        """End the last stand at `moment` and change how it ends; returns it."""
        self.stands[-1] = replace(self.stands[-1], end=moment, **changes)
        return self.stands[-1]


@dataclass(frozen=True, eq=False)
class FootPath:
    """One foot over time: `ankle`, `ball`, `pressure` (where it carries) (n, 3), `yaw` (n,) rad, `planted` (n,) true
    where the ball is fixed, `load` (n,) from 0 to 1."""

    ankle: np.ndarray
    ball: np.ndarray
    pressure: np.ndarray
    yaw: np.ndarray
    planted: np.ndarray
    load: np.ndarray


def _pitched(pitch: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """`vector` (3,) turned about the x axis, heel up: (n, 3)."""
    sine, cosine = np.sin(pitch), np.cos(pitch)
    x, y, z = np.broadcast_to(vector, (len(pitch), 3)).T
    return np.stack([x, cosine * y - sine * z, sine * y + cosine * z], -1)


def _swung(place: np.ndarray, before: Stand, after: Stand, swing: Swing, time: np.ndarray) -> np.ndarray:
    """Path of the flat foot's middle and its yaw (n, 4) between two stands; `place` (2, 4) are its ends."""
    span = after.start - before.end
    phase = (time - before.end) / span
    turn = place[0, 3] + (place[1, 3] - place[0, 3]) * minimum_jerk(phase)
    if swing.via:
        keys = [(before.end, *place[0, :3]), *(key[:4] for key in swing.via), (after.start, *place[1, :3])]
        return np.column_stack([through(keys, time), turn])
    path = place[0] + (place[1] - place[0]) * glide(phase)[:, None]
    path[:, 1] += swing.clearance * bump(phase, swing.peak)
    if swing.ballistic:
        path[:, 1] += 0.5 * GRAVITY * (time - before.end) * (after.start - time)
    return path


def foot_path(work: Footwork, body: Body, time: np.ndarray, heel_lift: np.ndarray) -> FootPath:
    """The foot's path at `time` (n,); `heel_lift` (n,) rad is added to its heel (tiptoe)."""
    count = len(time)
    middle = np.zeros((count, 4))
    heel, toes, free = heel_lift.copy(), np.zeros(count), np.zeros(count)
    planted, load = np.zeros(count, bool), np.zeros(count)
    for stand in work.stands:
        here = (time >= stand.start) & (time <= stand.end)
        middle[here] = (stand.x, 0, stand.z, stand.yaw)
        toes_down = stand.start + (stand.strike_s if stand.strike else 0.0)
        planted |= here & (time >= toes_down)
        rise = ramp(time, stand.start, stand.start + stand.load_s)
        load = np.maximum(load, here * rise * (1 - ramp(time, stand.end - stand.unload_s, stand.end)))
    for before, after, swing in zip(work.stands[:-1], work.stands[1:], work.swings, strict=True):
        here = (time > before.end) & (time < after.start)
        ends = np.array([[s.x, 0, s.z, s.yaw] for s in (before, after)])
        middle[here] = _swung(ends, before, after, swing, time[here])
        if swing.via:
            keys = [(before.end, 0.0), *((key[0], key[4]) for key in swing.via), (after.start, 0.0)]
            free += np.where(here, through(keys, time), 0.0)
        heel += _rolled_off(before, after, swing, time)
        toes += _struck(before, after, time)
    ball_of_flat = body.foot * (0, 0, 0.5)
    turn = rotation.about_y(middle[:, 3])
    ankle_of_flat = middle[:, :3] + rotation.rotate(turn, ball_of_flat - body.foot)
    # Heel lift turns the foot about its ball, toe lift about its heel; a free pitch in the air about its ankle.
    about_ball = body.foot - _pitched(heel, body.foot)
    about_heel = body.heel - _pitched(-toes, body.heel)
    ankle = ankle_of_flat + rotation.rotate(turn, about_ball + about_heel)
    ball = ankle + rotation.rotate(turn, _pitched(heel - toes + free, body.foot))
    ankle[:, 1] += np.maximum(-ball[:, 1], 0)
    ball[:, 1] = np.maximum(ball[:, 1], 0)
    carrying = (
        _MIDFOOT + (_TOES - _MIDFOOT) * minimum_jerk(heel / _ROLLED) - (_MIDFOOT - _HEEL) * minimum_jerk(toes / _ROLLED)
    )
    run = (carrying[:, None] - 0.5) * rotation.rotate(turn, np.array([0.0, 0.0, body.foot[2]]))
    return FootPath(ankle, ball, softened(middle[:, :3] * (1, 0, 1) + run, _CARRYING_S), middle[:, 3], planted, load)


def _rolled_off(before: Stand, after: Stand, swing: Swing, time: np.ndarray) -> np.ndarray:
    """Heel lift around the end of a stand: up about the ball, down again in the air."""
    if not before.push:
        return np.zeros(len(time))
    top = before.end + 0.15 * (after.start - before.end) * (not swing.ballistic)
    level = before.end + swing.drag * (after.start - before.end)
    return before.push * (ramp(time, before.end - before.push_s, top) - ramp(time, top, level))


def _struck(before: Stand, after: Stand, time: np.ndarray) -> np.ndarray:
    """Toe lift around the start of a stand: up in the air, down about the heel."""
    if not after.strike:
        return np.zeros(len(time))
    rise = after.start - 0.5 * (after.start - before.end)
    return after.strike * (ramp(time, rise, after.start) - ramp(time, after.start, after.start + after.strike_s))
