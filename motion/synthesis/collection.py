"""Sets of synthesised clips, in which each clip is a pure function of the seed and its index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.synthesis.action import Action
from motion.synthesis.anatomy import Body
from motion.synthesis.captions import make_captions
from motion.synthesis.perform import CLIP_FPS, clip_from_plan
from motion.synthesis.repertoire import ACTIONS
from motion.synthesis.scene import Scene
from motion.synthesis.style import STYLES

_SIZES = (0.92, 1.08)
_GOLDEN = 0.6180339887498949
_TEST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class ClipDetails:
    """A clip and its annotations.

    Attributes:
        motion: the motion at 20 fps, named after its action, seed and index, with the first caption.
        captions: three to five captions.
        action: name of the action.
        style: name of the style.
        side: the acting side.
        size: size of the body relative to the mean adult.
        planted: (frames, 2) bool, whether the ball of the left and of the right foot is fixed on the floor.
    """

    motion: Motion
    captions: tuple[str, ...]
    action: str
    style: str
    side: Literal["left", "right"]
    size: float
    planted: np.ndarray


def split_of(name: str) -> Literal["train", "test"]:
    """Return the split of the clip with this id; a hash of the id assigns a tenth of the clips to the test split."""
    digest = hashlib.sha256(name.encode()).digest()
    return "test" if int.from_bytes(digest[:4], "big") < _TEST_SHARE * 2**32 else "train"


def _select_actions(actions: Sequence[str] | None) -> list[Action]:
    if actions is None:
        return list(ACTIONS.values())
    unknown = [name for name in actions if name not in ACTIONS]
    if unknown:
        raise NotFound(f"no action is called {unknown[0]!r}; there are: {', '.join(ACTIONS)}")
    if not actions:
        raise InvalidInput.of("actions", "is empty; must name at least one action")
    return [ACTIONS[name] for name in actions]


def _action_at(index: int, seed: int, actions: Sequence[Action]) -> Action:
    """Return the action of clip `index`.

    A low-discrepancy sequence goes through the weights of the actions, so that any run of consecutive clips is balanced
    and no clip depends on the number of clips.
    """
    start = np.random.default_rng([seed, 0]).random()
    edges = np.cumsum([action.weight for action in actions])
    point = (start + index * _GOLDEN) % 1.0 * edges[-1]
    return actions[min(int(np.searchsorted(edges, point, side="right")), len(actions) - 1)]


def clip(index: int, seed: int = 0, *, actions: Sequence[str] | None = None) -> ClipDetails:
    """Synthesize one clip of the set of a seed.

    Args:
        index: index of the clip in the set.
        seed: seed of the set.
        actions: names of the actions to draw from; None for all.

    Raises:
        NotFound: an action does not exist.
        InvalidInput: the index or the seed is negative, or there are no actions.
    """
    for name, value in (("index", index), ("seed", seed)):
        if value < 0:
            raise InvalidInput.of(name, f"is {value}; must not be negative")
    action = _action_at(index, seed, _select_actions(actions))
    rng = np.random.default_rng([seed, 1, index])
    size = float(rng.uniform(*_SIZES))
    style = STYLES[action.styles[int(rng.integers(len(action.styles)))]]
    scene = Scene(rng, Body.of_size(size), style, int(rng.integers(2)))
    positions, planted = clip_from_plan(action.build_plan(scene))
    captions = make_captions(scene, action.captions)
    side: Literal["left", "right"] = "left" if scene.side == 0 else "right"
    motion = Motion(
        positions.astype(np.float32), CLIP_FPS, caption=captions[0], name=f"{action.name}_{seed}_{index:05d}"
    )
    return ClipDetails(motion, captions, action.name, style.name, side, size, planted)


def synthesize(
    count: int,
    seed: int = 0,
    *,
    actions: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MotionSet:
    """Synthesize a set of clips with captions.

    Each clip has 40 to 196 frames at 20 fps of 22 joints, in metres with Y up and the floor at y = 0. In its first
    frame the body faces +Z with the pelvis over the origin.

    Args:
        count: number of clips; a larger set starts with the same clips.
        seed: random seed.
        actions: names of the actions to draw from, see `ACTIONS`; None for all.
        progress: called with (done, count) after each clip.

    Returns:
        The clips, with action, style, side, size and split in their metadata.

    Raises:
        NotFound: an action does not exist.
        InvalidInput: the count is below 1, the seed is negative, or there are no actions.
    """
    if count < 1:
        raise InvalidInput.of("count", f"is {count}; must be at least 1")
    clips: list[ClipDetails] = []
    for index in range(count):
        clips.append(clip(index, seed, actions=actions))
        if progress:
            progress(index + 1, count)
    return MotionSet(
        tuple(each.motion for each in clips),
        tuple(each.captions for each in clips),
        tuple(
            {
                "action": each.action,
                "style": each.style,
                "side": each.side,
                "size": round(each.size, 4),
                "split": split_of(each.motion.name or ""),
                "source": "synthetic",
            }
            for each in clips
        ),
    )
