"""Gestures: a standing body takes a posture, moves through a few more in a rhythm, and returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from motion.synthesis.anatomy import SIDES
from motion.synthesis.plan import NEUTRAL, Plan, Posture
from motion.synthesis.scene import COUNTS, Scene

_UNSCALED = {"roll", "height"}


@dataclass(frozen=True)
class Gesture:
    """A gesture; times are for the plain style.

    Attributes:
        reach: the first posture.
        beats: postures that follow it, in rounds.
        count: fewest and most rounds.
        reach_s: time to reach the first posture, s.
        beat_s: time from one posture to the next, s.
        hold_s: shortest and longest hold of the last posture, s.
        back_s: time of the return, s; None to hold the last posture until the clip ends.
        width: distance between the feet, m.
        toe_out: outward rotation of the feet, rad.
        stagger: distance by which the foot opposite to the acting side is ahead, m.
        vary: share by which amplitudes vary between clips.
    """

    reach: Posture
    beats: tuple[Posture, ...] = ()
    count: tuple[int, int] = (1, 1)
    reach_s: float = 0.8
    beat_s: float = 0.4
    hold_s: tuple[float, float] = (0.1, 0.5)
    back_s: float | None = 0.9
    width: float = 0.18
    toe_out: float = 0.12
    stagger: float = 0.0
    vary: float = 0.06


def scale_posture(posture: Posture, scale: float) -> dict[str, float]:
    """Scale the distance of a posture from rest, except for tracks that would miss their target by that."""
    result = {}
    for name, value in posture.items():
        track = name.rpartition(".")[2]
        rest = NEUTRAL.get(track, 0.0)
        result[name] = value if track in _UNSCALED else rest + scale * (value - rest)
    return result


def timeline(scene: Scene, gesture: Gesture, start: float) -> tuple[list[tuple[float, Posture]], float]:
    """Draw the timing of a gesture.

    Args:
        scene: the clip; the number of rounds becomes its word `times`.
        gesture: the gesture.
        start: when the gesture starts, s.

    Returns:
        The keys (time, posture), and the time at which the body is at rest again.
    """
    scale = 1 + gesture.vary * scene.between(-1, 1) + (scene.style.size - 1) * min(1.0, gesture.vary * 10)
    beat = scene.seconds(gesture.beat_s)
    rounds = scene.number(*gesture.count)
    scene.words["times"] = COUNTS.get(rounds, "several times")
    moment = start + scene.seconds(gesture.reach_s)
    last: Posture = scale_posture(gesture.reach, scale)
    keys: list[tuple[float, Posture]] = [(moment, last)]
    for _ in range(rounds if gesture.beats else 0):
        for posture in gesture.beats:
            moment += beat
            last = scale_posture(posture, scale)
            keys.append((moment, last))
    moment += 0.05 + scene.between(*gesture.hold_s)
    keys.append((moment, last))
    return keys, moment + (scene.seconds(gesture.back_s) if gesture.back_s is not None else 0.4)


def gesture_builder(gesture: Gesture) -> Callable[[Scene], Plan]:
    """Return a builder of plans in which a standing body makes this gesture."""

    def build_plan(scene: Scene) -> Plan:
        start = scene.between(0.1, 0.6)
        keys, done = timeline(scene, gesture, start)
        plan = scene.plan(done + scene.between(0.1, 0.6))
        ahead = gesture.stagger * (1 if scene.side == 1 else -1)
        plan.stand(gesture.width * scene.between(0.92, 1.1), gesture.toe_out, ahead)
        stop = done if gesture.back_s is not None else plan.end + 10
        if gesture.back_s is None:
            keys[-1] = (plan.end + 5, keys[-1][1])
        plan.pose(keys, scene.side, start, stop)
        return plan

    return build_plan


def arm_tracks(posture: Posture) -> dict[str, float]:
    """Return the tracks of a posture that move the arms and not the trunk, for gestures of a walker."""
    return {name: value for name, value in posture.items() if name.partition(".")[0] in ("main", "other", *SIDES)}
