"""Small `.bvh` files on rigs that have more than our joints: fingers, twist bones, a joint over the hips."""

from __future__ import annotations

import numpy as np
from swaying_body import swaying

from motion import kinematics, rotation
from motion.formats.rigs.bvh_document import BvhNode
from motion.formats.rigs.rig_channels import RigPose, encode_channels
from motion.skeleton import CHILDREN, PARENTS

MIXAMO = (
    "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase RightToeBase "
    "Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand"
).split()
FINGERS = ("LeftHandIndex1", "RightHandIndex1", "HeadTop_End")


def rig_text(
    order: str = "ZXY", unit_m: float = 0.01, with_root: bool = False, knee_axes: str = "", moving: bool = False
) -> str:
    """Return a file of a swaying body with bending fingers and a twist bone in the left thigh.

    Args:
        order: the order of the rotation channels.
        unit_m: the unit of the file, metres.
        with_root: put a joint `Reference` over the hips.
        knee_axes: the axes of the left knee if it has less than three.
        moving: give all joints position channels.
    """
    motion = swaying()
    positions = motion.positions.astype(float)
    offsets = kinematics.estimate_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    three = tuple(f"{axis}rotation" for axis in order)
    six = ("Xposition", "Yposition", "Zposition", *three)
    nodes: list[BvhNode] = []
    steps: list[np.ndarray] = []
    turns: list[np.ndarray] = []

    def add(name: str, parent: int, step: np.ndarray, turn: np.ndarray, channels: tuple[str, ...]) -> int:
        nodes.append(BvhNode(name, parent, np.zeros(3) if step.ndim > 1 else step / unit_m, channels))
        steps.append(np.broadcast_to(step / unit_m, (len(positions), 3)))
        turns.append(np.broadcast_to(turn, (len(positions), 4)))
        return len(nodes) - 1

    still = np.array([1.0, 0, 0, 0])
    bent = rotation.exp(np.linspace(0, 1, len(positions))[:, None] * [0.2, 0.1, -0.9])

    def add_joint(joint: int, parent: int) -> None:
        if MIXAMO[joint] == "LeftLeg":  # the thigh has a bone of its own that carries half of its twist
            parent = add("LeftUpLegTwist", parent, 0.5 * offsets[joint], still, three)
            step = 0.5 * offsets[joint]
        else:
            step = offsets[joint] if joint else positions[:, 0]
        channels = six if joint == 0 or moving else three
        if MIXAMO[joint] == "LeftLeg" and knee_axes:
            channels = tuple(f"{axis}rotation" for axis in knee_axes)
        index = add(MIXAMO[joint], parent, step, local[:, joint], channels)
        for child in CHILDREN[joint]:
            add_joint(child, index)
        for finger in FINGERS:
            if finger.startswith(MIXAMO[joint]) and not CHILDREN[joint]:
                add(finger, index, np.array([0.08, 0.0, 0.01]), bent, six if moving else three)

    root = add("Reference", -1, np.zeros(3), rotation.exp(np.array([0.0, 0.0, 0.0])), six) if with_root else -1
    add_joint(0, root)
    pose = RigPose(tuple(node.parent for node in nodes), np.stack(steps, axis=1), np.stack(turns, axis=1))
    like = np.zeros((len(positions), sum(len(node.channels) for node in nodes)))
    values = encode_channels(nodes, pose, like)
    rows = [" ".join(f"{value:.6f}" for value in row) for row in values]
    return "\n".join([*_lines(nodes), "MOTION", f"Frames:\t{len(rows)}", "Frame Time: 0.05", *rows]) + "\n"


def _lines(nodes: list[BvhNode]) -> list[str]:
    lines = ["HIERARCHY"]

    def write(index: int, depth: int) -> None:
        node, tab = nodes[index], "  " * depth
        lines.append(f"{tab}{'ROOT' if node.parent < 0 else 'JOINT'} {node.name}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}  OFFSET {' '.join(f'{value:.6f}' for value in node.offset)}")
        lines.append(f"{tab}  CHANNELS {len(node.channels)} {' '.join(node.channels)}")
        below = [child for child, other in enumerate(nodes) if other.parent == index]
        for child in below:
            write(child, depth + 1)
        if not below:
            lines.append(f"{tab}  End Site")
            lines.append(f"{tab}  {{ OFFSET 0.0 1.0 0.0 }}")
        lines.append(f"{tab}}}")

    write(0, 0)
    return lines


def changed(positions: np.ndarray, seed: int = 0, size: float = 0.15) -> np.ndarray:
    """Return the motion of the same body with its joints rotated a little and its path shifted."""
    offsets = kinematics.estimate_offsets(positions)
    local = kinematics.local_rotations(kinematics.global_rotations(positions, offsets))
    phase = np.sin(np.linspace(0, 3, len(positions)))[:, None, None]
    vectors = size * phase * np.random.default_rng(seed).normal(size=(1, len(PARENTS), 3))
    local = rotation.multiply(local, rotation.exp(vectors))
    return kinematics.forward(local, positions[:, 0] + [0.05, -0.02, 0.1], offsets)
