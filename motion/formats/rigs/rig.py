"""The rig of a `.bvh` file: what a file of its own needs to come back on the rig that it came on.

A corrected motion is put on the rig that its file describes: hierarchy, names, offsets and channels stay as the text
has them, and so do the unit, the axes, and the channels of joints that are none of ours. The motion of another file can
be put on a rig too; then the directions of the bones are kept, and the path is scaled by the length of the legs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.rigs.bvh_document import BvhDocument
from motion.formats.rigs.rig_channels import RigPose, decode_channels, encode_channels, is_rotation, moving_nodes
from motion.formats.rigs.rig_placement import RigPlacement, with_ends
from motion.formats.rigs.rig_solve import RigTree, ride, solve_rig
from motion.motion import Motion
from motion.shell.atomic import atomic_path
from motion.skeleton import JOINT_NAMES, LEGS, NUM_JOINTS, PARENTS

_TOLD_M = 1e-3  # a joint that the rig misses by more is told
_SAME_RATE = 1e-3
_SAME_SIZE = 5e-3


@dataclass(frozen=True, eq=False)
class BvhOrigin:
    """The rig and the channels of one body in a `.bvh` file.

    Attributes:
        document: the file's content in its own units, already cut to the frames of the motion.
        joints: the joint of the file at each of our 22 joints; -1 where none lies exactly there.
        read: the motion that was read from it; `read_as` sets it.
        encoding: the encoding of the file.
        layout: the layout that this origin writes.
    """

    document: BvhDocument
    joints: tuple[int, ...]
    read: Motion | None = None
    encoding: str = "utf-8"
    layout: Literal["bvh"] = "bvh"

    def cut(self, first: int, end: int) -> BvhOrigin:
        """Return the origin of the frames from `first` up to, not including, `end`."""
        read = self.read
        if read is not None and len(read) == len(self.document.values):
            read = read.with_positions(read.positions[first:end])
        return replace(self, document=replace(self.document, values=self.document.values[first:end]), read=read)

    def read_as(self, motion: Motion) -> BvhOrigin:
        """Return the origin of `motion`, which was read from it and may have been rotated, scaled or shifted since."""
        return replace(self, read=motion)

    def write(self, path: Path, motion: Motion) -> tuple[str, ...]:
        """Write a later form of the motion that was read from this file on the file's rig, atomically.

        Args:
            path: the file.
            motion: the motion, which may have another rate.

        Returns:
            A sentence about each thing that the rig cannot carry.

        Raises:
            InvalidInput: the path cannot be written, or the motion has values that are not finite.
        """
        values, missed = self.on_own_rig(motion)
        self.write_values(path, values, motion.fps)
        return _misses(missed)

    def write_other(self, path: Path, motion: Motion) -> tuple[str, ...]:
        """Write the motion of another file on this rig, atomically; the channels of joints it lacks are at rest.

        Args:
            path: the file.
            motion: the motion.

        Returns:
            A sentence about each thing that was changed.

        Raises:
            InvalidInput: the path cannot be written, or the motion has values that are not finite.
        """
        values, scale = self._on_other_rig(motion)
        self.write_values(path, values, motion.fps)
        if abs(scale - 1) < _SAME_SIZE:
            return ()
        return (f"the rig's legs are {scale:.3g} times as long as the motion's; its path was scaled by that",)

    def on_own_rig(self, motion: Motion) -> tuple[FloatArray, FloatArray]:
        """Return channels, and by how much each of our joints is missed, metres (22,); NaN where the rig has none."""
        _check_finite(motion)
        read = self.read if self.read is not None else motion
        nodes, values = moving_nodes(self.document), _filled(self.document.values)
        frames = min(len(values), len(read))
        pose = decode_channels(nodes, values[:frames])
        raw, _ = pose.world()
        place = RigPlacement.of(raw, read.positions[:frames].astype(np.float64), self.joints)
        tree, pose, at = with_ends(nodes, pose, place, read.positions[:frames].astype(np.float64))
        raw, _ = pose.world()
        times = np.minimum(np.arange(len(motion)) * (read.fps / motion.fps), frames - 1)
        like = values[np.round(times).astype(int)]
        targets = place.to_file(motion.positions.astype(np.float64))
        if motion.fps != read.fps or len(motion) > frames:
            pose = pose.at(times)
        else:
            pose = RigPose(pose.parents, pose.steps[: len(motion)], pose.local[: len(motion)])
            # What did not change stays exactly, although our positions are rounded to 32 bits.
            rounding = (1e-6 + 8 * np.finfo(np.float32).eps * np.abs(read.positions).max()) / place.scale
            for joint, node in at.items():
                still = np.abs(targets[:, joint] - raw[: len(motion), node]).max(-1) < rounding
                targets[still, joint] = raw[: len(motion), node][still]
        solved = solve_rig(tree, pose, {node: targets[:, joint] for joint, node in at.items()}, like)
        reached, _ = solved.world()
        missed = np.full(NUM_JOINTS, np.nan)
        for joint, node in at.items():
            distance = np.linalg.norm(reached[:, node] - targets[:, joint], axis=-1)
            missed[joint] = place.scale * distance.max()
        return encode_channels(nodes, solved, like), missed

    def _on_other_rig(self, motion: Motion) -> tuple[FloatArray, float]:
        """Return channels, and the length of the rig's legs relative to those of the motion."""
        _check_finite(motion)
        nodes = moving_nodes(self.document)
        read = self.read
        if read is None:
            raise InvalidInput.of("--rig", "has no motion of its own that says which way is up and how large it is")
        frames = min(len(self.document.values), len(read))
        pose = decode_channels(nodes, _filled(self.document.values[:frames]))
        raw, _ = pose.world()
        place = RigPlacement.of(raw, read.positions[:frames].astype(np.float64), self.joints)
        tree, pose, at = with_ends(nodes, pose, place, read.positions[:frames].astype(np.float64))
        positions = motion.positions.astype(np.float64)
        offsets = kinematics.estimate_offsets(positions)
        stance = np.zeros((1, NUM_JOINTS, 3))
        for joint in range(1, NUM_JOINTS):
            stance[:, joint] = stance[:, PARENTS[joint]] + offsets[joint]
        resting = place.rotate_to_file(stance)
        base, base_values = self._base_pose(tree, pose, {node: resting[:, joint] for joint, node in at.items()})

        frames = len(motion)
        like = np.repeat(base_values, frames, axis=0)
        pose = RigPose(base.parents, np.repeat(base.steps, frames, axis=0), np.repeat(base.local, frames, axis=0))
        turned = place.rotations_to_file(kinematics.global_rotations(positions, offsets))
        pose = ride(pose, {node: turned[:, joint] for joint, node in at.items()})
        world, _ = base.world()
        legs = [pair for hip, knee, ankle, _ in LEGS for pair in ((hip, knee), (knee, ankle))]
        legs = [(a, b) for a, b in legs if a in at and b in at]
        rig_leg = sum(np.linalg.norm(world[0, at[a]] - world[0, at[b]]) for a, b in legs)
        leg = sum(np.linalg.norm(offsets[b]) for _, b in legs)
        scale = float(rig_leg * place.scale / leg) if legs else 1.0
        targets = place.rotate_to_file(positions * scale)
        known = {node: targets[:, joint] for joint, node in at.items()}
        solved = solve_rig(tree, pose, known, like, by_direction=True)
        return encode_channels(nodes, _on_its_feet(tree, solved, targets, at, place.up), like), scale

    def _base_pose(self, tree: RigTree, pose: RigPose, resting: dict[int, FloatArray]) -> tuple[RigPose, FloatArray]:
        """Return the rig in our rest pose, rotated from its own rest pose or its first frame, whichever is nearer."""
        first = _filled(self.document.values)[:1]
        rest = np.where([is_rotation(channel) for node in tree.nodes for channel in node.channels], 0.0, first)
        best: tuple[float, RigPose, FloatArray] | None = None
        for values in (rest, first):
            pose = replace(pose, steps=pose.steps[:1], local=decode_channels(tree.nodes, values).local)
            solved = solve_rig(tree, pose, resting, values, by_direction=True)
            _, before = pose.world()
            _, after = solved.world()
            change = float(np.abs(rotation.log(rotation.multiply(after, rotation.conjugate(before)))).sum())
            if best is None or change < best[0]:
                best = change, solved, values
        assert best is not None
        return best[1], best[2]

    def write_values(self, path: Path, values: FloatArray, fps: float) -> None:
        """Write channels (frames, channels of all joints) on this rig at a rate, atomically."""
        frame_time = self.document.frame_time
        frame_time = frame_time if abs(frame_time * fps - 1) < _SAME_RATE else 1 / fps
        text = "\n".join(
            [
                self.document.hierarchy.rstrip(),
                "MOTION",
                f"Frames: {len(values)}",
                f"Frame Time: {frame_time:.9g}",
                *(" ".join(f"{value:.6f}" for value in row) for row in np.round(values, 6) + 0.0),
            ]
        )
        with atomic_path(path) as temporary:
            temporary.write_text(text + "\n", encoding=self.encoding, newline="\n")


