"""Styles: the tempo, size and posture of a movement, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from motion.synthesis.plan import Posture


@dataclass(frozen=True)
class Style:
    """One style.

    Attributes:
        name: name in the metadata of clips.
        tempo: speed relative to the plain style.
        size: amplitude relative to the plain style.
        posture: posture that is added throughout; see `plan.Posture`.
        arms: scale of the arms' swing in walking.
        words: adverbs for captions; none if the style is not worth naming.
    """

    name: str
    tempo: float = 1.0
    size: float = 1.0
    posture: Posture = field(default_factory=dict)
    arms: float = 1.0
    words: tuple[str, ...] = ()


STYLES = {
    style.name: style
    for style in (
        Style("plain"),
        Style("slow", 0.72, words=("slowly", "at a slow pace", "very slowly", "without any hurry")),
        Style("quick", 1.25, words=("quickly", "fast", "at a quick pace", "rapidly")),
        Style(
            "relaxed",
            0.9,
            0.95,
            {"lean": 3.0, "elbow": -4.0},
            1.1,
            ("in a relaxed way", "casually", "in a calm and easy manner", "loosely"),
        ),
        Style(
            "energetic",
            1.14,
            1.12,
            {"elbow": 12.0, "nod": -3.0},
            1.35,
            ("energetically", "with a lot of energy", "in a lively way", "with vigour"),
        ),
        Style(
            "tired",
            0.74,
            0.85,
            {"lean": 16.0, "hinge": 4.0, "nod": 16.0, "elbow": -8.0, "height": -0.012},
            0.6,
            ("tiredly", "as if exhausted", "wearily", "with the head hanging"),
        ),
        Style(
            "careful",
            0.7,
            0.9,
            {"lean": 5.0, "nod": 10.0, "elbow": 14.0, "out": 8.0},
            0.5,
            ("carefully", "cautiously", "with great care"),
        ),
        Style(
            "proud",
            0.96,
            1.05,
            {"lean": -7.0, "nod": -4.0, "shrug": -3.0},
            1.1,
            ("proudly", "with a very upright posture", "with the chest out"),
        ),
        Style(
            "stooped",
            0.8,
            0.9,
            {"lean": 26.0, "hinge": 7.0, "height": -0.03, "nod": 5.0},
            0.6,
            ("hunched over", "with a bent back", "stooping"),
        ),
    )
}

EVERYDAY = ("plain", "plain", "plain", "slow", "quick", "relaxed", "energetic", "tired", "careful")
WALKING = (*EVERYDAY, "proud", "stooped")
CALM = ("plain", "plain", "slow", "relaxed", "tired", "careful")
LIVELY = ("plain", "plain", "quick", "energetic")
PLAIN = ("plain",)
