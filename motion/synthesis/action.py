"""A kind of action: how its clips are made and what is said about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from motion.synthesis.gesture import gesturing
from motion.synthesis.gesture_library import GESTURES
from motion.synthesis.plan import Plan
from motion.synthesis.scene import Scene
from motion.synthesis.style import EVERYDAY


@dataclass(frozen=True)
class Action:
    """One kind of action.

    Attributes:
        name: in the ids and the metadata of its clips.
        weight: how often it is made, relative to the others.
        write: writes a clip's plan, and the words that only it knows into the scene.
        captions: patterns; see `captions.captions_of`.
        styles: names of the manners it is done in, each as often as it stands there.
    """

    name: str
    weight: float
    write: Callable[[Scene], Plan]
    captions: tuple[str, ...]
    styles: tuple[str, ...] = EVERYDAY


def gesture_action(name: str, weight: float, captions: tuple[str, ...], styles: tuple[str, ...] = EVERYDAY) -> Action:
    """The action of the gesture of this name in `GESTURES`."""
    return Action(name, weight, gesturing(GESTURES[name]), captions, styles)
