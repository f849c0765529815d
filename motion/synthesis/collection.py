"""Sets of synthesised clips, each a pure function of the seed and its index."""

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
from motion.synthesis.captions import captions_of
from motion.synthesis.perform import CLIP_FPS, clip_of
from motion.synthesis.repertoire import ACTIONS
from motion.synthesis.scene import Scene
from motion.synthesis.style import STYLES

_SIZES = (0.92, 1.08)
_GOLDEN = 0.6180339887498949
_TEST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class ClipDetails:
    """One clip and what is known about it.

    Attributes:
        motion: at 20 fps, named after its action and index, with the first caption.
        captions: three to five.
        action, style, side, size: what was drawn; the side is the acting one, the size relative to the mean adult.
        planted: (frames, 2) true where the ball of the left, the right foot is fixed on the floor.
    """

    motion: Motion
    captions: tuple[str, ...]
    action: str
    style: str
    side: Literal["left", "right"]
    size: float
    planted: np.ndarray


def split_of(name: str) -> Literal["train", "test"]:
    """Which split a clip of this id belongs to: a tenth is for testing, by a hash of the id."""
    digest = hashlib.sha256(name.encode()).digest()
    return "test" if int.from_bytes(digest[:4], "big") < _TEST_SHARE * 2**32 else "train"


def _chosen(actions: Sequence[str] | None) -> list[Action]:
    if actions is None:
        return list(ACTIONS.values())
    unknown = [name for name in actions if name not in ACTIONS]
    if unknown:
        raise NotFound(f"no action is called {unknown[0]!r}; there are: {', '.join(ACTIONS)}")
    if not actions:
        raise InvalidInput.of("actions", "is empty; must name at least one action")
    return [ACTIONS[name] for name in actions]


def _action_at(index: int, seed: int, actions: Sequence[Action]) -> Action:
    """The action of clip `index`: a low-discrepancy walk through the weights, so that every stretch of clips is
    balanced and no clip depends on how many there are."""
    start = np.random.default_rng([seed, 0]).random()
    edges = np.cumsum([action.weight for action in actions])
    point = (start + index * _GOLDEN) % 1.0 * edges[-1]
    return actions[min(int(np.searchsorted(edges, point, side="right")), len(actions) - 1)]


def clip(index: int, seed: int = 0, *, actions: Sequence[str] | None = None) -> ClipDetails:
    """Clip `index` of the set that `seed` stands for.

    Raises:
        NotFound: an action that does not exist, with those that do.
        InvalidInput: a negative index or seed, or no actions.
    """
    for name, value in (("index", index), ("seed", seed)):
        if value < 0:
            raise InvalidInput.of(name, f"is {value}; must not be negative")
    action = _action_at(index, seed, _chosen(actions))
    rng = np.random.default_rng([seed, 1, index])
    size = float(rng.uniform(*_SIZES))
    style = STYLES[action.styles[int(rng.integers(len(action.styles)))]]
    scene = Scene(rng, Body.of_size(size), style, int(rng.integers(2)))
    positions, planted = clip_of(action.write(scene))
    captions = captions_of(scene, action.captions)
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
    """`count` clips of 40 to 196 frames at 20 fps: 22 joints, metres, Y up, floor at y = 0; the first frame faces +Z
    with the pelvis over the origin.

    Args:
        count: how many; the first n of any larger set are the same.
        seed: another seed, other clips.
        actions: names out of `ACTIONS` to restrict it to.
        progress: told (done, count) after each clip.

    Raises:
        NotFound: an action that does not exist, with those that do.
        InvalidInput: a count below 1, a negative seed, or no actions.
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
