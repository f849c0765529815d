"""The library of gestures, as postures of the acting side in degrees; see `plan`."""

from __future__ import annotations

from motion.synthesis.gesture import Gesture


def arm(which: str, flex: float, out: float, roll: float, elbow: float) -> dict[str, float]:
    """Return the posture of an arm in degrees, where `which` is main, other or both."""
    prefix = "" if which == "both" else f"{which}."
    return {f"{prefix}flex": flex, f"{prefix}out": out, f"{prefix}roll": roll, f"{prefix}elbow": elbow}


_GUARD = arm("both", 38, 12, 30, 118) | {"hinge": 5, "lean": 6}
_SQUAT = {"height": -0.36, "hinge": 32, "lean": 14} | arm("both", 72, 14, 10, 12)

GESTURES: dict[str, Gesture] = {
    "wave": Gesture(
        arm("main", 12, 72, -80, 85), (arm("main", 10, 78, -84, 48), arm("main", 14, 70, -78, 104)), (2, 5), beat_s=0.26
    ),
    "wave_both": Gesture(
        arm("both", 8, 112, -85, 45), (arm("both", 8, 132, -85, 20), arm("both", 8, 100, -85, 62)), (2, 5), beat_s=0.32
    ),
    "clap": Gesture(
        arm("both", 40, 16, 30, 80), (arm("both", 42, 2, 50, 76), arm("both", 40, 20, 26, 80)), (3, 8), beat_s=0.19
    ),
    "raise_arms": Gesture(arm("both", 4, 168, -60, 14) | {"lean": -4, "nod": -6}, hold_s=(0.3, 1.4), reach_s=1.1),
    "raise_arm": Gesture(arm("main", 165, 8, 0, 12) | {"bend": -3}, hold_s=(0.4, 1.5), reach_s=0.9),
    "arms_out": Gesture(arm("both", 4, 88, -20, 8), hold_s=(0.4, 1.6), reach_s=1.0),
    "stretch": Gesture(
        arm("both", 172, 4, -10, 12) | {"lean": -12, "nod": -14},
        (arm("both", 174, 2, -10, 6) | {"lean": -15, "nod": -18},),
        reach_s=1.3,
        beat_s=0.8,
        back_s=1.2,
    ),
    "look_around": Gesture(
        {"look": 55, "twist": 14}, ({"look": -58, "twist": -15}, {"look": 48, "twist": 10}), (1, 2), beat_s=1.1
    ),
    "nod": Gesture({"nod": 18}, ({"nod": -5}, {"nod": 20}), (2, 4), reach_s=0.35, beat_s=0.28, back_s=0.5),
    "shake_head": Gesture({"look": 32}, ({"look": -34}, {"look": 33}), (2, 3), reach_s=0.4, beat_s=0.34, back_s=0.5),
    "shrug": Gesture(
        {"shrug": 19, "tilt": 6, "nod": -3} | arm("both", 10, 24, -38, 72), count=(1, 1), reach_s=0.5, back_s=0.6
    ),
    "arm_circles": Gesture(
        arm("both", 2, 82, 0, 6),
        (
            arm("both", 16, 92, 0, 6),
            arm("both", 2, 106, 0, 6),
            arm("both", -14, 92, 0, 6),
            arm("both", 2, 78, 0, 6),
        ),
        (2, 5),
        beat_s=0.22,
        reach_s=0.9,
    ),
    "arm_swing": Gesture(
        arm("both", 62, 8, 8, 14) | {"lean": -3},
        (arm("both", -38, 10, 10, 22) | {"lean": 5, "height": -0.02}, arm("both", 66, 8, 8, 14) | {"lean": -3}),
        (2, 4),
        reach_s=0.6,
        beat_s=0.48,
        back_s=0.7,
    ),
    "point": Gesture(arm("main", 84, 6, 10, 8) | {"twist": -7}, hold_s=(0.5, 1.6), reach_s=0.6),
    "point_side": Gesture(arm("main", 12, 82, 0, 8) | {"look": 55, "twist": 10}, hold_s=(0.5, 1.6), reach_s=0.7),
    "drink": Gesture(
        arm("main", 34, 12, 40, 92),
        (arm("main", 72, 12, 53, 131) | {"nod": -14, "lean": -4},),
        hold_s=(0.8, 1.6),
        beat_s=0.6,
        vary=0.02,
    ),
    "phone": Gesture(arm("main", 77, 24, 26, 154) | {"tilt": 7, "nod": 4}, hold_s=(1.5, 4.5), vary=0.02),
    "salute": Gesture(arm("main", 12, 128, -40, 138) | {"lean": -4}, hold_s=(0.7, 1.8), reach_s=0.6, vary=0.02),
    "scratch_head": Gesture(
        arm("main", 24, 141, -63, 124),
        (arm("main", 27, 144, -65, 129), arm("main", 22, 138, -61, 119)),
        (3, 6),
        beat_s=0.16,
        vary=0.02,
    ),
    "hands_on_hips": Gesture(arm("both", -24, 38, 62, 96), hold_s=(1.0, 3.5), vary=0.02),
    "cross_arms": Gesture(
        arm("main", 34, 6, 74, 100) | arm("other", 40, 8, 68, 92), hold_s=(1.2, 4.0), reach_s=1.0, vary=0.02
    ),
    "push": Gesture(
        arm("both", 18, 24, 6, 122) | {"lean": -3},
        (arm("both", 80, 10, 4, 14) | {"hinge": 9, "lean": 8, "height": -0.03}, arm("both", 20, 22, 6, 118)),
        (1, 3),
        reach_s=0.7,
        beat_s=0.55,
        stagger=0.26,
        width=0.2,
    ),
    "pull": Gesture(
        arm("both", 82, 8, 6, 10) | {"hinge": 8, "lean": 10, "height": -0.04},
        (arm("both", 2, 18, 8, 112) | {"hinge": -3, "lean": -5}, arm("both", 82, 8, 6, 10) | {"hinge": 8, "lean": 10}),
        (1, 3),
        reach_s=0.8,
        beat_s=0.65,
        stagger=0.26,
        width=0.2,
    ),
    "punch": Gesture(
        _GUARD | {"height": -0.04},
        (
            _GUARD | arm("main", 88, 4, 12, 8) | {"twist": -26, "turn": -8, "height": -0.05},
            _GUARD | {"height": -0.04},
            _GUARD | arm("other", 88, 4, 12, 8) | {"twist": 20, "turn": 6, "height": -0.05},
            _GUARD | {"height": -0.04},
        ),
        (1, 3),
        reach_s=0.6,
        beat_s=0.22,
        stagger=0.28,
        width=0.22,
    ),
    "throw": Gesture(
        arm("main", -8, 92, -88, 108)
        | arm("other", 55, 20, 10, 30)
        | {"twist": 30, "turn": 10, "lean": -6, "hinge": -4},
        (
            arm("main", 84, 18, 0, 16)
            | arm("other", 0, 18, 10, 50)
            | {"twist": -24, "turn": -8, "lean": 12, "hinge": 7},
            arm("main", 30, -6, 20, 24) | {"twist": -26, "lean": 16, "hinge": 8},
        ),
        reach_s=0.9,
        beat_s=0.24,
        back_s=0.9,
        stagger=0.34,
        width=0.22,
    ),
    "bow": Gesture(
        {"hinge": 34, "lean": 26, "nod": 14}, hold_s=(0.2, 1.0), reach_s=1.1, back_s=1.2, vary=0.25, width=0.14
    ),
    "squat": Gesture(
        _SQUAT, ({"height": 0.0}, _SQUAT), (0, 2), reach_s=1.2, beat_s=1.15, back_s=1.1, width=0.32, toe_out=0.32
    ),
    "sit": Gesture(
        {"height": -0.30, "hinge": 27, "lean": 10} | arm("both", 40, 8, 24, 40),
        hold_s=(0.8, 2.2),
        reach_s=1.4,
        back_s=1.3,
        width=0.22,
        toe_out=0.18,
    ),
    "pick_up": Gesture(
        {"height": -0.50, "hinge": 50, "lean": 42, "nod": 14}
        | arm("main", 26, 4, 10, 6)
        | arm("other", 14, 16, 20, 40),
        (arm("main", 42, 10, 30, 92) | {"height": 0.0, "nod": 16},),
        reach_s=1.3,
        beat_s=1.3,
        hold_s=(0.2, 0.8),
        width=0.26,
        toe_out=0.25,
        stagger=0.12,
        vary=0.03,
    ),
    "toe_touch": Gesture(
        {"hinge": 72, "lean": 62, "nod": 22, "height": -0.03} | arm("both", 24, 2, 10, 5),
        hold_s=(0.3, 1.2),
        reach_s=1.5,
        back_s=1.5,
        width=0.14,
        vary=0.08,
    ),
    "side_bend": Gesture(
        {"bend": 24, "sway": 0.3} | arm("other", 10, 158, -30, 24),
        (
            {"bend": -24, "sway": -0.3} | arm("main", 10, 158, -30, 24),
            {"bend": 24, "sway": 0.3} | arm("other", 10, 158, -30, 24),
        ),
        (0, 1),
        reach_s=1.2,
        beat_s=1.4,
        back_s=1.2,
        width=0.34,
    ),
    "twist": Gesture(
        arm("both", 52, 42, 60, 88) | {"twist": 38, "turn": 9, "look": 10},
        (
            arm("both", 52, 42, 60, 88) | {"twist": -38, "turn": -9, "look": -10},
            arm("both", 52, 42, 60, 88) | {"twist": 38, "turn": 9, "look": 10},
        ),
        (1, 3),
        reach_s=0.9,
        beat_s=0.7,
        width=0.34,
    ),
    "sway": Gesture(
        {"sway": 0.72, "bend": 5, "list": 2},
        ({"sway": -0.72, "bend": -5, "list": -2}, {"sway": 0.72, "bend": 5, "list": 2}),
        (1, 3),
        reach_s=0.9,
        beat_s=1.15,
        width=0.3,
    ),
    "idle": Gesture({"sway": 0.45, "bend": 2}, ({"sway": -0.2},), (0, 1), reach_s=1.2, beat_s=1.8, hold_s=(0.4, 2.4)),
    "tiptoe_stand": Gesture(
        {"heel": 27, "lean": -2, "height": 0.045}, hold_s=(0.5, 1.5), reach_s=0.8, back_s=0.8, width=0.15
    ),
    "rub_hands": Gesture(
        arm("both", 34, 4, 46, 88),
        (
            arm("main", 40, 4, 46, 84) | arm("other", 30, 4, 46, 92),
            arm("main", 30, 4, 46, 92) | arm("other", 40, 4, 46, 84),
        ),
        (3, 7),
        beat_s=0.2,
        vary=0.02,
    ),
    "beckon": Gesture(
        arm("main", 62, 12, 10, 40), (arm("main", 56, 14, 14, 100), arm("main", 62, 12, 10, 38)), (2, 4), beat_s=0.3
    ),
    "conduct": Gesture(
        arm("both", 48, 26, 20, 78),
        (
            arm("both", 36, 34, 10, 70),
            arm("both", 66, 24, 20, 84),
            arm("both", 44, 10, 34, 80),
            arm("both", 62, 30, 12, 80),
        ),
        (2, 4),
        beat_s=0.3,
    ),
}
