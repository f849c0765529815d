"""Actions: how the clips of an action are made, and their captions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from motion.synthesis.gesture import gesture_builder
from motion.synthesis.gesture_library import GESTURES
from motion.synthesis.plan import Plan
from motion.synthesis.scene import Scene
from motion.synthesis.style import EVERYDAY


@dataclass(frozen=True)
class Action:
    """One kind of action.

    Attributes:
        name: name in the ids and the metadata of its clips.
        weight: frequency of its clips relative to other actions.
        build_plan: builds the plan of a clip, and adds words for the captions to the scene.
        captions: patterns of captions; see `captions.make_captions`.
        styles: names of the styles to draw from; a repeated name is drawn more often.
    """

    name: str
    weight: float
    build_plan: Callable[[Scene], Plan]
    captions: tuple[str, ...]
    styles: tuple[str, ...] = EVERYDAY


def gesture_action(name: str, weight: float, captions: tuple[str, ...], styles: tuple[str, ...] = EVERYDAY) -> Action:
    """Make an action from the gesture of this name in `GESTURES`."""
    return Action(name, weight, gesture_builder(GESTURES[name]), captions, styles)
