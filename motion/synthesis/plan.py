"""A plan: what feet, trunk and arms do over time, before any of it is a body in motion.

Tracks are curves over time, in degrees unless said otherwise, zero or `NEUTRAL` at rest:

    height      pelvis above standing, metres        turn        pelvis to the left of the feet's heading
    hinge       pelvis and all above it, forward     list        left hip up
    lean        spine, forward                       bend        spine, to the left
    twist       spine, to the left                   nod, look, tilt   head: down, to the left, onto the left shoulder
    sway        weight, -1 right foot to 1 left      heel        (a side) heel lifted off, ball on the floor
    flex        (a side) upper arm, forward          out         (a side) upper arm, away from the side
    roll        (a side) upper arm about itself, inward          elbow       (a side) bent by
    shrug       (a side) collar up

An arm is first moved out, then swung forward: flex 90 points ahead, out 90 to the side, either 180 overhead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion.synthesis.anatomy import SIDES, Body
from motion.synthesis.curve import PLAN_FPS, ramp, softened, through
from motion.synthesis.footfalls import Footwork, Stand

Posture = Mapping[str, float]
"""Values of tracks. A track of a side is named `left.flex`, `right.flex`, or, from the side that acts, `main.flex` and
`other.flex`; plain `flex` is both. Tracks that go to the left are meant for the left as acting side and are mirrored
for the right."""

TRUNK_TRACKS = (
    "height", "hinge", "lean", "bend", "twist", "turn", "list", "nod", "look", "tilt", "sway",
)  # fmt: skip
SIDE_TRACKS = ("flex", "out", "roll", "elbow", "shrug", "heel")
_LATERAL = {"bend", "twist", "turn", "list", "look", "tilt", "sway"}
NEUTRAL: Posture = {"flex": 1.0, "out": 7.0, "roll": 16.0, "elbow": 20.0}
LEFT, RIGHT = 0, 1


def resolved(posture: Posture, side: int) -> dict[str, float]:
    """`posture` by full track names, for acting `side` (0 left, 1 right)."""
    values: dict[str, float] = {}
    names = {"main": SIDES[side], "other": SIDES[1 - side]}
    for key, value in sorted(posture.items(), key=lambda item: "." in item[0]):
        prefix, _, track = key.rpartition(".")
        if prefix:
            values[f"{names.get(prefix, prefix)}.{track}"] = value
        elif track in SIDE_TRACKS:
            values |= {f"{name}.{track}": value for name in SIDES}
        else:
            values[track] = -value if side == RIGHT and track in _LATERAL else value
    return values


class Plan:
    """What one clip will show; builders write into it, `perform` reads it.

    Attributes:
        body: who performs it.
        rng: the clip's own randomness.
        time: (n,) seconds at `PLAN_FPS`; runs past the clip at both ends.
        feet: the footwork of the left and the right foot.
        tracks: (n,) curves by name.
        rise: (n,) height of the centre of mass over standing, metres, where the plan has flight; else None.
        window: first and last second of the clip.
    """

    def __init__(self, body: Body, rng: np.random.Generator, duration: float, *, lead_in: float = 0.0):
        self.body = body
        self.rng = rng
        self.time = np.arange(round(-lead_in * PLAN_FPS), round((duration + lead_in) * PLAN_FPS) + 1) / PLAN_FPS
        self.window = (0.0, duration)
        self.feet = (Footwork(), Footwork())
        self.rise: np.ndarray | None = None
        zero = np.zeros_like(self.time)
        self.tracks = {name: zero.copy() for name in TRUNK_TRACKS}
        for track in SIDE_TRACKS:
            for side in SIDES:
                self.tracks[f"{side}.{track}"] = zero + NEUTRAL.get(track, 0.0)

    @property
    def start(self) -> float:
        return float(self.time[0])

    @property
    def end(self) -> float:
        return float(self.time[-1])

    def stand(self, width: float = 0.17, toe_out: float = 0.12, stagger: float = 0.0, heading: float = 0.0) -> None:
        """Both feet side by side about the origin, `width` apart, the left ahead by `stagger`."""
        across, ahead = np.array([np.cos(heading), -np.sin(heading)]), np.array([np.sin(heading), np.cos(heading)])
        for work, outward in zip(self.feet, (1, -1), strict=True):
            x, z = across * outward * width / 2 + ahead * outward * stagger / 2
            work.stands.append(Stand(self.start, self.end, float(x), float(z), heading + outward * toe_out))

    def add(self, values: Mapping[str, np.ndarray | float]) -> None:
        """Add to tracks by full name."""
        for name, value in values.items():
            self.tracks[name] = self.tracks[name] + value

    def hold(self, posture: Posture, side: int = LEFT) -> None:
        """Add `posture` throughout."""
        self.add(resolved(posture, side))

    def key(self, track: str, keys: Sequence[tuple[float, float]]) -> None:
        """Add a curve through (time, value) to the track of this full name."""
        self.add({track: softened(through(keys, self.time))})

    def pose(self, keys: Sequence[tuple[float, Posture]], side: int, start: float, stop: float) -> None:
        """Move through postures: away from whatever the tracks do in the time from `start` to the first key, back to
        it from the last key to `stop`. Tracks that no posture names go on as they are; a track that one of them does
        not name is at rest there."""
        tables = [(moment, resolved(posture, side)) for moment, posture in keys]
        weight = ramp(self.time, start, keys[0][0]) * (1 - ramp(self.time, keys[-1][0], stop))
        for name in sorted({name for _, table in tables for name in table}):
            rest = NEUTRAL.get(name.rpartition(".")[2], 0.0)
            curve = softened(through([(moment, table.get(name, rest)) for moment, table in tables], self.time))
            self.tracks[name] = self.tracks[name] + weight * (curve - self.tracks[name])