def write_bodies(path: Path, origins: Sequence[BvhOrigin], motions: Sequence[Motion]) -> tuple[str, ...]:
    """Write the motions of several bodies back into one file, atomically.

    Args:
        path: the file.
        origins: the rig of each body; all are from one file.
        motions: a later form of the motion of each body.

    Returns:
        A sentence about each thing that the rigs cannot carry.

    Raises:
        InvalidInput: the path cannot be written, or a motion has values that are not finite.
    """
    parts = [origin.on_own_rig(motion) for origin, motion in zip(origins, motions, strict=True)]
    frames = min(len(values) for values, _ in parts)
    together = parts[0][0][:frames].copy()
    nodes = origins[0].document.nodes
    roots: list[int] = []
    for index, node in enumerate(nodes):
        roots.append(index if node.parent < 0 else roots[node.parent])
    for origin, (values, _) in zip(origins, parts, strict=True):
        root = roots[next(node for node in origin.joints if node >= 0)]
        mine = [roots[index] == root for index, node in enumerate(nodes) for _ in node.channels]
        together[:, mine] = values[:frames, mine]
    origins[0].write_values(path, together, motions[0].fps)
    notes = [
        f"{motion.name}: {note}" for motion, (_, missed) in zip(motions, parts, strict=True) for note in _misses(missed)
    ]
    return tuple(notes)


