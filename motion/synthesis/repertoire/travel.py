"""Actions of running, turning, side-stepping and marching."""

from __future__ import annotations

from motion.synthesis.action import Action
from motion.synthesis.airborne import Run
from motion.synthesis.locomotion import build_march, build_side_steps, build_turn, curve, run_builder
from motion.synthesis.style import EVERYDAY, LIVELY

_JOG = Run(speed=2.3, step_time=0.37, flying=0.22, kick=0.24, lean=5.0, arms=0.8)
_RUN = Run(speed=3.0, step_time=0.35, flying=0.28, kick=0.36, lean=7.0)
_ON_THE_SPOT = Run(speed=0.02, step_time=0.32, flying=0.18, kick=0.24, lean=2.0, arms=0.75, knees=0.05, width=0.13)

TRAVEL = (
    Action(
        "jog",
        3,
        run_builder(_JOG, (1.9, 2.7)),
        (
            "{who} jogs forward{how}.",
            "{who} is jogging straight ahead{how}.",
            "{who} runs at an easy pace.",
            "{who} goes jogging{how}, arms bent.",
            "jogging ahead{how}, {who} keeps a steady rhythm.",
        ),
        LIVELY,
    ),
    Action(
        "run",
        3,
        run_builder(_RUN, (2.6, 3.3)),
        (
            "{who} runs forward{how}.",
            "{who} is running straight ahead{how}.",
            "{who} runs ahead with long strides{how}.",
            "{who} runs{how}, arms pumping.",
            "{who} is off running{how}.",
        ),
        LIVELY,
    ),
    Action(
        "jog_curve",
        2,
        run_builder(_JOG, (1.9, 2.4), curve, (2.4, 3.8)),
        (
            "{who} jogs{how} and curves to the {side}.",
            "{who} is jogging in an arc to the {side}{how}.",
            "{who} runs at an easy pace, bending off to the {side}.",
            "jogging{how}, {who} veers to the {side}.",
        ),
        LIVELY,
    ),
    Action(
        "run_on_the_spot",
        1.5,
        run_builder(_ON_THE_SPOT, (0.01, 0.03)),
        (
            "{who} runs in place{how}.",
            "{who} is jogging on the spot{how}.",
            "{who} runs{how} without leaving the spot.",
            "staying in place, {who} jogs{how}.",
        ),
        LIVELY,
    ),
    Action(
        "turn_on_the_spot",
        6,
        build_turn,
        (
            "{who} turns {angle} to the {side}{how}.",
            "{who} turns to the {side} on the spot{how}.",
            "standing in place, {who} turns {angle} to the {side}{how}.",
            "{who} is turning {side} with small steps{how}.",
            "{who} makes small steps to turn {angle} to the {side}{how}.",
        ),
        ("plain", "plain", "slow", "quick", "relaxed", "tired", "careful"),
    ),
    Action(
        "side_step",
        4,
        build_side_steps,
        (
            "{who} takes {count} {steps} to the {side}{how}.",
            "{who} steps sideways to the {side}{how}.",
            "{who} is side-stepping to the {side}{how}.",
            "facing forward, {who} moves {count} {steps} to the {side}{how}.",
            "{who} moves to the {side}{how}, bringing the feet together each time.",
        ),
        EVERYDAY,
    ),
    Action(
        "march",
        2.5,
        build_march,
        (
            "{who} marches in place{how}.",
            "{who} is marching on the spot with high knees{how}.",
            "{who} lifts the knees one after the other{how}, {side} first.",
            "{who} steps in place{how}, raising the knees.",
        ),
        ("plain", "plain", "quick", "energetic", "slow", "proud"),
    ),
)
