"""The channels of a rig as poses: positions and rotations of its joints, and back to channels that change little.

Angles that come back are those of the input wherever a rotation has not changed. Elsewhere the Euler angles nearest to
the input's are taken, so that curves stay smooth in an animation tool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.formats.rigs.bvh_document import BvhDocument, BvhNode

_AXES = "XYZ"
_UNCHANGED = 1e-9  # difference of quaternions
_SWEEPS = 12  # over the angles of a joint that has fewer than three


@dataclass(frozen=True, eq=False)
class RigPose:
    """The poses of a rig over time, in the units of its file.

    Attributes:
        parents: the parent of each joint, -1 for a root; parents stand before their children.
        steps: (frames, joints, 3) vectors from the parents, in the parents' frames.
        local: (frames, joints, 4) quaternions relative to the parents.
    """

    parents: tuple[int, ...]
    steps: FloatArray
    local: FloatArray

    def world(self) -> tuple[FloatArray, FloatArray]:
        """Compute positions (frames, joints, 3) and rotations (frames, joints, 4) in the world of the file."""
        positions, rotations = self.steps.copy(), self.local.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                step = rotation.rotate(rotations[:, parent], self.steps[:, joint])
                positions[:, joint] = positions[:, parent] + step
                rotations[:, joint] = rotation.multiply(rotations[:, parent], self.local[:, joint])
        return positions, rotations

    def at(self, frames: FloatArray) -> RigPose:
        """Return the poses at fractional frames (n,), each between the first and the last frame."""
        last = len(self.steps) - 1
        low = np.clip(np.floor(frames).astype(int), 0, last)
        high, share = np.minimum(low + 1, last), np.clip(frames - low, 0.0, 1.0)
        steps = self.steps[low] + share[:, None, None] * (self.steps[high] - self.steps[low])
        local = rotation.slerp(self.local[low], self.local[high], share[:, None])
        return RigPose(self.parents, steps, local)


def moving_nodes(document: BvhDocument) -> tuple[BvhNode, ...]:
    """Return the joints of a file, whose position channels count as scales where the file adds them to the offsets."""
    if not document.positions_are_added():
        return document.nodes
    return tuple(
        replace(node, channels=tuple(channel.replace("position", "scale") for channel in node.channels))
        if node.parent >= 0
        else node
        for node in document.nodes
    )


def decode_channels(nodes: Sequence[BvhNode], values: FloatArray) -> RigPose:
    """Compute the poses that channels describe.

    Args:
        nodes: the joints of the file.
        values: (frames, channels of all joints), angles in degrees.
    """
    steps = np.empty((len(values), len(nodes), 3))
    local = np.empty((len(values), len(nodes), 4))
    column = 0
    for index, node in enumerate(nodes):
        mine = values[:, column : column + len(node.channels)]
        steps[:, index] = node.offset
        for channel, numbers in zip(node.channels, mine.T, strict=True):
            if is_position(channel):
                steps[:, index, axis_of(channel)] = numbers
        axes, angles = rotation_channels(node, mine)
        local[:, index] = compose(axes, angles)
        column += len(node.channels)
    return RigPose(tuple(node.parent for node in nodes), steps, local)


def encode_channels(nodes: Sequence[BvhNode], pose: RigPose, like: FloatArray) -> FloatArray:
    """Compute the channels of poses.

    Args:
        nodes: the joints of the file.
        pose: the poses.
        like: (frames, channels of all joints) values of the input; angles near to these are chosen.

    Returns:
        Values (frames, channels of all joints), angles in degrees.
    """
    values = like.copy()
    column = 0
    for index, node in enumerate(nodes):
        mine = values[:, column : column + len(node.channels)]
        axes, angles = rotation_channels(node, mine)
        angles = angles_of(axes, pose.local[:, index], angles)
        mine[:, [is_rotation(channel) for channel in node.channels]] = angles
        for number, channel in enumerate(node.channels):
            if is_position(channel):
                mine[:, number] = pose.steps[:, index, axis_of(channel)]
        column += len(node.channels)
    return values


def is_position(channel: str) -> bool:
    """Return whether a channel, such as `Xposition`, moves its joint."""
    return channel.endswith("position")


def is_rotation(channel: str) -> bool:
    """Return whether a channel, such as `Zrotation`, rotates its joint; there are also channels that scale it."""
    return channel.endswith("rotation")


def axis_of(channel: str) -> int:
    """Return the axis of a channel: 0 for X, 1 for Y, 2 for Z."""
    return _AXES.index(channel[0])


def position_axes(node: BvhNode) -> list[int]:
    """Return the axes along which the channels of a joint can move it."""
    return [axis_of(channel) for channel in node.channels if is_position(channel)]


def rotation_channels(node: BvhNode, values: FloatArray) -> tuple[tuple[int, ...], FloatArray]:
    """Return the axes of a joint's rotations in their order, and their angles among its values (frames, channels)."""
    numbers = [number for number, channel in enumerate(node.channels) if is_rotation(channel)]
    return tuple(axis_of(node.channels[number]) for number in numbers), values[:, numbers]


