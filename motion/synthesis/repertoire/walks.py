"""Actions of walking."""

from __future__ import annotations

from motion.synthesis.action import Action
from motion.synthesis.gait import Walk
from motion.synthesis.gesture_library import GESTURES
from motion.synthesis.locomotion import (
    about_turn,
    ahead,
    circle,
    corner,
    curve,
    walk_builder,
    walk_from_rest_builder,
    walk_to_stop_builder,
    zigzag,
)
from motion.synthesis.style import CALM, EVERYDAY, PLAIN, WALKING

_SNEAK = {"height": -0.09, "hinge": 16.0, "lean": 22.0, "flex": 14.0, "elbow": 58.0, "out": 8.0, "nod": -6.0}
_TIPTOE = {"heel": 26.0, "height": 0.042, "out": 10.0, "elbow": 14.0}
_ZOMBIE = {"flex": 82.0, "elbow": -8.0, "lean": 9.0, "hinge": 3.0, "out": 2.0}

WALKS = (
    Action(
        "walk",
        9,
        walk_builder(),
        (
            "{who} walks forward{how}.",
            "{who} is walking straight ahead{how}.",
            "{who} takes several steps forward{how}.",
            "{who} walks in a straight line{how}.",
            "walking forward{how}, {who} lets the arms swing.",
            "{who} strolls ahead{how}.",
        ),
        WALKING,
    ),
    Action(
        "walk_from_rest",
        4,
        walk_from_rest_builder(),
        (
            "{who} walks forward{how} and stops.",
            "{who} stands still, takes {count} steps forward{how} and comes to a halt.",
            "starting with the {side} foot, {who} walks {count} steps ahead{how}.",
            "{who} takes {count} steps forward{how}.",
            "{who} starts walking{how}, then stands still again.",
        ),
        WALKING,
    ),
    Action(
        "walk_and_stop",
        2,
        walk_to_stop_builder(),
        (
            "{who} walks forward{how} and then stops.",
            "{who} comes walking{how} and halts.",
            "after walking a few steps{how}, {who} stands still.",
            "{who} walks ahead{how} and comes to a stand.",
        ),
        WALKING,
    ),
    Action(
        "walk_backward",
        3,
        walk_builder((-1.0, -0.5)),
        (
            "{who} walks backward{how}.",
            "{who} is stepping backwards{how}.",
            "{who} takes several steps back{how}.",
            "{who} backs away{how}.",
            "facing forward, {who} walks backwards{how}.",
        ),
        EVERYDAY,
    ),
    Action(
        "walk_curve",
        4.5,
        walk_builder((0.8, 1.35), curve, (3.0, 6.0)),
        (
            "{who} walks forward{how} and curves to the {side}.",
            "{who} walks in an arc to the {side}{how}.",
            "{who} is walking{how}, bending off to the {side}.",
            "{who} veers to the {side} while walking{how}.",
            "walking{how}, {who} follows a curve to the {side}.",
        ),
        WALKING,
    ),
    Action(
        "walk_circle",
        2.5,
        walk_builder((0.75, 1.1), circle, (4.5, 9.0)),
        (
            "{who} walks in a circle{how}.",
            "{who} is walking {turning} in a circle{how}.",
            "{who} walks around{how} in a circle to the {side}.",
            "{who} goes round in a circle, {turning}{how}.",
            "turning to the {side} all the time, {who} walks a circle{how}.",
        ),
        EVERYDAY,
    ),
    Action(
        "walk_corner",
        3,
        walk_builder((0.8, 1.2), corner, (3.2, 5.0)),
        (
            "{who} walks forward{how}, turns {side} and walks on.",
            "{who} is walking{how} and takes a {side} turn.",
            "{who} makes a 90 degree turn to the {side} while walking{how}.",
            "{who} walks around a corner to the {side}{how}.",
            "{who} walks{how} and turns to the {side}.",
        ),
        EVERYDAY,
    ),
    Action(
        "walk_about_turn",
        3,
        walk_builder((0.75, 1.1), about_turn, (4.2, 6.5)),
        (
            "{who} walks forward{how}, turns around and walks back.",
            "{who} walks ahead{how}, then makes a u-turn to the {side}.",
            "{who} is walking{how}, turns around over the {side} shoulder and returns.",
            "{who} walks{how}, turns back and walks the other way.",
            "after a few steps{how} {who} turns around and comes back.",
        ),
        EVERYDAY,
    ),
    Action(
        "walk_zigzag",
        1.5,
        walk_builder((0.85, 1.2), zigzag, (5.0, 8.0)),
        (
            "{who} walks in a zigzag{how}.",
            "{who} is walking in a winding line{how}.",
            "{who} walks forward{how}, weaving left and right.",
            "{who} zigzags ahead{how}, first to the {side}.",
            "{who} walks in an s-shape{how}.",
        ),
        EVERYDAY,
    ),
    Action(
        "sneak",
        2,
        walk_builder(
            (0.5, 0.85),
            ahead,
            (3.5, 6.0),
            walk=Walk(arms=0.35, clearance=0.11, width=0.14, strike=0.05),
            posture=_SNEAK,
        ),
        (
            "{who} sneaks forward.",
            "{who} is creeping ahead, crouched low.",
            "{who} walks stealthily with bent knees.",
            "hunched over, {who} slinks forward so as not to be heard.",
            "{who} sneaks along like a thief.",
        ),
        PLAIN,
    ),
    Action(
        "tiptoe_walk",
        1.5,
        walk_builder(
            (0.45, 0.8), ahead, (3.2, 5.5), walk=Walk(arms=0.5, push=0.25, strike=0.0, clearance=0.06), posture=_TIPTOE
        ),
        (
            "{who} walks on tiptoe{how}.",
            "{who} is tiptoeing forward{how}.",
            "{who} walks{how} on the balls of the feet.",
            "with the heels off the floor, {who} walks ahead{how}.",
        ),
        ("plain", "slow", "careful"),
    ),
    Action(
        "zombie_walk",
        1,
        walk_builder(
            (0.5, 0.75),
            ahead,
            (3.5, 6.0),
            walk=Walk(arms=0.2, clearance=0.05, push=0.4, strike=0.0, width=0.17, irregular=0.018),
            posture=_ZOMBIE,
        ),
        (
            "{who} walks like a zombie.",
            "{who} walks forward stiffly with both arms stretched out.",
            "{who} shuffles ahead, arms held out in front.",
            "with the arms raised to the front, {who} walks like the undead.",
        ),
        PLAIN,
    ),
    Action(
        "stagger",
        1.5,
        walk_builder(
            (0.45, 0.75),
            zigzag,
            (4.0, 7.0),
            walk=Walk(width=0.2, irregular=0.045, arms=0.7, double_support=0.32, strike=0.05),
            posture={"lean": 8.0, "out": 8.0, "nod": 8.0},
        ),
        (
            "{who} staggers forward.",
            "{who} walks unsteadily, as if drunk.",
            "{who} is stumbling ahead, swaying from side to side.",
            "{who} walks with uneven steps.",
            "{who} totters forward, barely keeping balance.",
        ),
        PLAIN,
    ),
    Action(
        "walk_and_wave",
        1.5,
        walk_builder((0.8, 1.2), ahead, (3.2, 5.0), gesture=GESTURES["wave"]),
        (
            "{who} walks forward{how} while waving with the {side} hand.",
            "{who} waves with the {side} hand while walking ahead{how}.",
            "{who} is walking{how} and waves to someone.",
            "walking{how}, {who} raises the {side} hand and waves.",
        ),
        EVERYDAY,
    ),
    Action(
        "walk_on_the_phone",
        1.5,
        walk_builder((0.7, 1.1), ahead, (4.0, 6.5), gesture=GESTURES["phone"]),
        (
            "{who} walks{how} with the {side} hand at the ear, as if on the phone.",
            "{who} is on the phone while walking ahead{how}.",
            "{who} lifts a phone to the {side} ear and keeps walking{how}.",
            "{who} walks forward{how}, holding a phone to the {side} ear.",
        ),
        CALM,
    ),
)
