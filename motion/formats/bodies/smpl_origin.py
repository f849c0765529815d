"""Write a motion back as the SMPL pose file that it was read from: its names, its body, its hands, all its columns.

The joints' positions do not say how the limbs are twisted, so rotations are not computed anew. Each joint of the file
is turned by as much as the motion differs from what was read; a frame that does not differ keeps its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motion import kinematics, rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.bodies.smpl_keys import RATE_KEYS, SmplScheme, are_matrices
from motion.formats.motion_file import Layout
from motion.formats.npz import write_npz
from motion.motion import Motion
from motion.skeleton import NUM_JOINTS

_SAME_RAD = 1e-6
# Arrays that describe the body or the file, whatever their length happens to be.
_NOT_PER_FRAME = frozenset({"betas", "gender", "rest_joints", "labels", "latent_labels", "smpl_scaling", *RATE_KEYS})
_ROTATIONS = ("pose", "orient")


@dataclass(frozen=True, eq=False)
class SmplOrigin:
    """The arrays of a pose file, and the motion as it was read from them.

    Attributes:
        arrays: all arrays of the file.
        scheme: the names of those that change.
        motion: the motion that was read.
        turn: quaternion that turned the file's axes to Y up.
        offsets: (22, 3) bones of the body in its rest pose, metres.
        unit_m: length of one unit of the translation, metres.
    """

    arrays: Mapping[str, np.ndarray]
    scheme: SmplScheme
    motion: Motion
    turn: FloatArray
    offsets: FloatArray
    unit_m: float = 1.0

    @property
    def layout(self) -> Layout:
        """The layout that this origin writes."""
        return "smpl"

    def cut(self, first: int, end: int) -> SmplOrigin:
        """Return the origin of the frames from `first` up to, not including, `end`."""
        frames = np.arange(first, end)
        arrays = {key: array.take(frames, axis) for key, array, axis in self._per_frame()}
        motion = self.motion.with_positions(self.motion.positions[first:end])
        return replace(self, arrays={**self.arrays, **arrays}, motion=motion)

    def write(self, path: Path, motion: Motion) -> tuple[str, ...]:
        """Write `motion` as the pose file that it came from, atomically.

        Args:
            path: the file.
            motion: the motion; it may have another rate and another number of frames than the one that was read.

        Returns:
            No sentence: the file carries all of the motion.

        Raises:
            InvalidInput: the path cannot be written, or the motion has values that are not finite.
        """
        if not np.isfinite(motion.positions).all():
            raise InvalidInput.of("positions", "hold values that are not finite; they cannot be written as rotations")
        write_npz(path, self.arrays_of(motion))
        return ()

    def arrays_of(self, motion: Motion) -> dict[str, np.ndarray]:
        """Return the arrays of the file for another motion of the same body."""
        origin = self
        if motion.fps != self.motion.fps or len(motion) != len(self.motion):
            origin = self._resampled(motion.fps, len(motion))
        arrays = dict(origin.arrays)
        if np.array_equal(motion.positions, origin.motion.positions):
            return arrays
        scheme = self.scheme
        poses = scheme.poses("", arrays)[:, : 3 * NUM_JOINTS].astype(np.float64)
        body = _turned_poses(poses, self.turn, origin.motion.positions, motion.positions)
        for part in (part for group in scheme.groups for part in group):
            arrays[part.key] = part.replaced(arrays[part.key], body).astype(arrays[part.key].dtype)
        if scheme.trans is not None:
            trans = arrays[scheme.trans]
            moved = (motion.positions[:, 0] - origin.motion.positions[:, 0]).astype(np.float64)
            moved = rotation.rotate(rotation.conjugate(self.turn), moved) / self.unit_m * scheme.scale("", arrays)
            arrays[scheme.trans] = (trans + moved.reshape(trans.shape)).astype(trans.dtype)
        return arrays

    def _per_frame(self) -> list[tuple[str, np.ndarray, int]]:
        """Return the name, the array and the axis of the frames of each array that has one row per frame."""
        count = len(self.motion)
        found = []
        for key, array in self.arrays.items():
            if key in _NOT_PER_FRAME and not (key == "betas" and array.ndim > 1 and len(array) == count):
                continue
            if array.ndim and len(array) == count:
                found.append((key, array, 0))
            elif array.ndim >= 3 and array.shape[:2] == (1, count):
                found.append((key, array, 1))
        return found

    def _resampled(self, fps: float, frames: int) -> SmplOrigin:
        """Return the origin at another rate; the hands and all else follow the body's time."""
        last = len(self.motion) - 1
        places = np.clip(np.arange(frames) * self.motion.fps / fps, 0, last)
        before = np.minimum(places.astype(int), max(last - 1, 0))
        after, weight = np.minimum(before + 1, last), places - before
        arrays = dict(self.arrays)
        for key, array, axis in self._per_frame():
            rows = np.moveaxis(array, axis, 0)
            arrays[key] = np.moveaxis(_between(key, rows, before, after, weight), 0, axis)
        if self.scheme.rate is not None:
            old = arrays[self.scheme.rate]
            kind = old.dtype if old.dtype.kind == "f" or fps == int(fps) else np.dtype(np.float64)
            arrays[self.scheme.rate] = np.full(old.shape, fps, kind)
        elif fps != self.motion.fps:
            arrays["mocap_framerate"] = np.array(fps)
        pelvis = self.motion.positions[:, 0].astype(np.float64)
        pelvis = pelvis[before] + weight[:, None] * (pelvis[after] - pelvis[before])
        poses = self.scheme.poses("", arrays)[:, : 3 * NUM_JOINTS].astype(np.float64)
        positions = kinematics.forward(_local_rotations(poses, self.turn), pelvis, self.offsets)
        return replace(self, arrays=arrays, motion=Motion(positions.astype(np.float32), fps=fps))


