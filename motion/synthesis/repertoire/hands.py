"""Actions of arms and hands."""

from __future__ import annotations

from motion.synthesis.action import gesture_action
from motion.synthesis.style import CALM, LIVELY

HANDS = (
    gesture_action(
        "wave",
        3,
        (
            "{who} waves with the {side} hand{how}.",
            "{who} raises the {side} arm and waves{how}.",
            "{who} is waving hello{how}.",
            "{who} lifts the {side} hand to wave at someone{how}.",
            "standing still, {who} waves {times} with the {side} hand.",
        ),
    ),
    gesture_action(
        "wave_both",
        2,
        (
            "{who} waves both arms{how}.",
            "{who} raises both hands over the head and waves{how}.",
            "{who} is waving with both hands{how}.",
            "with both arms up, {who} waves{how} to get attention.",
        ),
        LIVELY,
    ),
    gesture_action(
        "clap",
        2,
        (
            "{who} claps{how}.",
            "{who} is clapping the hands in front of the chest{how}.",
            "{who} applauds{how}.",
            "{who} claps both hands together{how}.",
            "standing in place, {who} claps {times}.",
        ),
    ),
    gesture_action(
        "raise_arms",
        2,
        (
            "{who} raises both arms above the head{how}.",
            "{who} lifts the arms sideways up over the head{how}.",
            "{who} is raising both arms{how} and lowers them again.",
            "both arms go up{how} as {who} looks up.",
        ),
    ),
    gesture_action(
        "raise_arm",
        1.5,
        (
            "{who} raises the {side} arm{how}.",
            "{who} lifts the {side} hand high up{how}.",
            "{who} puts the {side} arm up{how} and lowers it.",
            "{who} raises the {side} hand like a pupil{how}.",
        ),
    ),
    gesture_action(
        "arms_out",
        1.5,
        (
            "{who} stretches both arms out to the sides{how}.",
            "{who} lifts the arms to shoulder height{how}.",
            "{who} holds the arms out sideways{how}.",
            "{who} makes a t-pose{how} and lowers the arms again.",
        ),
    ),
    gesture_action(
        "shrug",
        1.5,
        (
            "{who} shrugs{how}.",
            "{who} shrugs the shoulders{how}, palms up.",
            "{who} lifts the shoulders as if to say no idea.",
            "{who} doesn't know and shrugs{how}.",
        ),
        ("plain", "plain", "quick", "relaxed"),
    ),
    gesture_action(
        "arm_circles",
        1.5,
        (
            "{who} circles both arms{how}.",
            "{who} is making arm circles{how}.",
            "with the arms out to the sides, {who} draws circles{how}.",
            "{who} swings both arms round in small circles{how}.",
        ),
    ),
    gesture_action(
        "arm_swing",
        1.5,
        (
            "{who} swings both arms forward and back{how}.",
            "{who} is swinging the arms{how}.",
            "{who} loosens the shoulders with swinging arms{how}.",
            "both arms swing to and fro{how} as {who} stands there.",
        ),
    ),
    gesture_action(
        "point",
        2,
        (
            "{who} points forward with the {side} hand{how}.",
            "{who} lifts the {side} arm and points ahead{how}.",
            "{who} is pointing at something in front{how}.",
            "{who} points straight ahead{how}.",
        ),
    ),
    gesture_action(
        "point_side",
        1.2,
        (
            "{who} points to the {side}{how}.",
            "{who} shows the way to the {side} with the {side} arm{how}.",
            "{who} looks {side} and points there{how}.",
            "{who} is pointing to the {side} side{how}.",
        ),
    ),
    gesture_action(
        "drink",
        1.5,
        (
            "{who} drinks from a cup held in the {side} hand{how}.",
            "{who} lifts the {side} hand to the mouth to drink{how}.",
            "{who} is taking a drink{how}.",
            "{who} raises a glass to the mouth{how} and lowers it again.",
        ),
        CALM,
    ),
    gesture_action(
        "phone",
        1.5,
        (
            "{who} holds a phone to the {side} ear{how}.",
            "{who} answers the phone with the {side} hand{how}.",
            "{who} is on the phone, standing{how}.",
            "{who} brings the {side} hand to the ear{how}, as if making a call.",
        ),
        CALM,
    ),
    gesture_action(
        "salute",
        1.5,
        (
            "{who} salutes with the {side} hand{how}.",
            "{who} stands straight and salutes{how}.",
            "{who} raises the {side} hand to the forehead{how}.",
            "{who} gives a military salute{how}.",
        ),
        ("plain", "plain", "proud", "slow"),
    ),
    gesture_action(
        "scratch_head",
        1.2,
        (
            "{who} scratches the head with the {side} hand{how}.",
            "{who} is scratching the head{how}.",
            "{who} lifts the {side} hand and scratches the head{how}.",
            "{who} rubs the side of the head{how}, thinking.",
        ),
        CALM,
    ),
    gesture_action(
        "hands_on_hips",
        1.5,
        (
            "{who} puts both hands on the hips{how}.",
            "{who} stands with the hands on the hips{how}.",
            "{who} places the hands on the waist{how} and lets them down again.",
            "{who} is standing arms akimbo{how}.",
        ),
    ),
    gesture_action(
        "cross_arms",
        1.5,
        (
            "{who} crosses the arms{how}.",
            "{who} folds the arms in front of the chest{how}.",
            "{who} stands with crossed arms{how}.",
            "{who} is crossing both arms over the chest{how}.",
        ),
    ),
    gesture_action(
        "rub_hands",
        1,
        (
            "{who} rubs the hands together{how}.",
            "{who} is rubbing both hands{how}.",
            "{who} warms the hands by rubbing them{how}.",
            "{who} rubs the palms in front of the belly{how}.",
        ),
    ),
    gesture_action(
        "beckon",
        1.2,
        (
            "{who} beckons with the {side} hand{how}.",
            "{who} waves someone closer with the {side} arm{how}.",
            "{who} is gesturing to come here{how}.",
            "{who} calls somebody over with the {side} hand{how}.",
        ),
    ),
    gesture_action(
        "conduct",
        1,
        (
            "{who} conducts an orchestra{how}.",
            "{who} moves both hands like a conductor{how}.",
            "{who} is conducting music with both arms{how}.",
            "{who} beats time with both hands{how}.",
        ),
    ),
)
