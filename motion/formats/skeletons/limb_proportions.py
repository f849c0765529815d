"""Tell limbs that no person has: unlike on both sides, or arms that are too short or too long for the legs."""

from __future__ import annotations

import numpy as np

from motion.array_types import FloatArray
from motion.skeleton import JOINT

_BONES = {
    "thigh": ("hip", "knee"), "shin": ("knee", "ankle"), "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}  # fmt: skip
_UNEVEN = 1.3  # ratio of left and right; the fits of trackers have up to 1.1
_ARM_RANGE = (0.4, 0.95)  # shoulder to wrist as a share of hip to ankle; people have 0.55 to 0.7


def uneven_limbs(positions: FloatArray) -> tuple[str, ...]:
    """Return a sentence if the limbs of a body have no human proportions.

    Args:
        positions: (frames, 22, 3) joint positions in any unit.
    """
    sound = positions[np.isfinite(positions).all(axis=(1, 2))]
    if not len(sound):
        return ()
    lengths = {
        (side, bone): _length(sound, f"{side}_{joints[0]}", f"{side}_{joints[1]}")
        for side in ("left", "right")
        for bone, joints in _BONES.items()
    }
    said = []
    for bone in _BONES:
        left, right = lengths["left", bone], lengths["right", bone]
        if max(left, right) > _UNEVEN * min(left, right):
            said.append(f"the left {bone} is {left / max(right, 1e-9):.2f} times as long as the right one")
    legs, arms = (
        sum(lengths[side, bone] for side in ("left", "right") for bone in bones)
        for bones in (("thigh", "shin"), ("upper arm", "forearm"))
    )
    share = arms / max(legs, 1e-9)
    if not _ARM_RANGE[0] <= share <= _ARM_RANGE[1]:
        said.append(f"the arms are {share:.2f} times as long as the legs")
    return (f"{', and '.join(said)}; no person has such limbs",) if said else ()


def _length(positions: FloatArray, a: str, b: str) -> float:
    return float(np.median(np.linalg.norm(positions[:, JOINT[a]] - positions[:, JOINT[b]], axis=-1)))