def _local_rotations(poses: FloatArray, turn: FloatArray) -> FloatArray:
    """Return the local rotations (frames, 22, 4) of rotation vectors (frames, 66), with the root turned to Y up."""
    local = rotation.exp(poses.reshape(len(poses), NUM_JOINTS, 3))
    local[:, 0] = rotation.multiply(turn, local[:, 0])
    return local


def _between(key: str, rows: np.ndarray, before: np.ndarray, after: np.ndarray, weight: FloatArray) -> np.ndarray:
    """Return rows (frames, ...) at times between two frames; rotations take the shortest way."""
    if rows.dtype.kind != "f":
        return rows[np.where(weight < 0.5, before, after)]
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    if any(word in key for word in _ROTATIONS) and flat.shape[1] % 3 == 0:
        matrices = are_matrices(rows)
        vectors = flat.reshape(len(flat), -1, *((3, 3) if matrices else (3,)))
        quaternions = rotation.from_matrix(vectors) if matrices else rotation.exp(vectors)
        mixed = rotation.slerp(quaternions[before], quaternions[after], weight[:, None])
        values = (rotation.to_matrix(mixed) if matrices else rotation.log(mixed)).reshape(len(weight), -1)
    else:
        values = flat[before] + weight[:, None] * (flat[after] - flat[before])
    whole = weight == 0
    values[whole] = flat[before[whole]]
    return values.reshape(len(weight), *rows.shape[1:]).astype(rows.dtype)


def _turned_poses(poses: FloatArray, turn: FloatArray, old: FloatArray, new: FloatArray) -> FloatArray:
    """Turn every joint by as much as its bones differ between two motions.

    Args:
        poses: (frames, 66) rotation vectors of the body in the file's axes, for `old`.
        turn: quaternion from the file's axes to those of the positions.
        old: (frames, 22, 3) positions that `poses` give.
        new: (frames, 22, 3) positions that are wanted.

    Returns:
        The rotation vectors (frames, 66) for `new`.
    """
    old, new = old.astype(np.float64), new.astype(np.float64)
    before, after = (kinematics.global_rotations(each, kinematics.estimate_offsets(each)) for each in (old, new))
    local = _local_rotations(poses, turn)
    turned = rotation.multiply(
        rotation.multiply(after, rotation.conjugate(before)), kinematics.forward_rotations(local)
    )
    result = kinematics.local_rotations(turned)
    result[:, 0] = rotation.multiply(rotation.conjugate(turn), result[:, 0])
    vectors = rotation.log(result)
    kept = poses.reshape(vectors.shape)
    apart = rotation.log(rotation.multiply(result, rotation.conjugate(rotation.exp(kept))))
    same = np.linalg.norm(apart, axis=-1, keepdims=True) < _SAME_RAD
    return np.where(same, kept, vectors).reshape(len(poses), -1)
