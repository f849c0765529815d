"""Read a `.glb` file with nothing but the specification: the container, the accessors and the animation."""

from __future__ import annotations

import json
import struct

import numpy as np

_COMPONENTS = {5121: np.dtype("<u1"), 5123: np.dtype("<u2"), 5126: np.dtype("<f4")}
_COUNTS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """The document of a file and its arrays."""

    def __init__(self, data: bytes) -> None:
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data)) and length % 4 == 0
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON" and size % 4 == 0
        self.document = json.loads(data[20 : 20 + size])
        binary_size, kind = struct.unpack_from("<I4s", data, 20 + size)
        assert kind == b"BIN\0" and 28 + size + binary_size == len(data)
        self.binary = data[28 + size :]
        assert self.document["buffers"] == [{"byteLength": len(self.binary)}]

    def array(self, index: int) -> np.ndarray:
        """Return the array of an accessor, (n,) or (n, components), after checking its bounds."""
        accessor = self.document["accessors"][index]
        view = self.document["bufferViews"][accessor["bufferView"]]
        dtype, count = _COMPONENTS[accessor["componentType"]], _COUNTS[accessor["type"]]
        assert view["byteOffset"] % 4 == 0
        assert view["byteLength"] == accessor["count"] * count * dtype.itemsize
        assert view["byteOffset"] + view["byteLength"] <= len(self.binary)
        raw = self.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        array = np.frombuffer(raw, dtype).reshape(accessor["count"], count)
        if "min" in accessor:
            assert array.min(0).tolist() == accessor["min"] and array.max(0).tolist() == accessor["max"]
        return array[:, 0] if count == 1 else array

    def joint_matrices(self, number: int = 0) -> np.ndarray:
        """Compute the world matrices (frames, joints, 4, 4) of the joints by playing an animation."""
        animation = self.document["animations"][number]
        nodes, joints = self.document["nodes"], self.document["skins"][0]["joints"]
        frames = len(self.array(animation["samplers"][0]["input"]))
        local = {}
        for joint in joints:
            local[joint] = {
                "translation": np.tile(nodes[joint].get("translation", [0, 0, 0]), (frames, 1)),
                "rotation": np.tile(nodes[joint].get("rotation", [0, 0, 0, 1]), (frames, 1)),
            }
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            local[channel["target"]["node"]][channel["target"]["path"]] = self.array(sampler["output"])
        world: dict[int, np.ndarray] = {}

        def play(node: int, above: np.ndarray) -> None:
            x, y, z, w = local[node]["rotation"].astype(float).T
            matrix = np.tile(np.eye(4), (frames, 1, 1))
            matrix[:, 0, :3] = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1)
            matrix[:, 1, :3] = np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1)
            matrix[:, 2, :3] = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1)
            matrix[:, :3, 3] = local[node]["translation"]
            world[node] = above @ matrix
            for child in nodes[node].get("children", []):
                play(child, world[node])

        play(self.document["skins"][0]["skeleton"], np.eye(4))
        return np.stack([world[joint] for joint in joints], axis=1)
