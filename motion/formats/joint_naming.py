"""How other people's skeletons name the 22 joints.

One name can mean two joints ("left foot" is the ankle to Mixamo and the ball of the foot to SMPL), so a skeleton is
taken by one naming as a whole or not at all. Where a skeleton lacks a joint that lies between two that it has, the
naming says how to interpolate it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from motion.errors import InvalidInput
from motion.skeleton import JOINT_NAMES

Blend = tuple[tuple[str, float], ...]
"""Names of joints in a file, and the weight of each in the joint that they make."""


@dataclass(frozen=True)
class Naming:
    """One family of skeletons: for each of our joints, the names it may have there, as `a|b`, or a blend of such."""

    family: str
    joints: Mapping[str, str | Mapping[str, float]]

    def resolve(self, simplified: Mapping[str, str]) -> tuple[list[Blend], list[str]]:
        """The blend for each joint that is there, and the names of those that are missing.

        `simplified` maps simplified names to the names that stand in the file.
        """
        blends: list[Blend] = []
        missing: list[str] = []
        for joint in JOINT_NAMES:
            wanted = self.joints[joint]
            parts = {wanted: 1.0} if isinstance(wanted, str) else wanted
            found: list[tuple[str, float]] = []
            for names, weight in parts.items():
                known = [simplified[key] for key in map(simplify, names.split("|")) if key in simplified]
                if known:
                    found.append((known[0], weight))
                elif names not in missing:
                    missing.append(names)
            if len(found) == len(parts):
                blends.append(tuple(found))
        return blends, missing


def simplify(name: str) -> str:
    """A joint's name without namespace, tool prefix, case and punctuation: `mixamorig:LeftUpLeg` -> `leftupleg`."""
    bare = re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].lower())
    return re.sub(r"^(mixamorig\d*|[mf]avg)(?=.)", "", bare)


def match_joints(names: Iterable[str]) -> list[Blend]:
    """For each of our 22 joints, the blend of the skeleton's joints `names` that it is.

    Raises:
        InvalidInput: no naming covers the skeleton; the text lists what the nearest one misses.
    """
    simplified: dict[str, str] = {}
    for name in names:
        simplified.setdefault(simplify(name), name)
    resolved = [(naming, *naming.resolve(simplified)) for naming in NAMINGS]
    for _, blends, missing in resolved:
        if not missing:
            return blends
    nearest, _, missing = max(resolved, key=lambda candidate: len(candidate[1]))
    known = ", ".join(naming.family for naming in NAMINGS)
    reason = f"of the {nearest.family} names, which are nearest; known are {known}"
    raise InvalidInput.of("joint_names", f"the skeleton lacks {', '.join(missing)} ({reason})")


def _naming(
    family: str, sides: tuple[str, str], trunk: Mapping[str, str | Mapping[str, float]], limbs: Mapping[str, str]
) -> Naming:
    """A naming from its trunk and one side's limbs, `*` standing for the side."""
    joints = dict(trunk)
    for word, side in zip(sides, ("left", "right"), strict=True):
        for joint, name in limbs.items():
            joints[f"{side}_{joint}"] = name.replace("*", word)
    return Naming(family, joints)


_MIXAMO_LIMBS = {
    "hip": "*UpLeg", "knee": "*Leg", "ankle": "*Foot", "foot": "*ToeBase|*Toe", "collar": "*Shoulder",
    "shoulder": "*Arm", "elbow": "*ForeArm", "wrist": "*Hand",
}  # fmt: skip
_SMPL_LIMBS = {
    "hip": "*_Hip", "knee": "*_Knee", "ankle": "*_Ankle", "foot": "*_Foot|*_Toe", "collar": "*_Collar|*_Thorax",
    "shoulder": "*_Shoulder", "elbow": "*_Elbow", "wrist": "*_Wrist",
}  # fmt: skip

NAMINGS: tuple[Naming, ...] = (
    Naming("HumanML3D", {name: name for name in JOINT_NAMES}),
    _naming(
        "SMPL",
        ("L", "R"),
        {"pelvis": "Pelvis", "spine1": "Spine1|Torso", "spine2": "Spine2|Spine", "spine3": "Spine3|Chest",
         "neck": "Neck", "head": "Head"},
        _SMPL_LIMBS,
    ),
    _naming(
        "Mixamo",
        ("Left", "Right"),
        {"pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head"},
        _MIXAMO_LIMBS,
    ),
    # The trunk of CMU's skeleton has one joint fewer; neck and shoulders start where its Spine1 is.
    _naming(
        "CMU",
        ("Left", "Right"),
        {
            "pelvis": "Hips", "spine1": "Spine", "spine2": {"Spine": 0.5, "Spine1": 0.5}, "spine3": "Spine1",
            "neck": "Neck1", "head": "Head", "left_collar": {"Spine1": 0.55, "LeftArm": 0.45},
            "right_collar": {"Spine1": 0.55, "RightArm": 0.45},
        },
        {joint: name for joint, name in _MIXAMO_LIMBS.items() if joint != "collar"},
    ),
    _naming(
        "Biovision",
        ("Left", "Right"),
        {"pelvis": "Hips", "spine1": "Chest", "spine2": "Chest2", "spine3": "Chest4|Chest3", "neck": "Neck",
         "head": "Head"},
        {"hip": "*Hip", "knee": "*Knee", "ankle": "*Ankle", "foot": "*Toe", "collar": "*Collar",
         "shoulder": "*Shoulder", "elbow": "*Elbow", "wrist": "*Wrist"},
    ),
    # Its hips are as low as the hip joints, where SMPL's pelvis is 9 cm higher.
    _naming(
        "Bandai-Namco",
        ("L", "R"),
        {"pelvis": {"Hips": 0.57, "Spine": 0.43}, "spine1": "Spine", "spine2": "Chest",
         "spine3": {"Chest": 0.8, "Neck": 0.2}, "neck": "Neck", "head": "Head"},
        {"hip": "UpperLeg_*", "knee": "LowerLeg_*", "ankle": "Foot_*", "foot": "Toes_*", "collar": "Shoulder_*",
         "shoulder": "UpperArm_*", "elbow": "LowerArm_*", "wrist": "Hand_*"},
    ),
)  # fmt: skip
