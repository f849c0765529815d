"""Every naming covers the 22 joints, and none matches the skeleton of another."""

from __future__ import annotations

import pytest

from motion.errors import InvalidInput
from motion.formats.joint_naming import NAMINGS, Naming, simplify
from motion.formats.skeletons.skeleton_match import match_joints
from motion.skeleton import JOINT, JOINT_NAMES


def names_of(naming: Naming) -> list[str]:
    parts = [[part] if isinstance(part, str) else list(part) for part in naming.joints.values()]
    return [name.split("|")[0] for group in parts for name in group]


@pytest.mark.parametrize("naming", NAMINGS, ids=lambda naming: naming.family)
def test_a_skeleton_is_matched_by_its_own_naming(naming: Naming):
    assert set(naming.joints) == set(JOINT_NAMES)
    blends = match_joints(names_of(naming))
    for joint, blend in zip(JOINT_NAMES, blends, strict=True):
        wanted = naming.joints[joint]
        parts = {wanted: 1.0} if isinstance(wanted, str) else wanted
        assert dict(blend) == {name.split("|")[0]: weight for name, weight in parts.items()}
        assert sum(weight for _, weight in blend) == pytest.approx(1)


def test_left_foot_is_the_ankle_in_one_naming_and_the_ball_in_another():
    (mixamo,) = (naming for naming in NAMINGS if naming.family == "Mixamo")
    assert match_joints(names_of(mixamo))[JOINT["left_ankle"]] == (("LeftFoot", 1.0),)
    assert match_joints(JOINT_NAMES)[JOINT["left_foot"]] == (("left_foot", 1.0),)


@pytest.mark.parametrize(
    "name", ["mixamorig:LeftUpLeg", "LeftUpLeg", "mixamorig_LeftUpLeg", "left_up_leg", "Ns:LeftUpLeg"]
)
def test_prefixes_and_case_do_not_matter(name: str):
    assert simplify(name) == "leftupleg"


def test_missing_joints_are_listed():
    names = [name for name in JOINT_NAMES if name not in ("head", "left_wrist")]
    with pytest.raises(InvalidInput, match="lacks head, left_wrist"):
        match_joints(names)
