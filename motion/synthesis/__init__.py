"""Human motion made from nothing but a seed: footprints first, balance from them, everything else around it.

    synthesize(count, seed)      a `MotionSet` of clips with captions
    clip(index, seed)            one of them: the same whatever the count
    split_of(id)                 "train" or "test"

How a clip comes about: an action and a manner are drawn; the action writes a `plan.Plan`, that is where and when each
foot stands (`feet`), how trunk and arms move (`gesture`), and when the body flies (`flight`); `perform` finds the
pelvis that keeps the zero moment point over those feet (`balance`) and bends the legs to reach them. No one's motion
goes in.
"""

from motion.synthesis.collection import ClipDetails, clip, split_of, synthesize
from motion.synthesis.repertoire import ACTIONS

__all__ = ["ACTIONS", "ClipDetails", "clip", "split_of", "synthesize"]
