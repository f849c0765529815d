"""Plans: the movements of feet, trunk and arms over time, from which `perform` computes a motion.

Tracks are curves over time, in degrees unless noted, and zero or `NEUTRAL` at rest:

    height      pelvis above standing, m             turn        pelvis, to the left of the feet's heading
    hinge       pelvis and all above it, forward     list        pelvis, left hip up
    lean        spine, forward                       bend        spine, to the left
    twist       spine, to the left                   nod, look, tilt   head: down, to the left, onto the left shoulder
    sway        weight, -1 right foot to 1 left      heel        (a side) heel up, with the ball on the floor
    flex        (a side) upper arm, forward          out         (a side) upper arm, away from the side
    roll        (a side) upper arm about itself, inward          elbow       (a side) bent by
    shrug       (a side) collar up

An arm is first moved out, then swung forward: with flex 90 it points ahead, with out 90 to the side, and with either at
180 overhead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion.synthesis.anatomy import SIDES, Body
from motion.synthesis.curve import PLAN_FPS, interpolate_keys, ramp, smooth
from motion.synthesis.footfalls import Footwork, Stance

Posture = Mapping[str, float]
"""Values of tracks by name.

A track of one side is named `left.flex` or `right.flex`, or, relative to the acting side, `main.flex` or `other.flex`;
plain `flex` is that of both sides. Values of tracks that go to the left are for the left acting side, and mirrored for
the right one.
"""

TRUNK_TRACKS = (
    "height", "hinge", "lean", "bend", "twist", "turn", "list", "nod", "look", "tilt", "sway",
)  # fmt: skip
SIDE_TRACKS = ("flex", "out", "roll", "elbow", "shrug", "heel")
_LATERAL = {"bend", "twist", "turn", "list", "look", "tilt", "sway"}
NEUTRAL: Posture = {"flex": 1.0, "out": 7.0, "roll": 16.0, "elbow": 20.0}
LEFT, RIGHT = 0, 1


def resolve_sides(posture: Posture, side: int) -> dict[str, float]:
    """Return `posture` by the full names of tracks, for the acting `side` (0 left, 1 right)."""
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
    """The movements of one clip: builders add to it, `perform` reads it.

    Args:
        body: the body that performs the clip.
        rng: the random generator of the clip.
        duration: duration of the clip, s.
        lead_in: time that the plan covers before and after the clip, s.

    Attributes:
        time: (n,) times at `PLAN_FPS`, s, of which the clip is a part.
        feet: the movements of the left and the right foot.
        tracks: (n,) curves by name.
        rise: (n,) height of the centre of mass above standing, m, if the body leaves the ground; else None.
        window: start and end of the clip, s.
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
        """First time of the plan, s."""
        return float(self.time[0])

    @property
    def end(self) -> float:
        """Last time of the plan, s."""
        return float(self.time[-1])

    def stand(self, width: float = 0.17, toe_out: float = 0.12, stagger: float = 0.0, heading: float = 0.0) -> None:
        """Put both feet on the floor around the origin.

        Args:
            width: distance between the feet, m.
            toe_out: outward rotation of the feet, rad.
            stagger: distance by which the left foot is ahead, m.
            heading: heading of the body, rad.
        """
        across, ahead = np.array([np.cos(heading), -np.sin(heading)]), np.array([np.sin(heading), np.cos(heading)])
        for footwork, outward in zip(self.feet, (1, -1), strict=True):
            x, z = across * outward * width / 2 + ahead * outward * stagger / 2
            footwork.stances.append(Stance(self.start, self.end, float(x), float(z), heading + outward * toe_out))

    def add(self, values: Mapping[str, np.ndarray | float]) -> None:
        """Add values to tracks by their full names."""
        for name, value in values.items():
            self.tracks[name] = self.tracks[name] + value

    def hold(self, posture: Posture, side: int = LEFT) -> None:
        """Add a posture for the whole plan."""
        self.add(resolve_sides(posture, side))

    def key(self, track: str, keys: Sequence[tuple[float, float]]) -> None:
        """Add a smooth curve through keys (time, value) to the track of this full name."""
        self.add({track: smooth(interpolate_keys(keys, self.time))})

    def pose(self, keys: Sequence[tuple[float, Posture]], side: int, start: float, stop: float) -> None:
        """Move through postures.

        Tracks that no posture names stay as they are. A track that only some of the postures name is at rest in the
        others.

        Args:
            keys: (time, posture) in order.
            side: the acting side.
            start: when the tracks begin to leave what they did before, to reach the first key, s.
            stop: when they are back at it after the last key, s.
        """
        tables = [(moment, resolve_sides(posture, side)) for moment, posture in keys]
        weight = ramp(self.time, start, keys[0][0]) * (1 - ramp(self.time, keys[-1][0], stop))
        for name in sorted({name for _, table in tables for name in table}):
            rest = NEUTRAL.get(name.rpartition(".")[2], 0.0)
            curve = smooth(interpolate_keys([(moment, table.get(name, rest)) for moment, table in tables], self.time))
            self.tracks[name] = self.tracks[name] + weight * (curve - self.tracks[name])
