"""Find how the world of a rig's file lies in ours, from what was read of it: its axes, its unit, and a shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.formats.rigs.bvh_document import BvhNode
from motion.formats.rigs.rig_channels import RigPose
from motion.formats.rigs.rig_solve import RigTree
from motion.skeleton import JOINT_NAMES, MIRROR, NUM_JOINTS, PARENTS

_SAMPLED_FRAMES = 200  # this many, spread over the motion, determine how the file's world lies in ours
_SAME_M = 1e-3
_FEWEST = 6  # joints
_RIGID_M = 1e-4  # an end of a limb moves less than this in the limb's frame
_FITS = 3  # of which all but the first leave out the worst frames


@dataclass(frozen=True, eq=False)
class RigPlacement:
    """How the world of a file lies in ours: ours = scale * matrix @ file + shift.

    Attributes:
        scale: metres in one unit of the file.
        matrix: (3, 3) orthogonal; a reflection if the world was mirrored.
        shift: (3,) metres.
        joints: the joint of the file at each of our joints, -1 where there is none.
    """

    scale: float
    matrix: FloatArray
    shift: FloatArray
    joints: tuple[int, ...]

    @classmethod
    def of(cls, raw: FloatArray, read: FloatArray, joints: Sequence[int]) -> RigPlacement:
        """Find it from the positions in the file (frames, nodes, 3) and those that were read (frames, 22, 3)."""
        exchanged = [joints[MIRROR[joint]] for joint in range(NUM_JOINTS)]
        sampled = slice(None, None, len(raw) // _SAMPLED_FRAMES + 1)
        fits = [_similarity(raw[sampled], read[sampled], tuple(each)) for each in (joints, exchanged)]
        placement = min(fits, key=lambda fit: fit[0])[1]
        # A joint that was not read from where the file has it would be put in the wrong place.
        same = tuple(
            node if node >= 0 and placement.miss(raw[sampled, node], read[sampled, joint]) < _SAME_M else -1
            for joint, node in enumerate(placement.joints)
        )
        if sum(node >= 0 for node in same) < _FEWEST or same == placement.joints:
            return placement
        return _similarity(raw[sampled], read[sampled], same)[1]

    def miss(self, raw: FloatArray, read: FloatArray) -> float:
        """Return the median distance between positions in the file (n, 3) and those that were read, metres."""
        return float(np.median(np.linalg.norm(self.scale * raw @ self.matrix.T + self.shift - read, axis=-1)))

    def to_file(self, positions: FloatArray) -> FloatArray:
        """Return our positions (..., 3) in the file's world and unit."""
        return (positions - self.shift) @ self.matrix / self.scale

    def rotate_to_file(self, positions: FloatArray) -> FloatArray:
        """Return our positions (..., 3) in the file's axes and unit; our origin becomes the file's."""
        return positions @ self.matrix / self.scale

    @property
    def up(self) -> FloatArray:
        """The direction (3,) of our Y axis in the file's world."""
        return np.array([0.0, 1.0, 0.0]) @ self.matrix

    def rotations_to_file(self, rotations: FloatArray) -> FloatArray:
        """Return rotations in our world, quaternions (..., 4), as the same rotations in the file's world."""
        return rotation.from_matrix(self.matrix.T @ rotation.to_matrix(rotations) @ self.matrix)


def _similarity(raw: FloatArray, read: FloatArray, joints: tuple[int, ...]) -> tuple[float, RigPlacement]:
    """Fit a similarity (Umeyama 1991), again without the worst frames, and return the median error with it."""
    ours = [joint for joint in range(NUM_JOINTS) if joints[joint] >= 0]
    a, b = raw[:, [joints[joint] for joint in ours]], read[:, ours]
    good = np.ones(len(a), bool)
    error, scale, matrix, shift = np.zeros(1), 1.0, np.eye(3), np.zeros(3)
    for _ in range(_FITS):
        x, y = a[good].reshape(-1, 3), b[good].reshape(-1, 3)
        centre_x, centre_y = x.mean(0), y.mean(0)
        u, sizes, vt = np.linalg.svd((y - centre_y).T @ (x - centre_x))
        scale, matrix = sizes.sum() / ((x - centre_x) ** 2).sum(), u @ vt
        shift = centre_y - scale * matrix @ centre_x
        error = np.linalg.norm(scale * a @ matrix.T + shift - b, axis=-1).max(-1)
        good = error <= 3 * np.median(error) + 1e-6
    return float(np.median(error)), RigPlacement(float(scale), matrix, shift, joints)


def with_ends(
    nodes: Sequence[BvhNode], pose: RigPose, place: RigPlacement, read: FloatArray
) -> tuple[RigTree, RigPose, dict[int, int]]:
    """Add the ends of limbs that are no joints of the file, such as toes that are end sites, as joints.

    Args:
        nodes: the joints of the file.
        pose: their poses.
        place: how the file's world lies in ours.
        read: (frames, 22, 3) positions that were read at these poses.

    Returns:
        The rig and its poses with these ends behind the file's joints, and the joint at each of our joints.
    """
    at = {joint: node for joint, node in enumerate(place.joints) if node >= 0}
    tree = RigTree.of(nodes, list(at.values()))
    positions, rotations = pose.world()
    steps, more = [pose.steps], list(nodes)
    for joint in range(1, NUM_JOINTS):
        start = at.get(PARENTS[joint], -1)
        if joint in at or not 0 <= start < len(nodes) or tree.below[start]:
            continue
        target, fits = place.to_file(read[:, joint]), []
        for limb in tree.under(start):
            inside = rotation.rotate(rotation.conjugate(rotations[:, limb]), target - positions[:, limb])
            offset = np.median(inside, axis=0)
            moved = float(np.median(np.linalg.norm(inside - offset, axis=-1))) * place.scale
            fits.append((moved, limb, offset))
        best = min(moved for moved, _, _ in fits)
        if best < _RIGID_M:
            limb, offset = next((limb, offset) for moved, limb, offset in fits if moved <= 2 * best + 1e-6)
            at[joint] = len(more)
            more.append(BvhNode(JOINT_NAMES[joint], limb, offset, ()))
            steps.append(np.broadcast_to(offset, (len(read), 1, 3)))
    extra = len(more) - len(nodes)
    if not extra:
        return tree, pose, at
    local = np.concatenate([pose.local, np.tile([1.0, 0, 0, 0], (len(read), extra, 1))], axis=1)
    longer = RigPose(tuple(node.parent for node in more), np.concatenate(steps, axis=1), local)
    return RigTree.of(more, list(at.values())), longer, at