def compose(axes: Sequence[int], angles: FloatArray) -> FloatArray:
    """Compute quaternions (frames, 4) from angles (frames, axes), degrees, about axes in their order."""
    local = np.tile([1.0, 0.0, 0.0, 0.0], (len(angles), 1))
    for number, axis in enumerate(axes):
        local = rotation.multiply(local, _about(axis, angles[:, number]))
    return local


def full(axes: Sequence[int]) -> bool:
    """Return whether rotations about these axes can reach every rotation as Euler angles."""
    return len(axes) == 3 and axes[0] != axes[1] != axes[2]


def angles_of(axes: Sequence[int], local: FloatArray, like: FloatArray) -> FloatArray:
    """Compute the angles of rotations; those of `like` where it describes the same rotation.

    Args:
        axes: the axes of the rotations in their order. If they cannot reach a rotation, the nearest one is taken.
        local: (frames, 4) quaternions.
        like: (frames, axes) angles, degrees, to be near to.

    Returns:
        Angles (frames, axes), degrees.
    """
    before = compose(axes, like)
    aligned = before * np.where((before * local).sum(-1) < 0, -1.0, 1.0)[:, None]
    changed = np.abs(aligned - local).max(-1) > _UNCHANGED
    angles = like.copy()
    if axes and changed.any():
        solve = _euler_angles if full(axes) else _descended_angles
        angles[changed] = solve(axes, local[changed], like[changed])
    return angles


def _euler_angles(axes: Sequence[int], local: FloatArray, like: FloatArray) -> FloatArray:
    from scipy.spatial.transform import Rotation  # slow to import, and only needed here

    order = "".join(_AXES[axis] for axis in axes)
    one = Rotation.from_quat(local[:, [1, 2, 3, 0]]).as_euler(order, degrees=True, suppress_warnings=True)
    middle = -one[:, 1] if axes[0] == axes[2] else 180.0 - one[:, 1]
    other = np.stack([one[:, 0] + 180.0, middle, one[:, 2] + 180.0], axis=1)
    one, other = (angles + 360.0 * np.round((like - angles) / 360.0) for angles in (one, other))
    nearer = np.abs(one - like).sum(1) <= np.abs(other - like).sum(1)
    return np.where(nearer[:, None], one, other)


def _descended_angles(axes: Sequence[int], local: FloatArray, like: FloatArray) -> FloatArray:
    """Approach rotations with one angle at a time, each of which has a closed form."""
    angles = like.copy()
    for _ in range(_SWEEPS if len(axes) > 1 else 1):
        for number, axis in enumerate(axes):
            before = compose(axes[:number], angles[:, :number])
            after = compose(axes[number + 1 :], angles[:, number + 1 :])
            rest = rotation.multiply(rotation.multiply(rotation.conjugate(before), local), rotation.conjugate(after))
            angle = np.degrees(2 * np.arctan2(rest[:, 1 + axis], rest[:, 0]))
            angles[:, number] = angle + 360.0 * np.round((like[:, number] - angle) / 360.0)
    return angles


def _about(axis: int, degrees: FloatArray) -> FloatArray:
    half = np.radians(degrees) / 2
    q = np.zeros((len(half), 4))
    q[:, 0], q[:, 1 + axis] = np.cos(half), np.sin(half)
    return q
