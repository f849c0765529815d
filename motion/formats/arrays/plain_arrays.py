"""Build the arrays of a pickle from their type, shape and bytes, with every size checked before memory is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_STORAGE = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "|i1", "ByteStorage": "|u1", "BoolStorage": "|b1",
}  # fmt: skip
_KINDS = "fiubSU"


class NotPlain(ValueError):
    """The pickle holds something else than numbers, text and arrays; the text says what."""


@dataclass(frozen=True)
class NamedGlobal:
    """A function or class that the pickle names; it is never looked up."""

    text: str


@dataclass
class PickledObject:
    """An array, type or wrapper that is built when its state is known."""

    kind: str
    arguments: tuple[Any, ...]
    state: Any = None
    value: Any = None


def tensor_from_storage(storage: Callable[[str], bytes] | None, arguments: tuple[Any, ...]) -> np.ndarray:
    """Build a tensor of PyTorch as an array.

    Args:
        storage: returns the bytes of a storage by its key.
        arguments: the storage, the offset in it, the shape and the strides, in elements.

    Raises:
        NotPlain: the tensor does not lie within its storage, or is of an unknown type.
    """
    source, offset, shape, strides = arguments
    _, kind, key, *_ = of_type(source, PickledObject).arguments
    name = of_type(kind, NamedGlobal).text.split(" ")[-1]
    if storage is None or name not in _STORAGE:
        raise NotPlain(f"has tensors of the kind {name}, which is not read")
    data = np.frombuffer(storage(str(key)), dtype=_STORAGE[name])
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if count_elements(shape) and not (0 <= offset <= last < len(data) and min(strides, default=0) >= 0):
        raise NotPlain("has a tensor that is larger than its data")
    step = data.itemsize
    if not count_elements(shape):
        return np.zeros(shape, data.dtype)
    view = np.lib.stride_tricks.as_strided(data[offset:], shape, [each * step for each in strides])
    if view.size > data.size:
        raise NotPlain("has a tensor that is larger than its data")
    return view.copy()


def read_dtype(value: Any) -> np.dtype:
    if of_type(value, PickledObject).kind != "dtype":
        raise NotPlain("is damaged")
    code = value.arguments[0]
    order = value.state[1] if value.state else "|"
    if not isinstance(code, str) or order not in ("<", ">", "|", "="):
        raise NotPlain("has an array of an unknown type")
    dtype = np.dtype(code).newbyteorder(order) if order in "<>" else np.dtype(code)
    if dtype.kind not in _KINDS or dtype.fields or dtype.subdtype:
        raise NotPlain(f"has an array of {dtype}; must be numbers or text")
    return dtype


def array_from_bytes(data: Any, dtype: Any, shape: Any, fortran: bool) -> np.ndarray:
    data = data.encode("latin-1") if isinstance(data, str) else data
    kind = read_dtype(dtype)
    if kind.itemsize * count_elements(shape) != len(data):
        raise NotPlain(f"has an array of shape {shape} with {len(data)} bytes")
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C").copy()


def count_elements(shape: Any) -> int:
    """Return the number of elements of a shape, without overflow."""
    count = 1
    for size in of_type(shape, tuple):
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise NotPlain("is damaged")
        count *= size
    return count


def of_type(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise NotPlain("is damaged, or holds more than arrays")
    return value
