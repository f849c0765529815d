"""Conversion of arrays to messages and back, and the building of messages with checked values."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import Message

from motion.errors import InvalidInput
from motion.v1 import motion_pb2

MAX_TENSOR_BYTES = 16 * 2**20
"""Size limit of one array."""
MAX_TENSOR_AXES = 8
"""Limit of its number of axes."""

_DTYPES: dict[int, np.dtype] = {
    motion_pb2.Tensor.DTYPE_FLOAT32: np.dtype("<f4"),
    motion_pb2.Tensor.DTYPE_FLOAT64: np.dtype("<f8"),
    motion_pb2.Tensor.DTYPE_INT32: np.dtype("<i4"),
    motion_pb2.Tensor.DTYPE_INT64: np.dtype("<i8"),
    motion_pb2.Tensor.DTYPE_UINT8: np.dtype("u1"),
    motion_pb2.Tensor.DTYPE_BOOL: np.dtype("?"),
}
_DTYPE_NUMBERS = {dtype: number for number, dtype in _DTYPES.items()}

_MessageT = TypeVar("_MessageT", bound=Message)


def build(message: type[_MessageT], **values: Any) -> _MessageT:
    """Build a message from the values of its fields.

    Args:
        message: type of the message.
        values: values by field name; None leaves a field unset.

    Raises:
        InvalidInput: a value does not fit its field (a seed of more than 64 bits, text that is not Unicode).
    """
    built = message()
    for name, value in values.items():
        try:
            built.MergeFrom(message(**{name: value}))
        except (TypeError, ValueError) as error:
            raise InvalidInput.of(name, f"cannot be sent ({error})") from error
    return built


def pack_tensor(array: np.ndarray) -> motion_pb2.Tensor:
    """Convert an array of any shape to a message.

    Raises:
        InvalidInput: the dtype cannot be sent.
    """
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _DTYPE_NUMBERS:
        known = ", ".join(str(dtype) for dtype in _DTYPE_NUMBERS)
        raise InvalidInput.of("dtype", f"is {array.dtype}; must be one of {known}")
    data = np.ascontiguousarray(array, dtype).tobytes()
    return motion_pb2.Tensor(dtype=_DTYPE_NUMBERS[dtype], shape=array.shape, data=data)  # pyright: ignore[reportArgumentType]


def unpack_tensor(message: motion_pb2.Tensor) -> np.ndarray:
    """Return the array of a message, writable and in native byte order.

    Raises:
        InvalidInput: the dtype is unknown, the shape is negative or too large, or the number of bytes does not match.
    """
    dtype = _DTYPES.get(message.dtype)
    if dtype is None:
        known = ", ".join(motion_pb2.Tensor.DType.Name(number) for number in _DTYPES)  # pyright: ignore[reportArgumentType]
        raise InvalidInput.of("dtype", f"is {message.dtype}; must be one of {known}")
    shape = tuple(message.shape)
    if len(shape) > MAX_TENSOR_AXES:
        raise InvalidInput.of("shape", f"has {len(shape)} axes; must have at most {MAX_TENSOR_AXES}")
    # NumPy overflows on huge axes even if another axis has length 0, so zeros count as ones here.
    if any(size < 0 for size in shape) or math.prod(max(size, 1) for size in shape) * dtype.itemsize > MAX_TENSOR_BYTES:
        raise InvalidInput.of("shape", f"is {list(shape)}; must be sizes from 0 up, {MAX_TENSOR_BYTES} bytes in all")
    expected = math.prod(shape) * dtype.itemsize
    if len(message.data) != expected:
        raise InvalidInput.of(
            "data", f"has {len(message.data)} bytes; {dtype.name} of shape {list(shape)} takes {expected}"
        )
    if dtype.kind == "b" and message.data.strip(b"\x00\x01"):
        raise InvalidInput.of("data", "has bytes other than 0 and 1; a truth value must be one of these")
    return np.frombuffer(message.data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
