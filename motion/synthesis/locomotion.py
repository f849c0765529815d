"""Plans of locomotion: walks, also with gestures of the arms, runs, turns, side-steps and marches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from motion.synthesis.airborne import Run, run_along
from motion.synthesis.gait import Path, Walk, arc, bent_path, straight, walk_along
from motion.synthesis.gesture import Gesture, arm_tracks, timeline
from motion.synthesis.plan import Plan, Posture
from motion.synthesis.scene import NUMBERS, Scene
from motion.synthesis.single_steps import march, outward_sign, side_steps, turn_on_spot

Builder = Callable[[Scene], Plan]
Route = Callable[[Scene, float], Path]
"""Function from a scene and the distance that the clip covers, m, to a path; it may add words to the scene."""

_LEAD_IN_S = 1.5  # time that a steady walk lasts before and after the clip


def ahead(scene: Scene, distance: float) -> Path:
    """Go straight ahead."""
    return straight


def curve(scene: Scene, distance: float) -> Path:
    """Follow a curve towards the acting side."""
    angle = outward_sign(scene.side) * scene.between(0.5, 1.3)
    return bent_path([(0.1 * distance, 0.75 * distance, angle)])


def circle(scene: Scene, distance: float) -> Path:
    """Go around a circle towards the acting side."""
    scene.words["turning"] = "counterclockwise" if scene.side == 0 else "clockwise"
    return arc(outward_sign(scene.side) * scene.between(0.8, 1.3))


def corner(scene: Scene, distance: float) -> Path:
    """Turn by 90 degrees towards the acting side."""
    return bent_path([(0.35 * distance, 0.55, outward_sign(scene.side) * np.pi / 2)])


def about_turn(scene: Scene, distance: float) -> Path:
    """Turn around over the acting side and go back."""
    return bent_path([(0.5 * distance - 0.6, 1.2, outward_sign(scene.side) * np.pi)])


def zigzag(scene: Scene, distance: float) -> Path:
    """Go from side to side, first towards the acting side."""
    way, leg = outward_sign(scene.side), distance / 4
    angles = (0.6, -1.2, 1.2, -1.0)
    return bent_path([(index * leg, 0.7 * leg, way * angle) for index, angle in enumerate(angles)])


def _vary_walk(scene: Scene, speed: tuple[float, float], walk: Walk) -> Walk:
    """Vary a gait by the style of the scene and at random."""
    style = scene.style
    tempo = style.tempo if style.tempo < 1 else 1 + 0.9 * (style.tempo - 1)
    return replace(
        walk,
        speed=scene.between(*speed) * tempo,
        width=walk.width * scene.between(0.85, 1.15),
        step_scale=walk.step_scale * style.size**0.5 * scene.body.leg / 0.84 * scene.between(0.95, 1.05),
        arms=walk.arms * style.arms * scene.between(0.85, 1.15),
        toe_out=walk.toe_out + scene.between(-0.04, 0.05),
    )


def walk_builder(
    speed: tuple[float, float] = (0.85, 1.45),
    route: Route = ahead,
    seconds: tuple[float, float] = (2.6, 5.2),
    *,
    walk: Walk | None = None,
    posture: Posture | None = None,
    gesture: Gesture | None = None,
) -> Builder:
    """Return a builder of plans of steady walks.

    Args:
        speed: lowest and highest speed, m/s.
        route: where the walks go.
        seconds: shortest and longest duration, s.
        walk: the gait; None for the default.
        posture: posture throughout the walk; None for the default.
        gesture: gesture that the arms make meanwhile; None for none.
    """
    gait, base_posture = walk or Walk(), posture or {}

    def build_plan(scene: Scene) -> Plan:
        chosen = _vary_walk(scene, speed, gait)
        plan = scene.plan(scene.between(*seconds), lead_in=_LEAD_IN_S)
        plan.hold(base_posture)
        path = route(scene, abs(chosen.speed) * plan.window[1])
        walk_along(plan, path, chosen, first=scene.number(0, 1))
        if gesture:
            keys, done = timeline(scene, gesture, scene.between(0.0, 0.5))
            plan.pose([(moment, arm_tracks(table)) for moment, table in keys], scene.side, keys[0][0] - 0.8, done)
        return plan

    return build_plan


def walk_from_rest_builder(speed: tuple[float, float] = (0.85, 1.4), steps: tuple[int, int] = (4, 7)) -> Builder:
    """Return a builder of plans of walks that start and end with standing; ranges of speed, m/s, and of steps."""

    def build_plan(scene: Scene) -> Plan:
        chosen = _vary_walk(scene, speed, Walk())
        count = scene.number(*steps)
        begin = scene.between(0.5, 0.9)
        finish = begin + count * chosen.step_time
        plan = scene.plan(finish + scene.between(0.6, 1.0))
        scene.words["count"] = NUMBERS.get(count, "several")
        walk_along(plan, straight, chosen, begin=begin, finish=finish, first=scene.side)
        return plan

    return build_plan


def walk_to_stop_builder(speed: tuple[float, float] = (0.9, 1.4)) -> Builder:
    """Return a builder of plans of walks that end with standing; a range of speed, m/s."""

    def build_plan(scene: Scene) -> Plan:
        chosen = _vary_walk(scene, speed, Walk())
        finish = scene.between(1.8, 3.0)
        plan = scene.plan(finish + scene.between(0.7, 1.2), lead_in=_LEAD_IN_S)
        walk_along(plan, straight, chosen, finish=finish, first=scene.number(0, 1))
        return plan

    return build_plan


def run_builder(
    run: Run, speed: tuple[float, float], route: Route = ahead, seconds: tuple[float, float] = (2.0, 3.2)
) -> Builder:
    """Return a builder of plans of steady runs.

    Args:
        run: the gait.
        speed: lowest and highest speed, m/s.
        route: where the runs go.
        seconds: shortest and longest duration, s.
    """

    def build_plan(scene: Scene) -> Plan:
        quick = 1 + 0.5 * (scene.style.tempo - 1)
        chosen = replace(
            run,
            speed=scene.between(*speed) * quick,
            step_time=run.step_time * scene.between(0.96, 1.04) / quick**0.3,
            kick=run.kick * scene.between(0.85, 1.1),
            lean=run.lean + scene.between(-2, 2),
            arms=run.arms * scene.style.arms**0.5,
        )
        plan = scene.plan(scene.between(*seconds), lead_in=_LEAD_IN_S)
        run_along(plan, route(scene, chosen.speed * plan.window[1]), chosen, first=scene.number(0, 1))
        return plan

    return build_plan


_ANGLES = {
    0.5 * np.pi: "90 degrees",
    0.25 * np.pi: "a little",
    np.pi: "around",
    0.75 * np.pi: "most of the way around",
    2 * np.pi: "in a full circle",
}


def build_turn(scene: Scene) -> Plan:
    """Plan a turn on the spot."""
    angle = scene.pick_words(_ANGLES, "angle") * outward_sign(scene.side) * scene.between(0.93, 1.07)
    start, step_time = scene.between(0.3, 0.7), scene.seconds(0.44)
    plan = scene.plan(10.0, lead_in=0.7)
    plan.stand()
    done = turn_on_spot(plan, angle, start, step_time)
    plan.window = (0.0, float(np.clip(round((done + scene.between(0.3, 0.7)) * 20), 39, 195)) / 20)
    return plan


def build_side_steps(scene: Scene) -> Plan:
    """Plan steps to the side, after each of which the feet are together."""
    count, step_time = scene.number(1, 4), scene.seconds(0.46)
    start = scene.between(0.3, 0.6)
    plan = scene.plan(start + 2 * count * step_time + scene.between(0.4, 0.8))
    plan.stand(width=0.16)
    scene.words |= {"count": NUMBERS[count], "steps": "step" if count == 1 else "steps"}
    plan.hold({"elbow": 8.0})
    side_steps(plan, scene.side, count, scene.between(0.26, 0.44) * scene.style.size, start, step_time)
    return plan


def build_march(scene: Scene) -> Plan:
    """Plan steps on the spot with high knees."""
    count, step_time = scene.number(4, 9), scene.seconds(0.5)
    start = scene.between(0.4, 0.8)
    plan = scene.plan(start + count * step_time + scene.between(0.4, 0.8))
    plan.stand(width=0.16)
    march(plan, start, count, step_time, scene.between(0.16, 0.32) * scene.style.size, first=scene.side)
    return plan
