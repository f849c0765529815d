"""Conversion of JSON documents to messages and back, by protobuf's own rules, with arrays as lists of numbers too.

A `Tensor` is an object with `dtype`, `shape` and `data` in base64, or simply nested lists of numbers, which are taken
as float32. Field names are those of the `.proto` files; those in camel case are understood too.
"""

from __future__ import annotations

import base64
import json
from typing import Any, TypeVar

import numpy as np
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from motion.errors import InvalidInput
from motion.rpc.tensors import unpack_tensor
from motion.v1 import motion_pb2

_TENSOR = motion_pb2.Tensor.DESCRIPTOR
_MESSAGE = TypeVar("_MESSAGE", bound=Message)


def parse_message(text: bytes, message: _MESSAGE) -> tuple[_MESSAGE, bool]:
    """Read a message from JSON.

    Args:
        text: the document, UTF-8; empty for a message without fields.
        message: a message of the wanted type, which is filled.

    Returns:
        The message, and whether an array was written as lists.

    Raises:
        InvalidInput: the text is not JSON, or not of this message; the text of the error says where.
    """
    try:
        document = json.loads(text or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput.of("request", f"is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise InvalidInput.of("request", "is another JSON value; must be an object with the fields of the message")
    document, lists = _with_tensors(document, message.DESCRIPTOR, "")
    try:
        return json_format.ParseDict(document, message, max_recursion_depth=20), lists
    except (json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput.of("request", f"is no {message.DESCRIPTOR.full_name}: {error}") from error


def format_message(message: Message, lists: bool = False) -> dict[str, Any]:
    """Return the JSON document of a message, with all its fields.

    Args:
        message: the message.
        lists: whether arrays are nested lists of numbers.
    """
    document = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return _with_lists(message, document) if lists else document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _with_tensors(value: Any, kind: Any, path: str) -> tuple[Any, bool]:
    """Return a JSON value with its lists of numbers replaced by tensors, and whether there were any.

    Args:
        value: what stands for a message.
        kind: the descriptor of the message.
        path: the field, for errors.
    """
    if kind is _TENSOR and isinstance(value, list):
        return _tensor_of(value, path), True
    if not isinstance(value, dict):
        return value, False
    fields = {name: field for field in kind.fields for name in (field.name, field.json_name)}
    result, found = {}, False
    for key, each in value.items():
        field = fields.get(key)
        if field is None or field.message_type is None or _is_map(field):
            result[key] = each
            continue
        where = f"{path}.{field.name}".lstrip(".")
        if field.is_repeated and isinstance(each, list):
            parts = [_with_tensors(item, field.message_type, f"{where}[{i}]") for i, item in enumerate(each)]
            result[key] = [item for item, _ in parts]
            found |= any(lists for _, lists in parts)
        else:
            result[key], lists = _with_tensors(each, field.message_type, where)
            found |= lists
    return result, found


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _tensor_of(numbers: list[Any], path: str) -> dict[str, Any]:
    try:
        array = np.asarray(numbers)
    except (ValueError, OverflowError) as error:
        raise InvalidInput.of(path, "has lists of different lengths; must be a regular array of numbers") from error
    if array.dtype.kind not in "iuf":
        raise InvalidInput.of(path, f"has values of {array.dtype}; must be lists of numbers")
    data = base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")
    return {"dtype": "DTYPE_FLOAT32", "shape": list(array.shape), "data": data}


def _with_lists(message: Message, document: dict[str, Any]) -> Any:
    """Return the document of a message with its tensors as nested lists."""
    if message.DESCRIPTOR is _TENSOR:
        return unpack_tensor(message).tolist()  # pyright: ignore[reportArgumentType]
    for field, value in message.ListFields():
        if field.message_type is None or _is_map(field):
            continue
        if field.is_repeated:
            each = zip(value, document[field.name], strict=True)
            document[field.name] = [_with_lists(item, part) for item, part in each]
        else:
            document[field.name] = _with_lists(value, document[field.name])
    return document
