"""Find the 22 joints in the skeletons of other tools and data sets by name.

The same name can mean different joints: "left foot" is the ankle in Mixamo and the ball of the foot in SMPL. One naming
must therefore cover the whole skeleton. If a skeleton lacks a joint between two others, the naming gives the weights to
interpolate it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from motion.errors import InvalidInput
from motion.skeleton import JOINT_NAMES

_FEWEST_KNOWN = 6  # with fewer joints known, naming those that lack says nothing
_NAMED_AT_MOST = 5
Blend = tuple[tuple[str, float], ...]
"""One of the 22 joints as a weighted sum of joints in a file: their names and weights."""


@dataclass(frozen=True)
class Naming:
    """The joint names of one family of skeletons.

    Attributes:
        family: name of the family.
        joints: for each of the 22 joints the names that it may have, as `a|b`, or several such with their weights.
    """

    family: str
    joints: Mapping[str, str | Mapping[str, float]]

    def resolve(self, simplified: Mapping[str, str]) -> tuple[list[Blend], list[str]]:
        """Find the joints of this naming in a file.

        Args:
            simplified: the names in the file by their simplified form, see `simplify`.

        Returns:
            A blend for each joint that was found, and the names of joints that the file lacks.
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
    """Remove namespace, tool prefix, case and punctuation from a name: `mixamorig:LeftUpLeg` -> `leftupleg`."""
    bare = re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].lower())
    return re.sub(r"^(mixamorig\d*|[mf]avg)(?=.)", "", bare)


def known_family(names: Iterable[str]) -> tuple[str, list[Blend]] | None:
    """Find the naming that covers a skeleton.

    Args:
        names: names of all joints of the skeleton.

    Returns:
        The name of the family and the blend of each of the 22 joints; None if no naming covers the skeleton.
    """
    for naming, blends, missing in _resolved(names):
        if not missing:
            return naming.family, blends
    return None


def unknown_skeleton(names: Iterable[str], lacking: Sequence[str] = ()) -> InvalidInput:
    """Return the error about a skeleton that is not understood.

    Args:
        names: names of all joints of the skeleton.
        lacking: the joints without which it is no body; none for those that the best naming lacks.
    """
    names = list(names)
    best, blends, missing = max(_resolved(names), key=lambda candidate: len(candidate[1]))
    known = ", ".join(naming.family for naming in NAMINGS)
    reason = f"of the {best.family} names, which fit best; known are {known}"
    if lacking:
        missing, reason = list(lacking), "a body has at least hips, knees, ankles, shoulders, elbows and wrists"
    elif len(blends) < _FEWEST_KNOWN:
        some = f"{', '.join(names[:_NAMED_AT_MOST])}{', ...' if len(names) > _NAMED_AT_MOST else ''}"
        found = (
            f"the skeleton has {len(names)} joint{'' if len(names) == 1 else 's'} ({some}), in which no body is found"
        )
        wanted = "a body has at least hips, knees, ankles, shoulders, elbows and wrists"
        return InvalidInput.of("joint_names", f"{found}; {wanted}; --names FILE says which joints they are")
    return InvalidInput.of(
        "joint_names", f"the skeleton lacks {', '.join(missing)} ({reason}); --names FILE says which joints they are"
    )


def _resolved(names: Iterable[str]) -> list[tuple[Naming, list[Blend], list[str]]]:
    simplified: dict[str, str] = {}
    for name in names:
        simplified.setdefault(simplify(name), name)
    return [(naming, *naming.resolve(simplified)) for naming in NAMINGS]


def _naming(
    family: str, sides: tuple[str, str], trunk: Mapping[str, str | Mapping[str, float]], limbs: Mapping[str, str]
) -> Naming:
    """Create a naming from the trunk and the limbs of one side, in whose names `*` stands for the side."""
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
    # The trunk of CMU's skeleton has one joint less; neck and shoulders start at its Spine1.
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
    # Its "Hips" is as low as the hip joints, 9 cm below SMPL's pelvis.
    _naming(
        "Bandai-Namco",
        ("L", "R"),
        {"pelvis": {"Hips": 0.57, "Spine": 0.43}, "spine1": "Spine", "spine2": "Chest",
         "spine3": {"Chest": 0.8, "Neck": 0.2}, "neck": "Neck", "head": "Head"},
        {"hip": "UpperLeg_*", "knee": "LowerLeg_*", "ankle": "Foot_*", "foot": "Toes_*", "collar": "Shoulder_*",
         "shoulder": "UpperArm_*", "elbow": "LowerArm_*", "wrist": "Hand_*"},
    ),
)  # fmt: skip
