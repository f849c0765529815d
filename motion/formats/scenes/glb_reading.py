"""Read the motions in binary glTF files (`.glb`): one for each animation and body; lengths are metres, Y is up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motion import rotation
from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.formats.motion_file import MotionFile
from motion.formats.npz import require_file
from motion.formats.read_options import ReadOptions
from motion.formats.scenes.fbx_process import MAX_POSES
from motion.formats.scenes.glb_document import GlbDocument, NotGltf, numbers, pick
from motion.formats.scenes.node_scene import NodeScene
from motion.formats.scenes.scene_motions import SceneFacts, motions_of_scene
from motion.motion_set import MotionSet

MAX_GLB_BYTES = 1 << 30
"""Longest file that is read."""
_RATES = (10.0, 240.0)  # of keys that are frames; others are resampled
_USUAL_FPS = 30.0
_REST: dict[str, tuple[float, ...]] = {"translation": (0, 0, 0), "rotation": (0, 0, 0, 1), "scale": (1, 1, 1)}


def read_glb(path: Path, options: ReadOptions) -> MotionFile:
    """Read a `.glb` file: a motion for each animation, or several where it has several bodies.

    Args:
        path: the file.
        options: what the user says of the file. Its keys are at times, not frames, so `input_fps` is the rate at which
            they are sampled.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is no binary glTF 2.0, damaged or too large, or has no animation or no body.
    """
    require_file(path)
    if (size := path.stat().st_size) > MAX_GLB_BYTES:
        raise InvalidInput.of(str(path), f"has {size} bytes; must have at most {MAX_GLB_BYTES}")
    try:
        nodes = _Nodes(GlbDocument.parse(path.read_bytes()))
        found = [_read_animation(path, nodes, animation, options) for animation in nodes.animations()]
    except NotGltf as error:
        raise InvalidInput.of(str(path), str(error)) from error
    except InvalidInput as error:
        raise error.within(str(path)) from error
    except (TypeError, AttributeError, KeyError, ValueError, OverflowError) as error:
        # A document of other types than the specification has, which are not all looked at one by one.
        raise InvalidInput.of(str(path), f"has a damaged description ({error!s:.80})") from error
    if len(found) == 1:
        return found[0][1]
    return _joined(path, found)


def _read_animation(
    path: Path, nodes: _Nodes, animation: dict[str, Any], options: ReadOptions
) -> tuple[str, MotionFile]:
    channels = nodes.channels(animation)
    fps, begin, frames = _frames(channels, options.input_fps, len(nodes.parents))
    scene = nodes.scene(channels, begin + np.arange(frames) / fps)
    stated = SceneFacts(fps, 1.0, "y", np.eye(3), (), states_rate=False)
    return str(animation.get("name", "")), motions_of_scene(path, "glb", scene, stated, options)


def _joined(path: Path, found: list[tuple[str, MotionFile]]) -> MotionFile:
    """Return the motions of several animations as one set, named after these."""
    motions, taken = [], set()
    for number, (name, file) in enumerate(found):
        for motion in file.motions:
            own = (motion.name or "").removeprefix(path.stem)
            unique = f"{name or f'{path.stem}_{number}'}{own}"
            while unique in taken:
                unique += "_"
            taken.add(unique)
            motions.append(replace(motion, name=unique))
    notes = tuple(dict.fromkeys(note for _, file in found for note in file.notes))
    first = found[0][1]
    return replace(
        first, layout="packed", motions=MotionSet(tuple(motions), ((),) * len(motions)), notes=notes, facts=first.facts
    )


class _Nodes:
    """The nodes of a file, parents before children.

    Args:
        document: the file.

    Raises:
        NotGltf: the nodes are no tree.
    """

    def __init__(self, document: GlbDocument):
        self._document = document
        items = document.items("nodes")
        above = [-1] * len(items)
        for index, item in enumerate(items):
            for child in item.get("children", []):
                pick(items, child, "nodes")
                if above[child] >= 0:
                    raise NotGltf("has a node with two parents; it is damaged")
                above[child] = index
        order = [index for index, parent in enumerate(above) if parent < 0]
        for index in order:  # grows while it is read
            order.extend(items[index].get("children", []))
        if len(order) != len(items) or not items:
            raise NotGltf("has no tree of nodes; must hold the joints of a body as nodes")
        self._place = {index: place for place, index in enumerate(order)}
        self.parents = tuple(self._place.get(above[index], -1) for index in order)
        self.names = tuple(str(items[index].get("name", "")) for index in order)
        skins = document.items("skins")
        joints = {joint for skin in skins for joint in skin.get("joints", []) if isinstance(joint, int)}
        self.bones = tuple(index in joints for index in order)
        self.rest = [_rest(items[index]) for index in order]

    def animations(self) -> list[dict[str, Any]]:
        """Return the animations that move nodes.

        Raises:
            NotGltf: there is none.
        """
        found = [each for each in self._document.items("animations") if self.channels(each)]
        if not found:
            raise NotGltf("holds no animation; must hold one of the joints of a skeleton")
        return found

    def channels(self, animation: dict[str, Any]) -> list[tuple[int, str, str, FloatArray, FloatArray]]:
        """Return node, path, interpolation, times (keys,) and values (keys, ...) of each channel of an animation."""
        found = []
        samplers = animation.get("samplers", [])
        for channel in animation.get("channels", []):
            target = channel.get("target", {})
            if target.get("path") not in _REST or target.get("node") not in self._place:
                continue
            sampler = pick(samplers, channel.get("sampler"), "samplers")
            times = self._document.array(sampler.get("input"))[:, 0]
            values = self._document.array(sampler.get("output"))
            cubic = sampler.get("interpolation") == "CUBICSPLINE"
            rising = len(times) > 0 and np.isfinite(times).all() and (np.diff(times) > 0).all()
            if not rising or values.shape != ((3 if cubic else 1) * len(times), len(_REST[target["path"]])):
                raise NotGltf("has an animation whose times and values do not belong together; it is damaged")
            if len(times) > 0:
                how = str(sampler.get("interpolation", "LINEAR"))
                found.append((self._place[target["node"]], target["path"], how, times, values))
        return found

    def scene(self, channels: Iterable[tuple[int, str, str, FloatArray, FloatArray]], times: FloatArray) -> NodeScene:
        """Return the scene at times (frames,)."""
        rest = {path: np.stack([node[path] for node in self.rest]) for path in _REST}
        tracks = {path: np.repeat(values[None], len(times), axis=0) for path, values in rest.items()}
        for node, path, how, keys, values in channels:
            tracks[path][:, node] = _sample(path, how, keys, values, times)
        turns = {"moving": tracks["rotation"], "still": rest["rotation"]}
        turns = {name: rotation.normalized(values)[..., [3, 0, 1, 2]] for name, values in turns.items()}
        return NodeScene(
            self.names, self.parents, self.bones, tracks["translation"], turns["moving"], tracks["scale"],
            rest["translation"], turns["still"], rest["scale"],
        )  # fmt: skip


def _rest(item: dict[str, Any]) -> dict[str, FloatArray]:
    """Return translation, rotation and scale of a node."""
    if "matrix" not in item:
        return {path: numbers(item.get(path), like) for path, like in _REST.items()}
    matrix = numbers(item["matrix"], np.eye(4).reshape(-1).tolist()).reshape(4, 4).T
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    if not (scale > 0).all() or np.linalg.det(matrix[:3, :3]) <= 0:
        raise NotGltf("has a node with a matrix that is no rotation and scale")
    turn = rotation.from_matrix(matrix[:3, :3] / scale)[[1, 2, 3, 0]]
    return {"translation": matrix[:3, 3], "rotation": turn, "scale": scale}


def _frames(
    channels: list[tuple[int, str, str, FloatArray, FloatArray]], asked: float | None, nodes: int
) -> tuple[float, float, int]:
    """Return the rate, the time of the first frame and the number of frames, from the channel with the most keys."""
    keys = max((times for _, _, _, times, _ in channels), key=len)
    begin = min(float(times[0]) for _, _, _, times, _ in channels)
    end = max(float(times[-1]) for _, _, _, times, _ in channels)
    fps = asked
    if fps is None:
        steps = np.diff(keys)
        even = len(steps) > 0 and np.ptp(steps) < 0.05 * steps.mean()
        fps = 1 / float(steps.mean() if even else np.median(steps)) if len(steps) else _USUAL_FPS
        fps = float(round(fps)) if abs(fps - round(fps)) < 5e-4 * fps else fps
        if not _RATES[0] <= fps <= _RATES[1]:
            fps = _USUAL_FPS
    frames = math.floor((end - begin) * fps + 1e-2) + 1
    if frames * nodes > MAX_POSES:
        raise NotGltf(f"has {frames} frames of {nodes} nodes; must be at most {MAX_POSES // nodes} frames of so many")
    return fps, begin, frames


def _sample(path: str, how: str, keys: FloatArray, values: FloatArray, times: FloatArray) -> FloatArray:
    """Interpolate a channel at times (frames,)."""
    if len(keys) == 1:
        return np.repeat(values[1:2] if how == "CUBICSPLINE" else values[:1], len(times), axis=0)
    index = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    step = keys[index + 1] - keys[index]
    weight = np.clip((times - keys[index]) / step, 0.0, 1.0)[:, None]
    if how == "CUBICSPLINE":
        before, at, after = values[0::3], values[1::3], values[2::3]
        square, cube = weight**2, weight**3
        return (
            (2 * cube - 3 * square + 1) * at[index]
            + (cube - 2 * square + weight) * step[:, None] * after[index]
            + (3 * square - 2 * cube) * at[index + 1]
            + (cube - square) * step[:, None] * before[index + 1]
        )
    if how == "STEP":
        return np.where(weight < 1, values[index], values[index + 1])
    if path == "rotation":
        unit = rotation.normalized(values)[:, [3, 0, 1, 2]]
        return rotation.slerp(unit[index], unit[index + 1], weight[:, 0])[:, [1, 2, 3, 0]]
    return (1 - weight) * values[index] + weight * values[index + 1]
