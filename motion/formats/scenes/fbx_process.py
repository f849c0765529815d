"""Read an FBX file with the library ufbx, in a process of its own.

    python -m motion.formats.scenes.fbx_process FILE RATE

Two things keep this out of the process that reads motions. The Python binding of ufbx returns objects that it does not
count as used (0.0.5), so that an interpreter which lets go of them crashes; here they are all kept until the process
ends without a clean-up. And what a file makes of a few bytes when it is unpacked is limited with the memory of the
process. The result is an `.npz` archive on stdout: the arrays of `NodeScene`, and a JSON document `facts`.
"""

from __future__ import annotations

import ctypes
import io
import json
import math
import os
import sys
from typing import Any

import numpy as np

MAX_POSES = 5_000_000
"""Most transforms that are read: those of 70 joints for ten minutes at 120 frames a second."""
_MEMORY_BYTES = 2 << 30  # besides eight times the length of the file
_USUAL_FPS = 30.0
_FPS_RANGE = (1.0, 1000.0)


class Refused(ValueError):
    """The file holds no motion that can be read; the text says why."""


def read_scene(path: str, rate: float) -> dict[str, np.ndarray]:
    """Read the nodes of the skeletons in a file, and their transforms over the first take that moves.

    Args:
        path: the file.
        rate: frames per second at which the take is sampled; 0 for the rate that the file states.

    Raises:
        Refused: the file holds no skeleton or no animation.
    """
    import ufbx

    # Bones keep their own scale: where the format lets them not inherit that of their parents, ufbx compensates.
    scene = ufbx.load_file(
        path,
        file_format=ufbx.FileFormat.FBX,
        ignore_geometry=True,
        ignore_embedded=True,
        inherit_mode_handling=ufbx.InheritModeHandling.COMPENSATE,
    )
    nodes = _skeleton_nodes(scene)
    takes, take, begin, end = _choose_take(scene)
    stated = float(scene.settings.frames_per_second)
    fps = rate or (stated if _FPS_RANGE[0] <= stated <= _FPS_RANGE[1] else _USUAL_FPS)
    frames = math.floor((end - begin) * fps + 1e-3) + 1
    if frames * len(nodes) > MAX_POSES:
        most = MAX_POSES // len(nodes)
        raise Refused(f"has {frames} frames of {len(nodes)} joints; must be at most {most} frames of so many")
    rows = np.zeros((frames, len(nodes), 10))
    for frame in range(frames):
        for index, (_, node, _) in enumerate(nodes):
            rows[frame, index] = _flat(node.evaluate_transform(take, begin + frame / fps))
    rest = np.array([_flat(node.local_transform) for _, node, _ in nodes])
    place = {identity: index for index, (identity, _, _) in enumerate(nodes)}
    parents = [_keep(node.parent) for _, node, _ in nodes]
    axes = scene.settings.axes
    facts = {
        "names": [node.name for _, node, _ in nodes],
        "takes": takes,
        "fps": fps,
        "stated_fps": stated,
        "unit_m": float(scene.settings.unit_meters),
        "axes": [int(axes.right), int(axes.up), int(axes.front)],
    }
    return {
        "parents": np.array([-1 if parent is None else place.get(parent.typed_id, -1) for parent in parents]),
        "bones": np.array([bone for _, _, bone in nodes]),
        "translations": rows[..., :3],
        "rotations": rows[..., 3:7],
        "scales": rows[..., 7:],
        "rest_translations": rest[:, :3],
        "rest_rotations": rest[:, 3:7],
        "rest_scales": rest[:, 7:],
        "facts": np.array(json.dumps(facts)),
    }


def _skeleton_nodes(scene: Any) -> list[tuple[int, Any, bool]]:
    """Return number, node and whether it is a bone, of all bones and what is above them; of all nodes without bones."""
    listed = _keep(scene.nodes)
    nodes = [_keep(listed[index]) for index in range(len(listed))]
    bones = [_keep(node.bone) is not None for node in nodes]
    wanted = list(bones)
    if not any(bones):
        # Some tools write joints as plain nodes; those with a mesh, a camera or a light are something else.
        wanted = [type(_keep(node.attrib)).__name__ in ("NoneType", "Empty") for node in nodes]
    for index in range(len(nodes)):
        above = _keep(nodes[index].parent)
        while wanted[index] and above is not None and not wanted[above.typed_id]:
            wanted[above.typed_id] = True
            above = _keep(above.parent)
    found = [(index, nodes[index], bones[index]) for index in range(len(nodes)) if wanted[index]]
    found.sort(key=lambda each: each[1].node_depth)
    if not any(not node.is_root for _, node, _ in found):
        raise Refused("holds no skeleton; must hold the joints of a body as nodes")
    return found


def _choose_take(scene: Any) -> tuple[list[str], Any, float, float]:
    """Return the names of all takes, the chosen one's first; it, and the times at which it begins and ends."""
    listed = _keep(scene.anim_stacks)
    takes = [_keep(listed[index]) for index in range(len(listed))]
    for number, take in enumerate(takes):
        times = _key_times(take)
        begin, end = float(take.time_begin), float(take.time_end)
        if not times or max(times) <= min(times):
            continue
        # Takes may state a range that goes beyond their keys, or none.
        low, high = max(begin, min(times)), min(end, max(times))
        begin, end = (low, high) if low < high else (min(times), max(times))
        names = [take.name, *(other.name for index, other in enumerate(takes) if index != number)]
        return names, _keep(take.anim), begin, end
    raise Refused("holds no animation; must hold a take with keys for the joints of a skeleton")


def _key_times(take: Any) -> list[float]:
    """Return the times of the first and the last key of each curve of a take that has more than one."""
    times: list[float] = []
    layers = _keep(take.layers)
    for layer in (_keep(layers[index]) for index in range(len(layers))):
        values = _keep(layer.anim_values)
        for value in (_keep(values[index]) for index in range(len(values))):
            for curve in value.curves:
                if _keep(curve) is not None and len(_keep(curve.keyframes)) > 1:
                    times += [float(curve.min_time), float(curve.max_time)]
    return times


def _flat(transform: Any) -> tuple[float, ...]:
    """Return translation, rotation with w first, and scale as ten numbers."""
    step, turn, scale = transform.translation, transform.rotation, transform.scale
    return (step.x, step.y, step.z, turn.w, turn.x, turn.y, turn.z, scale.x, scale.y, scale.z)


def _keep(item: Any) -> Any:
    """Count one more use of an object, which makes up for the one that ufbx did not count."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(item))
    return item


def _limit_memory(path: str) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    most = _MEMORY_BYTES + 8 * os.path.getsize(path)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Write the result, or the reason why there is none, to stdout; end without letting go of anything."""
    path, rate = sys.argv[1], float(sys.argv[2])
    try:
        _limit_memory(path)
        arrays = read_scene(path, rate)
    except MemoryError:
        arrays = {"refused": np.array("becomes more than 2 GiB when it is unpacked")}
    except Refused as error:
        arrays = {"refused": np.array(str(error))}
    except Exception as error:
        # The errors of ufbx have no common class that is exported; all mean that the file is not understood.
        reason = str(error) or type(error).__name__
        arrays = {"refused": np.array(f"cannot be read as FBX ({reason.splitlines()[0]:.200})")}
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    sys.stdout.buffer.write(stream.getvalue())
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
