"""Write `.bvh` files as other tools do: with their names and trees, with fewer joints than ours, and with more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from motion import kinematics, rotation
from motion.motion import Motion
from motion.skeleton import JOINT, JOINT_NAMES, PARENTS

Node = tuple[str, str | None, str]
"""Name and parent of a joint, and which of ours it is; `a>b:0.5` lies between two and rotates with the first."""

_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_LIMBS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")


def naming(trunk: str, left: str, right: str) -> dict[str, str]:
    """Return names for our joints from those of the trunk, upwards, and of leg and arm of either side.

    Args:
        trunk: pelvis, three of the spine, neck and head, separated by `;`.
        left: hip, knee, ankle, ball, collar, shoulder, elbow and wrist, separated by `;`.
        right: the same for the right side.
    """
    names = dict(zip(_TRUNK, trunk.split(";"), strict=True))
    for side, words in (("left", left), ("right", right)):
        names |= {f"{side}_{joint}": name for joint, name in zip(_LIMBS, words.split(";"), strict=True)}
    return names


def tree(names: Mapping[str, str], without: Sequence[str] = ()) -> list[Node]:
    """Return the nodes of our tree with other names, and without some joints, whose children hang one higher."""
    nodes: list[Node] = []
    for joint in JOINT_NAMES:
        if joint not in without:
            parent = PARENTS[JOINT[joint]]
            while parent >= 0 and JOINT_NAMES[parent] in without:
                parent = PARENTS[parent]
            nodes.append((names[joint], names[JOINT_NAMES[parent]] if parent >= 0 else None, joint))
    return nodes


def foreign_bvh(motion: Motion, nodes: Sequence[Node], ends: Mapping[str, Sequence[float]] | None = None) -> str:
    """Return the text of a `.bvh` file in centimetres.

    Args:
        motion: a motion with rigid bones.
        nodes: the joints, parents before children.
        ends: end sites by the name of their parent, in centimetres; the other leaves have one of 5 cm upwards.
    """
    positions = motion.positions.astype(np.float64)
    offsets = kinematics.estimate_offsets(positions)
    world = kinematics.global_rotations(positions, offsets)
    rest = np.cumsum(np.zeros((22, 3)), axis=0)
    for joint in range(1, 22):
        rest[joint] = rest[PARENTS[joint]] + offsets[joint]

    def place(source: str) -> tuple[np.ndarray, int]:
        if ">" not in source:
            return rest[JOINT[source]], JOINT[source]
        between, share = source.split(":")
        a, b = (JOINT[name] for name in between.split(">"))
        return rest[a] + float(share) * (rest[b] - rest[a]), a

    at = {name: place(source) for name, _, source in nodes}
    columns: list[np.ndarray] = []
    children: dict[str | None, list[str]] = {}
    for name, parent, _ in nodes:
        children.setdefault(parent, []).append(name)

    def angles(rotations: np.ndarray) -> np.ndarray:
        return Rotation.from_quat(rotations[:, [1, 2, 3, 0]]).as_euler("ZXY", degrees=True)

    def lines(name: str, parent: str | None, indent: str) -> list[str]:
        here, joint = at[name]
        above = at[parent][0] if parent else here
        rotations = world[:, joint]
        if parent:
            rotations = rotation.multiply(rotation.conjugate(world[:, at[parent][1]]), rotations)
        else:
            columns.append(100 * positions[:, joint])
        columns.append(angles(rotations))
        offset = " ".join(f"{value:.6f}" for value in 100 * (here - above))
        channels = "3 Zrotation Xrotation Yrotation" if parent else (
            "6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
        )  # fmt: skip
        text = [f"{'JOINT' if parent else 'ROOT'} {name}", "{", f"\tOFFSET {offset}", f"\tCHANNELS {channels}"]
        for child in children.get(name, []):
            text += ["\t" + line for line in lines(child, name, indent + "\t")]
        if name not in children:
            end = (ends or {}).get(name, (0, 5, 0))
            text += ["\tEnd Site", "\t{", f"\t\tOFFSET {' '.join(map(str, end))}", "\t}"]
        return [*text, "}"]

    hierarchy = [line for root in children[None] for line in lines(root, None, "")]
    rows = [" ".join(f"{value:.6f}" for value in row) for row in np.concatenate(columns, axis=1)]
    head = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / motion.fps:.7f}"]
    return "\n".join(["HIERARCHY", *hierarchy, *head, *rows]) + "\n"
