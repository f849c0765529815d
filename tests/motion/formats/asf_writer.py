"""Write Acclaim's skeleton and motion files of a rigid body, with any axes of its bones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motion import kinematics
from motion.motion import Motion
from motion.skeleton import CHILDREN, JOINT, JOINT_NAMES

_LIMBS = {
    "hip": "femur", "knee": "tibia", "ankle": "foot", "foot": "toes", "collar": "clavicle", "shoulder": "humerus",
    "elbow": "radius", "wrist": "wrist",
}  # fmt: skip
_NAMES = {"spine1": "upperback", "spine2": "thorax", "spine3": "upperthorax", "neck": "lowerneck", "head": "head"} | {
    f"{side}_{joint}": side[0] + name for side in ("left", "right") for joint, name in _LIMBS.items()
}


def write_acclaim(
    folder: Path, motion: Motion, orders: str = "xyz", axes: str = "XYZ", degrees: bool = True, unit_m: float = 0.0254
) -> None:
    """Write `01.asf` and `01_01.amc`.

    Args:
        folder: the folder.
        motion: a motion with rigid bones.
        orders: the order in which each bone is rotated about its axes.
        axes: the order in which the axes of each bone are rotated to where they are.
        degrees: whether angles are in degrees.
        unit_m: length of a unit, metres.
    """
    random = np.random.default_rng(0)
    positions = motion.positions.astype(np.float64)
    offsets = kinematics.estimate_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    angle = 1.0 if degrees else np.pi / 180
    bones: list[str] = []
    tree: dict[str, list[str]] = {}
    numbers: dict[str, np.ndarray] = {}

    def euler(joint: int, own: Rotation) -> np.ndarray:
        turned = own.inv() * Rotation.from_quat(local[:, joint][:, [1, 2, 3, 0]]) * own
        return angle * turned.as_euler(orders, degrees=True)

    def add(name: str, above: str, vector: np.ndarray, joint: int | None) -> None:
        length = float(np.linalg.norm(vector))
        own = random.uniform(-80, 80, 3) if joint is not None else np.zeros(3)
        lines = [f"     name {name}", f"     direction {_text(vector / length)}", f"     length {length / unit_m:.8f}"]
        lines.append(f"     axis {_text(angle * own)}  {axes}")
        if joint is not None:
            lines.append(f"    dof {' '.join(f'r{axis}' for axis in orders)}")
            lines += ["    limits (-180 180)", "           (-180 180)"]
            numbers[name] = euler(joint, Rotation.from_euler(axes.lower(), own, degrees=True))
        bones.extend(["  begin", *lines, "  end"])
        tree.setdefault(above, []).append(name)

    def descend(joint: int, above: str) -> None:
        name = _NAMES[JOINT_NAMES[joint]]
        children = CHILDREN[joint]
        for number, child in enumerate(children):
            bone = name if number == 0 else f"part{joint}{number}"
            add(bone, above, offsets[child], joint)
            descend(child, bone)
        if not children:
            add(name, above, np.array([0, 0, 0.05]), joint)

    for child, name in zip(CHILDREN[0], ("lhipjoint", "rhipjoint", "lowerback"), strict=True):
        add(name, "root", offsets[child], None)
        descend(child, name)
    root = np.concatenate([positions[:, JOINT["pelvis"]] / unit_m, euler(0, Rotation.identity())], axis=1)
    head = [
        "# a comment", ":version 1.10", ":name BODY", ":units", "  mass 1.0", f"  length {0.0254 / unit_m:.9g}",
        f"  angle {'deg' if degrees else 'rad'}", ":documentation", "   any words: here", ":root",
        f"   order TX TY TZ {' '.join(f'R{axis.upper()}' for axis in orders)}", "   axis XYZ", "   position 0 0 0",
        "   orientation 0 0 0",
    ]  # fmt: skip
    edges = [f"    {above} {' '.join(below)}" for above, below in tree.items()]
    skeleton = [*head, ":bonedata", *bones, ":hierarchy", "  begin", *edges, "  end"]
    rows = ["#!OML:ASF", ":FULLY-SPECIFIED", ":DEGREES" if degrees else ":RADIANS"]
    for frame in range(len(positions)):
        rows += [str(frame + 1), f"root {_text(root[frame])}"]
        rows += [f"{name} {_text(each[frame])}" for name, each in numbers.items()]
    (folder / "01.asf").write_text("\n".join(skeleton) + "\n")
    (folder / "01_01.amc").write_text("\n".join(rows) + "\n")


def _text(numbers: np.ndarray) -> str:
    return " ".join(f"{number:.8f}" for number in numbers)
