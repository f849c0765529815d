"""Procedural synthesis of human motion from a random seed, without motion capture.

    synthesize(count, seed)      a `MotionSet` of clips with captions
    clip(index, seed)            one of its clips, which does not depend on the count
    split_of(id)                 "train" or "test"

To make a clip, an action and a style are drawn at random. The action builds a `plan.Plan`: where and when each foot
stands (`footfalls`), how trunk and arms move (`gesture`), and when the body is in the air (`airborne`). Then `perform`
finds the path of the pelvis that keeps the zero moment point within the feet (`balance`) and bends the legs to reach
them.
"""

from motion.synthesis.collection import ClipDetails, clip, split_of, synthesize
from motion.synthesis.repertoire import ACTIONS

__all__ = ["ACTIONS", "ClipDetails", "clip", "split_of", "synthesize"]
