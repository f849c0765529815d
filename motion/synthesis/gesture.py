"""Gestures: a standing body goes to a posture, through a few beats, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from motion.synthesis.anatomy import SIDES
from motion.synthesis.plan import NEUTRAL, Plan, Posture
from motion.synthesis.scene import COUNTS, Scene

_UNSCALED = {"roll", "height"}


@dataclass(frozen=True)
class Gesture:
    """A gesture as data; times are seconds at plain tempo.

    Attributes:
        reach: the posture it goes to, in `reach_s`.
        beats: postures that it then moves through, each for `beat_s` seconds, again and again.
        count: fewest and most rounds of beats.
        hold_s: shortest and longest rest in the last posture.
        back_s: seconds of the way back; None to stay there until the clip ends.
        width: the stance's, metres.
        toe_out: rad.
        stagger: metres that the foot of the side opposite to the acting one is ahead.
        vary: share by which amplitudes vary from clip to clip.
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


def scaled(posture: Posture, scale: float) -> dict[str, float]:
    """`posture` with its distance from rest times `scale`; what would miss its aim by that stays."""
    result = {}
    for name, value in posture.items():
        track = name.rpartition(".")[2]
        rest = NEUTRAL.get(track, 0.0)
        result[name] = value if track in _UNSCALED else rest + scale * (value - rest)
    return result


def timeline(scene: Scene, gesture: Gesture, start: float) -> tuple[list[tuple[float, Posture]], float]:
    """The gesture's keys from `start` on, and when it is over."""
    scale = 1 + gesture.vary * scene.between(-1, 1) + (scene.style.size - 1) * min(1.0, gesture.vary * 10)
    beat = scene.seconds(gesture.beat_s)
    rounds = scene.number(*gesture.count)
    scene.words["times"] = COUNTS.get(rounds, "several times")
    moment = start + scene.seconds(gesture.reach_s)
    last: Posture = scaled(gesture.reach, scale)
    keys: list[tuple[float, Posture]] = [(moment, last)]
    for _ in range(rounds if gesture.beats else 0):
        for posture in gesture.beats:
            moment += beat
            last = scaled(posture, scale)
            keys.append((moment, last))
    moment += 0.05 + scene.between(*gesture.hold_s)
    keys.append((moment, last))
    return keys, moment + (scene.seconds(gesture.back_s) if gesture.back_s is not None else 0.4)


def gesturing(gesture: Gesture) -> Callable[[Scene], Plan]:
    """A builder of clips of this gesture."""

    def write(scene: Scene) -> Plan:
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

    return write


def arms_of(posture: Posture) -> dict[str, float]:
    """The part of a posture that does not concern the trunk: for gestures made in walking."""
    return {name: value for name, value in posture.items() if name.partition(".")[0] in ("main", "other", *SIDES)}
