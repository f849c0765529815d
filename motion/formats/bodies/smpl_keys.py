"""Under which names files of SMPL poses keep their arrays, and in which shapes.

    poses, trans                              AMASS; 72, 156 or 165 columns, or (frames, 24, 3)
    root_orient, pose_body, trans             AMASS's parts
    global_orient, body_pose, transl          SMPL-X, GVHMR, 4D-Humans (as vectors or matrices)
    smpl_poses, smpl_trans, smpl_scaling      AIST++; the translation is scaled
    pose_world, trans_world                   WHAM
    smpl_orient_world, smpl_pose              GLAMR
    pred_rotmat, pred_trans                   TRAM, in the axes of the camera
    smpl_thetas, cam_trans                    ROMP, in the axes of the camera

A scheme reads the arrays as one (frames, 66 or more) array of rotation vectors and one of translations in metres, and
puts others of the same form back under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.orientation import Axis
from motion.skeleton import NUM_JOINTS

_BODY_COLUMNS = 3 * NUM_JOINTS
_WHOLE = (
    "poses", "pose_world", "smpl_poses", "pose", "fullpose", "full_pose", "smpl_pose", "smpl_thetas", "pred_rotmat"
)  # fmt: skip
_ROOT = (
    "root_orient", "smpl_orient_world", "global_orient_world", "global_orient", "global_orientation", "root_pose",
    "smpl_orient",
)  # fmt: skip
_BODY = ("pose_body", "body_pose", "poses_body", "poses", "smpl_pose", "pose")
_TRANS = (
    "trans", "transl", "smpl_trans", "trans_world", "root_trans_world", "transl_world", "translation", "root_trans",
    "root_translation", "pred_trans", "cam_trans",
)  # fmt: skip
RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps", "framerate", "frame_rate", "mocap_fps")
_WITHOUT_ROOT = (63, 69)  # columns of SMPL-X's and SMPL's body without its root
_ONE_FRAME = tuple((joints, 3) for joints in (22, 24, 52, 55))
_Y_UP_KEYS = frozenset({"smpl_poses", "pose_world", "trans_world"})
# Beside these, poses and translations are in the axes of a camera, whose Y points down.
_CAMERA_KEYS = frozenset({"pred_cam", "orig_cam", "cam_trans", "pred_rotmat", "cam", "cam_t", "pred_cam_t"})
_WORLD = "_world"


@dataclass(frozen=True)
class PosePart:
    """One array of poses.

    Attributes:
        key: its name.
        first: the first of the 66 columns of the body that it holds.
    """

    key: str
    first: int

    def read(self, where: str, arrays: Mapping[str, np.ndarray]) -> FloatArray:
        """Return the array as rotation vectors (frames, columns)."""
        array = arrays[self.key]
        if array.dtype.kind != "f" or array.ndim < 2:
            raise _wrong_poses(f"{where} {self.key}", array)
        if not array.size:
            raise InvalidInput.of(f"{where} {self.key}", "have no frames; must have at least one")
        if array.shape[-2:] == (3, 3) and array.ndim >= 3 and are_matrices(array):
            matrices = array.reshape(-1, *array.shape[-3:]) if array.ndim > 4 else array
            quaternions = rotation.from_matrix(matrices.reshape(-1, 3, 3).astype(np.float64))
            return rotation.log(quaternions).reshape(_frame_count(array), -1)
        return array.reshape(_frame_count(array), -1)

    def replaced(self, array: np.ndarray, body: FloatArray) -> np.ndarray:
        """Return `array`, which may have more columns, with those of the body replaced.

        Args:
            array: the array as it stands in the file, with as many frames as `body`.
            body: (frames, 66) rotation vectors.
        """
        if array.shape[-2:] == (3, 3) and array.ndim >= 3 and are_matrices(array):
            flat = array.reshape(len(body), -1, 3, 3).copy()
            joints = body[:, self.first :].reshape(len(body), -1, 3)[:, : flat.shape[1]]
            flat[:, : joints.shape[1]] = rotation.to_matrix(rotation.exp(joints))
        else:
            flat = array.reshape(len(body), -1).copy()
            columns = body[:, self.first : self.first + flat.shape[1]]
            flat[:, : columns.shape[1]] = columns
        return flat.reshape(array.shape)


@dataclass(frozen=True)
class SmplScheme:
    """The names of the arrays of one file.

    Attributes:
        groups: sets of parts, each of which holds the whole body; the first is read, all are written.
        trans: name of the translation; None if there is none.
        rate: name of the frame rate; None if there is none.
        up: the axis that points up in files of these names: Z in those of AMASS, -Y in the axes of a camera.
    """

    groups: tuple[tuple[PosePart, ...], ...]
    trans: str | None
    rate: str | None
    up: Axis

    def poses(self, where: str, arrays: Mapping[str, np.ndarray]) -> FloatArray:
        """Read the rotation vectors (frames, 66 or more)."""
        parts = [part.read(where, arrays) for part in self.groups[0]]
        if len({len(part) for part in parts}) > 1:
            named = ", ".join(f"{part.key} {arrays[part.key].shape}" for part in self.groups[0])
            raise InvalidInput.of(where, f"has {named}; must have the same number of frames")
        if len(parts) > 1:
            parts[1] = parts[1][:, : max(_BODY_COLUMNS - 3, 63)]
        poses = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if poses.ndim != 2 or poses.shape[1] < _BODY_COLUMNS or poses.shape[1] in _WITHOUT_ROOT:
            raise _wrong_poses(f"{where} {self.groups[0][0].key}", poses)
        return poses

    def translation(self, where: str, arrays: Mapping[str, np.ndarray], frames: int) -> FloatArray:
        """Read the translations (frames, 3), metres; zeros if there are none."""
        if self.trans is None:
            return np.zeros((frames, 3))
        array = arrays[self.trans]
        if array.dtype.kind != "f" or array.shape not in ((frames, 3), (1, frames, 3), (frames, 1, 3)):
            found = f"are {array.dtype} {array.shape}"
            raise InvalidInput.of(f"{where} {self.trans}", f"{found}; must be ({frames}, 3)")
        array = array.reshape(frames, 3)
        scale = self.scale(where, arrays)
        return array if scale == 1 else array / scale

    def scale(self, where: str, arrays: Mapping[str, np.ndarray]) -> float:
        """Return by how much the translation of AIST++ is larger than metres; 1 elsewhere."""
        if self.trans != "smpl_trans" or "smpl_scaling" not in arrays:
            return 1.0
        array = arrays["smpl_scaling"]
        if array.size != 1 or array.dtype.kind not in "fiu" or not float(array.reshape(())) > 0:
            raise InvalidInput.of(f"{where} smpl_scaling", f"is {array.tolist()!r:.40}; must be one positive number")
        return float(array.reshape(()))

    def frame_rate(self, where: str, arrays: Mapping[str, np.ndarray]) -> float | None:
        """Read the frame rate; None if the file has none."""
        if self.rate is None:
            return None
        array = arrays[self.rate]
        if array.size != 1 or array.dtype.kind not in "fiu":
            found = array.reshape(-1)[:1].tolist()
            raise InvalidInput.of(f"{where} {self.rate}", f"is {found!r:.40}; must be a number of frames per second")
        fps = float(array.reshape(()))
        if not (np.isfinite(fps) and fps > 0):
            raise InvalidInput.of(f"{where} {self.rate}", f"is {fps}; must be frames per second above 0")
        return fps


def find_scheme(arrays: Mapping[str, object]) -> SmplScheme | None:
    """Find the names of poses in a file; None if it has none.

    Args:
        arrays: the arrays by name; only names and shapes are looked at.
    """
    columns = {key: _columns(arrays.get(key)) for key in _WHOLE}
    whole = [key for key in _WHOLE if columns[key] >= _BODY_COLUMNS and columns[key] not in _WITHOUT_ROOT]
    root = [key for key in _ROOT if _columns(arrays.get(key)) == 3]
    body = [key for key in _BODY if _BODY_COLUMNS - 3 <= _columns(arrays.get(key)) and key not in whole]
    groups: list[tuple[PosePart, ...]] = [(PosePart(key, 0),) for key in whole]
    if root and body:
        groups.append((PosePart(root[0], 0), PosePart(body[0], 3)))
    if not groups and "poses" in arrays and "trans" in arrays and isinstance(arrays["poses"], np.ndarray):
        groups = [(PosePart("poses", 0),)]  # of a wrong shape, which its reader describes
    if not groups:
        return None
    wanted = {"pose_world": "trans_world", "smpl_poses": "smpl_trans"}.get(groups[0][0].key)
    if wanted is None and groups[0][0].key.endswith(_WORLD):
        wanted = next((key for key in _TRANS if key.endswith(_WORLD) and key in arrays), None)
    present = [key for key in (wanted, *_TRANS) if key and isinstance(arrays.get(key), np.ndarray)]
    rates = [key for key in RATE_KEYS if isinstance(arrays.get(key), np.ndarray)]
    first = groups[0][0].key
    in_camera = not first.endswith(_WORLD) and bool(_CAMERA_KEYS & set(arrays))
    up: Axis = "y" if first in _Y_UP_KEYS else "-y" if in_camera else "z"
    return SmplScheme(tuple(groups), present[0] if present else None, rates[0] if rates else None, up)


def _columns(array: object) -> int:
    """Return how many numbers of rotation vectors a frame of an array has; 0 if it is no array of poses."""
    if not isinstance(array, np.ndarray) or array.ndim < 2 or not array.size:
        return 0
    per_frame = array.size // _frame_count(array)
    return per_frame // 3 if array.ndim >= 3 and array.shape[-2:] == (3, 3) and are_matrices(array) else per_frame


def _frame_count(array: np.ndarray) -> int:
    """Return the number of frames of (frames, ...) or (1, frames, ...)."""
    one_frame = (array.ndim == 4 and are_matrices(array)) or array.shape[1:] in _ONE_FRAME
    if array.ndim >= 3 and array.shape[0] == 1 and not one_frame:
        return array.shape[1]
    return len(array)


def are_matrices(array: np.ndarray) -> bool:
    """Return whether the last two axes (3, 3) hold rotation matrices rather than vectors of three joints."""
    if array.dtype.kind != "f" or array.shape[-2:] != (3, 3):
        return False
    first = array.reshape(-1, 3, 3)[:8].astype(np.float64)
    return bool(np.abs(first @ first.transpose(0, 2, 1) - np.eye(3)).max() < 1e-2)


def _wrong_poses(where: str, array: np.ndarray) -> InvalidInput:
    found = f"{array.dtype} {array.shape}"
    return InvalidInput.of(where, f"are {found}; must be (frames, 72 or more) rotation vectors")
