"""Actions of a standing body's head, trunk or whole."""

from __future__ import annotations

from motion.synthesis.action import gesture_action
from motion.synthesis.style import CALM, LIVELY

TRUNK = (
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
        "push",
        2,
        (
            "{who} pushes something forward with both hands{how}.",
            "{who} pushes with both arms{how}.",
            "{who} is shoving something away{how}.",
            "leaning in, {who} pushes ahead with both hands{how}.",
        ),
    ),
    gesture_action(
        "pull",
        1.5,
        (
            "{who} pulls something with both hands{how}.",
            "{who} reaches ahead and pulls back{how}.",
            "{who} is tugging at something{how}.",
            "{who} grabs something in front and pulls it{how} to the body.",
        ),
    ),
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
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
    gesture_action(
        "twist",
        1.5,
        (
            "{who} twists the upper body from side to side{how}.",
            "{who} turns the torso left and right{how}.",
            "{who} is doing trunk rotations{how}.",
            "with bent arms, {who} twists at the waist{how}.",
        ),
    ),
    gesture_action(
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
