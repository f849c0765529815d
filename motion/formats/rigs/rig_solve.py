"""Put joint positions on a rig: closed-form rotations of its joints, relative to poses that it already has.

Every joint of the rig is rotated, from the root outwards, by the smallest rotation that takes the direction of its bone
to the wanted one; a joint with several bones (pelvis, chest) by the rotation that fits all of them best (Kabsch). The
rotation of a bone about its own axis thus stays as it was. Joints of the rig that are none of ours (fingers, face,
twist bones) keep their rotation relative to their parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.formats.rigs.bvh_document import BvhNode
from motion.formats.rigs.rig_channels import RigPose, angles_of, compose, full, position_axes, rotation_channels
from motion.kinematics import rigid_alignment

_NO_LENGTH = 1e-4  # a bone is shorter than this, relative to the rig
_IN_ONE_LINE = 1e-3  # relative second singular value of bones that determine no rotation about their line
_SAME = 1e-10  # difference of vectors, relative to the rig, that rounding explains


@dataclass(frozen=True, eq=False)
class RigTree:
    """Which joints of a rig are known, and how they hang together.

    Attributes:
        nodes: the joints of the rig.
        known: the joints whose positions are given.
        below: for each joint the nearest known joints below it.
        top: the lowest joint that all known ones are, or hang below.
        carrier: the joint at or above `top` that can be moved; -1 if there is none.
    """

    nodes: tuple[BvhNode, ...]
    known: frozenset[int]
    below: tuple[tuple[int, ...], ...]
    top: int
    carrier: int

    @classmethod
    def of(cls, nodes: Sequence[BvhNode], known: Sequence[int]) -> RigTree:
        """Find how the known joints hang together.

        Args:
            nodes: the joints of the rig, parents before children.
            known: the joints whose positions are given, all below one root; at least one.
        """
        children: list[list[int]] = [[] for _ in nodes]
        for index, node in enumerate(nodes):
            if node.parent >= 0:
                children[node.parent].append(index)
        given = frozenset(known)
        below: list[tuple[int, ...]] = [()] * len(nodes)
        counts = [0] * len(nodes)
        for index in range(len(nodes) - 1, -1, -1):
            below[index] = tuple(b for c in children[index] for b in ((c,) if c in given else below[c]))
            counts[index] = (index in given) + sum(counts[c] for c in children[index])
        candidates = [index for index, node in enumerate(nodes) if node.parent < 0]
        top = max(candidates, key=lambda index: counts[index])
        while top not in given:
            deeper = [child for child in children[top] if counts[child] == counts[top]]
            if not deeper:
                break
            top = deeper[0]
        carrier = top
        while carrier >= 0 and not position_axes(nodes[carrier]):
            carrier = nodes[carrier].parent
        return cls(tuple(nodes), given, tuple(below), top, carrier)

    def carried(self, pose: RigPose, shift: FloatArray, rotations: FloatArray) -> RigPose:
        """Return poses that are moved by `shift` (frames, 3) in the world, along the axes that the carrier can move.

        Args:
            pose: the poses.
            shift: (frames, 3) in the unit of the file.
            rotations: (frames, joints, 4) world rotations of the joints in these poses.
        """
        parent, axes = pose.parents[self.carrier], position_axes(self.nodes[self.carrier])
        if parent >= 0:
            shift = rotation.rotate(rotation.conjugate(rotations[:, parent]), shift)
        steps = pose.steps.copy()
        steps[:, self.carrier, axes] += shift[:, axes]
        return RigPose(pose.parents, steps, pose.local)

    def is_under(self, joint: int, top: int) -> bool:
        """Return whether a joint is `top` or hangs below it."""
        while joint > top:
            joint = self.nodes[joint].parent
        return joint == top

    def under(self, top: int) -> list[int]:
        """Return `top` and all joints below it, parents before children."""
        return [joint for joint in range(top, len(self.nodes)) if self.is_under(joint, top)]


def solve_rig(
    tree: RigTree, pose: RigPose, targets: Mapping[int, FloatArray], like: FloatArray, by_direction: bool = False
) -> RigPose:
    """Compute the poses that bring known joints to target positions.

    Args:
        tree: the rig.
        pose: poses to start from, which give the twist of the bones and the rotations of unknown joints.
        targets: positions (frames, 3) of each known joint, in the units and the world of the rig's file.
        like: (frames, channels of all joints) values of the starting poses, for joints with less than three angles.
        by_direction: follow the directions between the targets, for a rig whose bones have other lengths, instead of
            the targets themselves.

    Returns:
        The new poses.
    """
    before, turned = pose.world()
    size = float(np.linalg.norm(np.ptp(before[0], axis=0))) or 1.0
    steps, local = pose.steps.copy(), pose.local.copy()
    positions, rotations = before.copy(), turned.copy()
    _carry(tree, pose, before, turned, targets, steps)

    column = np.cumsum([0, *(len(node.channels) for node in tree.nodes)])
    for joint, node in enumerate(tree.nodes):
        parent = node.parent
        if parent < 0:
            positions[:, joint], rotations[:, joint] = steps[:, joint], local[:, joint]
        else:
            positions[:, joint] = positions[:, parent] + rotation.rotate(rotations[:, parent], steps[:, joint])
            rotations[:, joint] = rotation.multiply(rotations[:, parent], local[:, joint])
        if not tree.is_under(joint, tree.top):
            continue
        if joint in tree.known and joint != tree.top and not by_direction and len(position_axes(node)) == 3:
            _place(joint, parent, targets[joint], positions, rotations, steps, size)
        if by_direction and joint not in tree.known and joint != tree.top:
            continue
        start = targets[joint] if by_direction and joint in tree.known else positions[:, joint]
        bones = [
            (before[:, end] - before[:, joint], targets[end] - start)
            for end in tree.below[joint]
            if np.linalg.norm(before[:, end] - before[:, joint], axis=-1).max() > _NO_LENGTH * size
        ]
        axes, angles = rotation_channels(node, like[:, column[joint] : column[joint + 1]])
        if not bones or not axes:
            continue
        # The bones as they lie after the joints above were rotated.
        ridden = rotation.multiply(rotations[:, joint], rotation.conjugate(turned[:, joint]))
        now = [rotation.rotate(ridden, old) for old, _ in bones]
        rotations[:, joint] = rotation.multiply(_aligned(now, [new for _, new in bones], size), rotations[:, joint])
        above = rotation.conjugate(rotations[:, parent]) if parent >= 0 else np.array([1.0, 0, 0, 0])
        local[:, joint] = rotation.normalized(rotation.multiply(above, rotations[:, joint]))
        if not full(axes):
            local[:, joint] = compose(axes, angles_of(axes, local[:, joint], angles))
            rotations[:, joint] = rotation.multiply(rotation.conjugate(above), local[:, joint])
    return RigPose(pose.parents, steps, local)


def ride(pose: RigPose, change: Mapping[int, FloatArray]) -> RigPose:
    """Rotate known joints in the world by `change` (frames, 4) on top of `pose`; all others ride with their parents."""
    _, before = pose.world()
    local, rotations = pose.local.copy(), pose.local.copy()
    for joint, parent in enumerate(pose.parents):
        above = rotations[:, parent] if parent >= 0 else np.array([1.0, 0, 0, 0])
        if joint in change:
            rotations[:, joint] = rotation.multiply(change[joint], before[:, joint])
            local[:, joint] = rotation.multiply(rotation.conjugate(above), rotations[:, joint])
        else:
            rotations[:, joint] = rotation.multiply(above, local[:, joint])
    return RigPose(pose.parents, pose.steps, local)


def _carry(
    tree: RigTree,
    pose: RigPose,
    before: FloatArray,
    turned: FloatArray,
    targets: Mapping[int, FloatArray],
    steps: FloatArray,
) -> None:
    """Move the carrier, in `steps`, so that the top joint comes to where it should be."""
    if tree.carrier < 0:
        return
    top = before[:, tree.top]
    if tree.top in tree.known:
        shift = targets[tree.top] - top
    else:
        old = np.stack([before[:, end] for end in tree.below[tree.top]], axis=1)
        new = np.stack([targets[end] for end in tree.below[tree.top]], axis=1)
        middle, wanted = old.mean(1, keepdims=True), new.mean(1, keepdims=True)
        matrix = _kabsch(old - middle, new - wanted)
        shift = (wanted[:, 0] + np.einsum("fij,fj->fi", matrix, top - middle[:, 0])) - top
    steps[:] = tree.carried(pose, shift, turned).steps


def _place(
    joint: int,
    parent: int,
    target: FloatArray,
    positions: FloatArray,
    rotations: FloatArray,
    steps: FloatArray,
    size: float,
) -> None:
    """Move a joint that has position channels of its own to its target, if its bone misses it."""
    if np.linalg.norm(target - positions[:, joint], axis=-1).max() <= _NO_LENGTH / 4 * size:
        return
    positions[:, joint] = target
    steps[:, joint] = rotation.rotate(rotation.conjugate(rotations[:, parent]), target - positions[:, parent])


def _aligned(old: Sequence[FloatArray], new: Sequence[FloatArray], size: float) -> FloatArray:
    """Compute rotations (frames, 4) that take vectors (frames, 3) to others; exactly 1 where they are the same."""
    same = np.max([np.abs(a - b).max(-1) for a, b in zip(old, new, strict=True)], axis=0) < _SAME * size
    result = rotation.between(sum(old, np.zeros(3)), sum(new, np.zeros(3)))
    if len(old) > 1:
        template, points = np.stack(old, axis=1), np.stack(new, axis=1)
        spread = np.linalg.svd(template, compute_uv=False)
        solid = spread[:, 1] > _IN_ONE_LINE * spread[:, 0]
        result[solid] = rotation.from_matrix(_kabsch(template[solid], points[solid])) if solid.any() else result[solid]
    result[same] = (1.0, 0.0, 0.0, 0.0)
    return result


def _kabsch(template: FloatArray, points: FloatArray) -> FloatArray:
    return rigid_alignment(template, points)