def _on_its_feet(tree: RigTree, pose: RigPose, targets: FloatArray, at: dict[int, int], up: FloatArray) -> RigPose:
    """Move another rig so that its hips are where those of the motion are, and its floor is the motion's.

    Rigs differ in how high the pelvis lies over the hips, and the ankles over the floor.
    """
    hips = [leg[0] for leg in LEGS if leg[0] in at]
    feet = [joint for leg in LEGS for joint in leg[2:] if joint in at]
    if tree.carrier < 0 or not hips or not feet:
        return pose
    reached, turned = pose.world()
    shift = targets[:, hips].mean(1) - reached[:, [at[hip] for hip in hips]].mean(1)
    height = (reached[:, [at[foot] for foot in feet]] + shift[:, None]) @ up
    shift = shift + ((targets[:, feet] @ up).min() - height.min()) * up
    return tree.carried(pose, shift, turned)


def _check_finite(motion: Motion) -> None:
    if not np.isfinite(motion.positions).all():
        raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")


def _misses(missed: FloatArray) -> tuple[str, ...]:
    worst = int(np.nanargmax(missed))
    if not missed[worst] > _TOLD_M:
        return ()
    count = int((missed > _TOLD_M).sum())
    joints = f"{count} joints are" if count > 1 else "one joint is"
    return (
        f"the rig cannot carry the motion exactly: {joints} more than {1000 * _TOLD_M:g} mm off, most of all "
        f"{JOINT_NAMES[worst]}, by up to {1000 * missed[worst]:.1f} mm",
    )


def _filled(values: FloatArray) -> FloatArray:
    """Return channels (frames, channels) in which numbers that are missing lie between those before and after."""
    good = np.isfinite(values)
    if good.all():
        return values
    filled, frames = values.copy(), np.arange(len(values))
    for column in np.flatnonzero(~good.all(0)):
        known = good[:, column]
        filled[:, column] = np.interp(frames, frames[known], values[known, column]) if known.any() else 0.0
    return filled
