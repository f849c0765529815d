"""Actions on the spot in which feet leave the floor: kicks, lunges, jumps."""

from __future__ import annotations

import math

from motion.synthesis.acrobatics import (
    KICK_BACK,
    KICK_FORWARD,
    KICK_SIDE,
    KNEE_RAISE,
    LEG_BACK,
    LEG_SWING,
    STAND_ON_ONE,
    build_dance,
    build_genuflection,
    build_lunge,
    build_step_over,
    leg_move_builder,
)
from motion.synthesis.action import Action
from motion.synthesis.jumps import build_hops, build_jumping_jacks, jump_builder
from motion.synthesis.style import CALM, LIVELY

_FIRM = ("plain", "plain", "quick", "energetic", "slow")

ACROBATICS = (
    Action(
        "kick",
        3,
        leg_move_builder(KICK_FORWARD),
        (
            "{who} kicks forward with the {side} leg{how}.",
            "{who} does a front kick{how}.",
            "{who} is kicking with the {side} foot{how}.",
            "{who} lifts the {side} knee and kicks ahead{how}.",
            "with the {side} foot, {who} kicks something in front{how}.",
        ),
        _FIRM,
    ),
    Action(
        "kick_side",
        1.8,
        leg_move_builder(KICK_SIDE),
        (
            "{who} kicks to the {side} with the {side} leg{how}.",
            "{who} does a side kick{how}.",
            "{who} kicks out sideways{how}.",
            "leaning over, {who} kicks with the {side} foot to the side{how}.",
        ),
        _FIRM,
    ),
    Action(
        "kick_back",
        1.2,
        leg_move_builder(KICK_BACK),
        (
            "{who} kicks backward with the {side} leg{how}.",
            "{who} does a back kick{how}.",
            "{who} leans forward and kicks behind{how}.",
            "{who} kicks the {side} foot out to the back{how}.",
        ),
        _FIRM,
    ),
    Action(
        "knee_raise",
        1.8,
        leg_move_builder(KNEE_RAISE),
        (
            "{who} raises the {side} knee{how}.",
            "{who} lifts the {side} leg with a bent knee{how}.",
            "{who} brings the {side} knee up{how} and puts the foot down.",
            "{who} is lifting one knee to hip height{how}.",
        ),
        CALM,
    ),
    Action(
        "balance",
        2.2,
        leg_move_builder(STAND_ON_ONE),
        (
            "{who} stands on one leg{how}.",
            "{who} balances on the {other} leg{how}.",
            "{who} lifts the {side} foot and keeps the balance{how}.",
            "{who} is balancing on one foot, arms out a little{how}.",
        ),
        CALM,
    ),
    Action(
        "balance_scale",
        1.2,
        leg_move_builder(LEG_BACK),
        (
            "{who} leans forward on the {other} leg and stretches the {side} leg back{how}.",
            "{who} balances on one leg, leaning forward{how}.",
            "{who} lifts the {side} leg behind{how}, arms out.",
            "{who} makes a scale on the {other} leg{how}.",
        ),
        CALM,
    ),
    Action(
        "leg_swing",
        1.2,
        leg_move_builder(LEG_SWING),
        (
            "{who} swings the {side} leg back and forth{how}.",
            "{who} is swinging one leg{how}.",
            "standing on the {other} leg, {who} swings the {side} one{how}.",
            "{who} loosens up by swinging the {side} leg forward and back{how}.",
        ),
        CALM,
    ),
    Action(
        "lunge",
        2.2,
        build_lunge,
        (
            "{who} does a lunge with the {side} leg{how}.",
            "{who} lunges forward{how} and comes back.",
            "{who} takes a long step ahead with the {side} foot and bends the knees{how}.",
            "{who} steps forward into a lunge{how}, {side} leg in front.",
        ),
        CALM,
    ),
    Action(
        "genuflect",
        1.5,
        build_genuflection,
        (
            "{who} kneels down{how} and gets up again.",
            "{who} genuflects{how}.",
            "{who} puts the {side} foot back and lowers the {side} knee{how}.",
            "{who} goes down towards one knee{how}, then stands up.",
        ),
        CALM,
    ),
    Action(
        "step_over",
        2.5,
        build_step_over,
        (
            "{who} steps over something{how}.",
            "{who} lifts the feet high to step over an obstacle{how}.",
            "{who} is stepping over a low barrier{how}, {side} foot first.",
            "{who} carefully raises the {side} leg over something, then the {other}.",
            "{who} climbs over a small obstacle{how}.",
        ),
        CALM,
    ),
    Action(
        "dance",
        2.5,
        build_dance,
        (
            "{who} dances from side to side{how}.",
            "{who} is dancing{how}.",
            "{who} steps left and right in rhythm{how}.",
            "{who} does a simple two-step dance{how}, starting to the {side}.",
            "{who} moves to music{how}, swinging the arms.",
        ),
        ("plain", "plain", "relaxed", "energetic", "quick"),
    ),
    Action(
        "jump",
        3,
        jump_builder(),
        (
            "{who} jumps up{how}.",
            "{who} jumps in place{how}.",
            "{who} crouches and jumps into the air{how}.",
            "{who} is jumping once{how}.",
            "{who} swings the arms and jumps straight up{how}.",
        ),
        ("plain", "plain", "energetic"),
    ),
    Action(
        "jump_forward",
        2.5,
        jump_builder((0.35, 0.85)),
        (
            "{who} jumps forward{how}.",
            "{who} makes a standing long jump{how}.",
            "{who} leaps ahead with both feet{how}.",
            "{who} swings the arms and jumps forward{how}.",
            "{who} hops forward with both feet together{how}.",
        ),
        ("plain", "plain", "energetic"),
    ),
    Action(
        "jump_back",
        1,
        jump_builder((-0.45, -0.2)),
        (
            "{who} jumps backward{how}.",
            "{who} hops back with both feet{how}.",
            "{who} makes a small jump backwards{how}.",
            "{who} leaps back{how}.",
        ),
        ("plain", "plain", "energetic"),
    ),
    Action(
        "jump_turn",
        1,
        jump_builder(turn=0.5 * math.pi),
        (
            "{who} jumps and turns to the {side} in the air{how}.",
            "{who} makes a quarter turn to the {side} while jumping{how}.",
            "{who} jumps up, turning {side}{how}.",
            "{who} does a 90 degree jump turn to the {side}{how}.",
        ),
        ("plain", "plain", "energetic"),
    ),
    Action(
        "hop",
        2,
        build_hops,
        (
            "{who} hops {times} on the spot{how}.",
            "{who} makes {count} small jumps{how}.",
            "{who} is hopping in place{how}.",
            "{who} bounces on both feet{how}.",
        ),
        LIVELY,
    ),
    Action(
        "jumping_jacks",
        2,
        build_jumping_jacks,
        (
            "{who} does jumping jacks{how}.",
            "{who} performs {count} jumping jacks{how}.",
            "{who} jumps, spreading arms and legs and closing them again{how}.",
            "{who} is exercising with jumping jacks{how}.",
        ),
        LIVELY,
    ),
)
