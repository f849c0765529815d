"""Say what to do with files of motion capture and animation in forms that are not read."""

from __future__ import annotations

from pathlib import Path

from motion.errors import InvalidInput

_EXPORT = "export .bvh or .fbx from the program that wrote it"
_MARKERS = (
    "holds markers on the skin, not joints; must be solved for a skeleton first, in the program that recorded it "
    "(.bvh, .fbx) or by MoSh++ or SOMA (SMPL poses)"
)
_TABLE = f"is a table, whose columns nothing explains; {_EXPORT}, or save joints (frames, 22, 3) as .npy"
_SCENE = f"is a scene of another program; {_EXPORT}"
_SENTENCES = {
    ".c3d": _MARKERS,
    ".trc": _MARKERS,
    ".tsv": _MARKERS,
    ".csv": _TABLE,
    ".mot": "holds the angles of an OpenSim model, which needs that model; must be .bvh, .fbx or joints as .npy",
    ".sto": "holds the angles of an OpenSim model, which needs that model; must be .bvh, .fbx or joints as .npy",
    ".mvnx": f"is a recording of Xsens MVN; {_EXPORT}",
    ".mvn": f"is a recording of Xsens MVN; {_EXPORT}",
    ".tak": f"is a take of OptiTrack Motive; {_EXPORT}",
    ".vmd": "is a motion of MikuMikuDance without its model; export .bvh from MikuMikuMoving or Blender",
    ".htr": f"is of Motion Analysis's form; {_EXPORT}",
    ".dae": _SCENE,
    ".blend": _SCENE,
    ".ma": _SCENE,
    ".mb": _SCENE,
    ".max": _SCENE,
    ".anim": _SCENE,
    ".uasset": _SCENE,
    ".usd": _SCENE,
    ".usdc": _SCENE,
    ".usda": _SCENE,
    ".usdz": _SCENE,
    ".gltf": _SCENE,
    ".mat": "is a file of MATLAB; save joints (frames, 22, 3) with scipy.io.loadmat and numpy.save as .npy",
    ".h5": "is a file of HDF5; save joints (frames, 22, 3) or SMPL poses with h5py and numpy.savez as .npz",
    ".hdf5": "is a file of HDF5; save joints (frames, 22, 3) or SMPL poses with h5py and numpy.savez as .npz",
    ".motion": "is a motion of ProtoMotions, of a robot's or humanoid's degrees of freedom; save its joints as .npy",
    ".json": "is a text of unknown meaning; save joints (frames, 22, 3) with numpy.save as .npy",
}


def unread_form(file: Path, wanted: str) -> InvalidInput:
    """Return the error about a file in a form that is not read.

    Args:
        file: the file.
        wanted: the suffixes of the forms that are read.
    """
    sentence = _SENTENCES.get(file.suffix.lower())
    if sentence is None:
        return InvalidInput.of(str(file), f"is of no known form; must be {wanted} or the name of a packed set")
    return InvalidInput.of(str(file), sentence)
