"""The content of a binary glTF file: its JSON document, and its arrays with every size checked.

The specification is "glTF 2.0", Khronos Group, ISO/IEC 12113:2022.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion.array_types import FloatArray

_MAGIC, _JSON_CHUNK, _BINARY_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
_COMPONENTS: dict[Any, str] = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_COLUMNS: dict[Any, int] = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class NotGltf(ValueError):
    """The file is no binary glTF, or is damaged; the text says how."""


@dataclass(frozen=True, eq=False)
class GlbDocument:
    """A file.

    Attributes:
        document: its JSON document.
        binary: its binary part.
    """

    document: dict[str, Any]
    binary: bytes

    @classmethod
    def parse(cls, data: bytes) -> GlbDocument:
        """Parse the bytes of a file.

        Raises:
            NotGltf: they are no binary glTF 2.0, or are damaged.
        """
        if len(data) < 20 or struct.unpack_from("<I", data)[0] != _MAGIC:
            raise NotGltf(f"is no .glb file, it begins with {data[:12]!r}; must be binary glTF 2.0")
        version, length, size, kind = struct.unpack_from("<IIII", data, 4)
        if version != 2 or kind != _JSON_CHUNK:
            raise NotGltf(f"is of version {version}; must be binary glTF 2.0")
        if length > len(data) or 20 + size > len(data):
            raise NotGltf(f"has {len(data)} bytes and states {length}; it is truncated")
        try:
            document = json.loads(data[20 : 20 + size])
        except (ValueError, RecursionError) as error:
            raise NotGltf(f"has a damaged description ({error!s:.80})") from error
        if not isinstance(document, dict):
            raise NotGltf("has a damaged description")
        rest = data[20 + size :]
        binary = b""
        if len(rest) >= 8 and struct.unpack_from("<I", rest, 4)[0] == _BINARY_CHUNK:
            binary = rest[8 : 8 + struct.unpack_from("<I", rest)[0]]
        return cls(document, binary)

    def items(self, name: str) -> list[dict[str, Any]]:
        """Return the objects of a list of the document; none if it has no such list."""
        found = self.document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise NotGltf(f"has damaged {name}")
        return found

    def array(self, index: Any) -> FloatArray:
        """Return the array of an accessor, (count, columns), as 64-bit numbers; integers as shares of their range.

        Raises:
            NotGltf: the accessor does not lie within the file.
        """
        accessor = pick(self.items("accessors"), index, "accessors")
        if "bufferView" not in accessor or "sparse" in accessor:
            raise NotGltf("has a sparse array, which is not read")
        view = pick(self.items("bufferViews"), accessor["bufferView"], "bufferViews")
        if "uri" in pick(self.items("buffers"), view.get("buffer"), "buffers") or view.get("buffer") != 0:
            raise NotGltf("keeps its arrays in other files; must be one .glb file with all of them")
        kind, columns = _COMPONENTS.get(accessor.get("componentType")), _COLUMNS.get(accessor.get("type"))
        if kind is None or columns is None:
            raise NotGltf("has an array of an unknown type")
        dtype = np.dtype(kind)
        count = whole(accessor.get("count"))
        start = whole(view.get("byteOffset", 0)) + whole(accessor.get("byteOffset", 0))
        step = whole(view.get("byteStride", 0)) or columns * dtype.itemsize
        end = start + (count - 1) * step + columns * dtype.itemsize
        if count and (end > len(self.binary) or step < columns * dtype.itemsize):
            raise NotGltf("has an array that goes beyond its data; it is truncated or damaged")
        array = np.ndarray((count, columns), dtype, self.binary, start, (step, dtype.itemsize)) if count else None
        if array is None:
            return np.zeros((0, columns))
        if dtype.kind == "f":
            return array.astype(np.float64)
        most = np.iinfo(dtype).max
        return np.maximum(array.astype(np.float64) / most, -1.0)


def pick(items: Sequence[dict[str, Any]], index: Any, name: str) -> dict[str, Any]:
    """Return an item by an index that the file states.

    Raises:
        NotGltf: there is no such item.
    """
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(items):
        raise NotGltf(f"names {index!r:.20} of its {len(items)} {name}; it is damaged")
    return items[index]


def whole(value: Any) -> int:
    """Return a size or an offset that the file states.

    Raises:
        NotGltf: it is no whole number from 0.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotGltf(f"has {value!r:.20} for a size; it is damaged")
    return value


def numbers(value: Any, like: Sequence[float]) -> FloatArray:
    """Return a vector that the file states, or `like` where it states none.

    Raises:
        NotGltf: it is no vector of this length.
    """
    try:
        found = np.array(like if value is None else value, np.float64)
    except (TypeError, ValueError) as error:
        raise NotGltf("has a damaged node") from error
    if found.shape != (len(like),) or not np.isfinite(found).all():
        raise NotGltf("has a damaged node")
    return found
