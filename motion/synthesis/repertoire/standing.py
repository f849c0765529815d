"""Actions of a standing body whose feet stay where they are."""

from __future__ import annotations

from motion.synthesis.action import Action
from motion.synthesis.gesture import gesturing
from motion.synthesis.gestures import GESTURES
from motion.synthesis.style import CALM, EVERYDAY, LIVELY


def _standing(name: str, weight: float, captions: tuple[str, ...], styles: tuple[str, ...] = EVERYDAY) -> Action:
    return Action(name, weight, gesturing(GESTURES[name]), captions, styles)


STANDING = (
    _standing(
        "idle",
        1.5,
        (
            "{who} stands still.",
            "{who} is standing around{how}.",
            "{who} stands in place, shifting the weight a little.",
            "{who} just stands there{how}.",
            "{who} waits, standing.",
        ),
        ("plain", "plain", "relaxed", "tired"),
    ),
    _standing(
        "sway",
        1.5,
        (
            "{who} sways from side to side{how}.",
            "{who} shifts the weight from one foot to the other{how}.",
            "{who} is rocking left and right{how}.",
            "standing with the feet apart, {who} sways{how}.",
        ),
        CALM,
    ),
    _standing(
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
    _standing(
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
    _standing(
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
    _standing(
        "raise_arms",
        2,
        (
            "{who} raises both arms above the head{how}.",
            "{who} lifts the arms sideways up over the head{how}.",
            "{who} is raising both arms{how} and lowers them again.",
            "both arms go up{how} as {who} looks up.",
        ),
    ),
    _standing(
        "raise_arm",
        1.5,
        (
            "{who} raises the {side} arm{how}.",
            "{who} lifts the {side} hand high up{how}.",
            "{who} puts the {side} arm up{how} and lowers it.",
            "{who} raises the {side} hand like a pupil{how}.",
        ),
    ),
    _standing(
        "arms_out",
        1.5,
        (
            "{who} stretches both arms out to the sides{how}.",
            "{who} lifts the arms to shoulder height{how}.",
            "{who} holds the arms out sideways{how}.",
            "{who} makes a t-pose{how} and lowers the arms again.",
        ),
    ),
    _standing(
        "stretch",
        2,
        (
            "{who} stretches up{how}, both arms over the head.",
            "{who} reaches for the ceiling with both hands{how}.",
            "{who} is stretching the whole body{how}.",
            "{who} leans back a little{how} and stretches the arms up.",
        ),
        CALM,
    ),
    _standing(
        "look_around",
        2,
        (
            "{who} looks around{how}.",
            "{who} looks to the {side} and then to the {other}{how}.",
            "{who} turns the head from side to side{how}.",
            "{who} is looking for something left and right{how}.",
            "standing still, {who} looks {side} and {other}{how}.",
        ),
        CALM,
    ),
    _standing(
        "nod",
        1.5,
        (
            "{who} nods{how}.",
            "{who} is nodding the head{how}.",
            "{who} nods in agreement{how}.",
            "{who} says yes by nodding the head{how}.",
        ),
        ("plain", "slow", "quick"),
    ),
    _standing(
        "shake_head",
        1.5,
        (
            "{who} shakes the head{how}.",
            "{who} is shaking the head to say no{how}.",
            "{who} turns the head left and right{how} in refusal.",
            "{who} disagrees, shaking the head{how}.",
        ),
        ("plain", "slow", "quick"),
    ),
    _standing(
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
    _standing(
        "arm_circles",
        1.5,
        (
            "{who} circles both arms{how}.",
            "{who} is making arm circles{how}.",
            "with the arms out to the sides, {who} draws circles{how}.",
            "{who} swings both arms round in small circles{how}.",
        ),
    ),
    _standing(
        "arm_swing",
        1.5,
        (
            "{who} swings both arms forward and back{how}.",
            "{who} is swinging the arms{how}.",
            "{who} loosens the shoulders with swinging arms{how}.",
            "both arms swing to and fro{how} as {who} stands there.",
        ),
    ),
    _standing(
        "point",
        2,
        (
            "{who} points forward with the {side} hand{how}.",
            "{who} lifts the {side} arm and points ahead{how}.",
            "{who} is pointing at something in front{how}.",
            "{who} points straight ahead{how}.",
        ),
    ),
    _standing(
        "point_side",
        1.2,
        (
            "{who} points to the {side}{how}.",
            "{who} shows the way to the {side} with the {side} arm{how}.",
            "{who} looks {side} and points there{how}.",
            "{who} is pointing to the {side} side{how}.",
        ),
    ),
    _standing(
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
    _standing(
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
    _standing(
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
    _standing(
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
    _standing(
        "hands_on_hips",
        1.5,
        (
            "{who} puts both hands on the hips{how}.",
            "{who} stands with the hands on the hips{how}.",
            "{who} places the hands on the waist{how} and lets them down again.",
            "{who} is standing arms akimbo{how}.",
        ),
    ),
    _standing(
        "cross_arms",
        1.5,
        (
            "{who} crosses the arms{how}.",
            "{who} folds the arms in front of the chest{how}.",
            "{who} stands with crossed arms{how}.",
            "{who} is crossing both arms over the chest{how}.",
        ),
    ),
    _standing(
        "rub_hands",
        1,
        (
            "{who} rubs the hands together{how}.",
            "{who} is rubbing both hands{how}.",
            "{who} warms the hands by rubbing them{how}.",
            "{who} rubs the palms in front of the belly{how}.",
        ),
    ),
    _standing(
        "beckon",
        1.2,
        (
            "{who} beckons with the {side} hand{how}.",
            "{who} waves someone closer with the {side} arm{how}.",
            "{who} is gesturing to come here{how}.",
            "{who} calls somebody over with the {side} hand{how}.",
        ),
    ),
    _standing(
        "conduct",
        1,
        (
            "{who} conducts an orchestra{how}.",
            "{who} moves both hands like a conductor{how}.",
            "{who} is conducting music with both arms{how}.",
            "{who} beats time with both hands{how}.",
        ),
    ),
    _standing(
        "push",
        2,
        (
            "{who} pushes something forward with both hands{how}.",
            "{who} pushes with both arms{how}.",
            "{who} is shoving something away{how}.",
            "leaning in, {who} pushes ahead with both hands{how}.",
        ),
    ),
    _standing(
        "pull",
        1.5,
        (
            "{who} pulls something with both hands{how}.",
            "{who} reaches ahead and pulls back{how}.",
            "{who} is tugging at something{how}.",
            "{who} grabs something in front and pulls it{how} to the body.",
        ),
    ),
    _standing(
        "punch",
        2.5,
        (
            "{who} punches with both fists{how}.",
            "{who} throws punches, {side} hand first{how}.",
            "{who} is boxing{how}.",
            "in a guard stance, {who} punches {side} and {other}{how}.",
            "{who} boxes the air{how}.",
        ),
        LIVELY,
    ),
    _standing(
        "throw",
        2,
        (
            "{who} throws something with the {side} hand{how}.",
            "{who} is throwing a ball{how}.",
            "{who} winds up and throws with the {side} arm{how}.",
            "{who} hurls an object forward{how}.",
            "{who} makes an overhand throw with the {side} arm{how}.",
        ),
        LIVELY,
    ),
    _standing(
        "bow",
        3,
        (
            "{who} bows{how}.",
            "{who} bends forward at the waist{how} and straightens up.",
            "{who} takes a bow{how}.",
            "{who} is bowing politely{how}.",
            "{who} leans forward in a bow{how}.",
        ),
        ("plain", "plain", "slow", "quick", "relaxed", "careful"),
    ),
    _standing(
        "squat",
        3,
        (
            "{who} squats down{how} and stands up.",
            "{who} does a squat{how}.",
            "{who} bends the knees{how} into a squat, arms in front.",
            "{who} is doing squats{how}.",
            "with the arms forward, {who} squats{how}.",
        ),
    ),
    _standing(
        "sit",
        2,
        (
            "{who} sits down on an invisible chair{how} and gets up.",
            "{who} lowers the body as if to sit{how}.",
            "{who} crouches like sitting down{how}, then rises.",
            "{who} pretends to sit{how}.",
        ),
        CALM,
    ),
    _standing(
        "pick_up",
        2.5,
        (
            "{who} picks something up from the floor{how}.",
            "{who} bends down and reaches to the ground with the {side} hand{how}.",
            "{who} is picking up an object with the {side} hand{how}.",
            "{who} crouches{how}, takes something from the floor and stands up.",
            "{who} reaches down to lift a small thing{how}.",
        ),
        CALM,
    ),
    _standing(
        "toe_touch",
        1.5,
        (
            "{who} bends over and reaches for the toes{how}.",
            "{who} touches the toes{how}.",
            "{who} is bending down{how} with straight legs.",
            "{who} stretches down towards the feet{how}.",
        ),
        CALM,
    ),
    _standing(
        "side_bend",
        1.5,
        (
            "{who} bends sideways to the {side}{how}.",
            "{who} leans to the {side} with an arm over the head{how}.",
            "{who} is doing side bends{how}.",
            "{who} stretches the {other} side{how}.",
        ),
        CALM,
    ),
    _standing(
        "twist",
        1.5,
        (
            "{who} twists the upper body from side to side{how}.",
            "{who} turns the torso left and right{how}.",
            "{who} is doing trunk rotations{how}.",
            "with bent arms, {who} twists at the waist{how}.",
        ),
    ),
    _standing(
        "tiptoe_stand",
        1.2,
        (
            "{who} rises onto tiptoe{how}.",
            "{who} stands on the toes{how} and comes down.",
            "{who} lifts both heels off the floor{how}.",
            "{who} goes up on the balls of the feet{how}.",
        ),
        ("plain", "plain", "slow", "careful"),
    ),
)
