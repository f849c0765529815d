"""Read pickles that hold only numbers, text, lists and dictionaries of arrays, without running them.

A pickle is a program that can call anything. Nothing is called here: the opcodes are read one by one into plain values,
and the only objects that are understood are arrays of NumPy and joblib and tensors of PyTorch, which are rebuilt from
their shape, type and bytes. Everything else is refused. No array can be larger than the file that holds it.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from motion.formats.arrays.plain_arrays import (
    NamedGlobal,
    NotPlain,
    PickledObject,
    array_from_bytes,
    count_elements,
    of_type,
    read_dtype,
    tensor_from_storage,
)

MAX_PICKLE_BYTES = 2 << 30
"""Largest pickle that is read, bytes."""
_MAX_OPCODES = 20_000_000
_MOST_COPIES = 8
_ARRAY = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
_SCALAR = {"numpy.core.multiarray scalar", "numpy._core.multiarray scalar"}
_FROM_BUFFER = {"numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer"}
_TENSOR = {"torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor"}
_JOBLIB = "joblib.numpy_pickle NumpyArrayWrapper"


_MARK = object()


@dataclass
class _Machine:
    """The stack and the memory of one pickle."""

    stream: io.BytesIO
    size: int
    storage: Callable[[str], bytes] | None
    built: int = 0
    stack: list[Any] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)

    def run(self) -> Any:
        """Read all opcodes and return the value."""
        for number, (opcode, argument, _) in enumerate(pickletools.genops(self.stream)):
            if number > _MAX_OPCODES:
                raise NotPlain("is longer than any file of motions")
            if opcode.name == "STOP":
                return self.stack.pop()
            self._step(opcode.name, argument)
        raise NotPlain("has no end")

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            stack.append(argument)
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("PROTO", "FRAME"):
            return
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memory[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memory[len(self.memory)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memory[argument])
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            self._since_mark()
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            stack.append(NamedGlobal(argument if name == "GLOBAL" else " ".join(map(str, self._take(2)))))
        elif name in ("REDUCE", "NEWOBJ"):
            function, arguments = self._take(2)
            stack.append(self._call(function, arguments))
        elif name == "BUILD":
            self._build(stack.pop())
        elif name == "BINPERSID":
            stack.append(PickledObject("storage", stack.pop()))
        else:
            self._collect(name)

    def _collect(self, name: str) -> None:
        """Put values from the stack into a tuple, a list or a dictionary."""
        stack = self.stack
        if name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple(self._take(int(name[-1]))))
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name == "LIST":
            stack.append(self._since_mark())
        elif name in ("APPEND", "APPENDS"):
            items = self._take(1) if name == "APPEND" else self._since_mark()
            of_type(stack[-1], list).extend(items)
        elif name in ("DICT", "SETITEM", "SETITEMS"):
            items = self._take(2) if name == "SETITEM" else self._since_mark()
            if name == "DICT":
                stack.append({})
            for key, value in zip(items[::2], items[1::2], strict=True):
                of_type(stack[-1], dict)[_key(key)] = value
        else:
            raise NotPlain(f"has the opcode {name}, which no file of arrays needs")

    def _take(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise NotPlain("is damaged")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _since_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _call(self, function: Any, arguments: Any) -> Any:
        """Return what a call would have built, for the few calls that build arrays."""
        text, arguments = of_type(function, NamedGlobal).text, of_type(arguments, tuple)
        if text in _ARRAY:
            return PickledObject("array", ())
        if text == "numpy dtype":
            return PickledObject("dtype", arguments)
        if text in _SCALAR and len(arguments) == 2 and isinstance(arguments[1], bytes | str):
            return array_from_bytes(arguments[1], arguments[0], (), False).reshape(-1)[0].item()
        if text in _FROM_BUFFER and len(arguments) == 4:
            return self._counted(array_from_bytes(arguments[0], arguments[1], arguments[2], arguments[3] == "F"))
        if text in _TENSOR:
            return self._counted(tensor_from_storage(self.storage, arguments[:4]))
        if text == "_codecs encode" and len(arguments) == 2:
            return str(arguments[0]).encode("latin-1")
        if text == "__builtin__ bytes" and not arguments:
            return b""
        if text == "collections OrderedDict" and not any(arguments):
            return {}
        if text == "collections defaultdict" and all(isinstance(each, NamedGlobal) for each in arguments):
            return {}  # what it would make of a key that it lacks is never asked
        if text == _JOBLIB:
            return PickledObject("joblib", ())
        if text == "torch.storage _load_from_bytes":  # a pickle of PyTorch's within one of NumPy's
            raise NotPlain(
                "holds tensors of PyTorch, which must be made arrays by tensor.numpy() before they are saved"
            )
        raise NotPlain(f"asks for {text.replace(' ', '.')}, which is not an array")

    def _build(self, state: Any) -> None:
        target = self.stack[-1]
        if isinstance(target, dict):  # attributes of a state_dict
            return
        if of_type(target, PickledObject).kind == "array":
            _, shape, dtype, fortran, data = of_type(state, tuple)
            if isinstance(data, list):
                target.value = _objects(data, shape)
            else:
                target.value = self._counted(array_from_bytes(data, dtype, shape, bool(fortran)))
        elif target.kind == "joblib":
            target.value = self._inline_array(of_type(state, dict))
        else:
            target.state = state

    def _counted(self, array: np.ndarray) -> np.ndarray:
        """Return the array, unless the same bytes were used for so many that they would fill the memory."""
        self.built += array.nbytes
        if self.built > _MOST_COPIES * self.size:
            raise NotPlain(f"becomes more than {_MOST_COPIES} times as large as its file")
        return array

    def _inline_array(self, state: dict[Any, Any]) -> Any:
        """Read the bytes that joblib writes into the middle of the pickle."""
        dtype = read_dtype(state["dtype"])
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.read(self.stream.read(1)[0])
        size = dtype.itemsize * count_elements(state["shape"])
        return array_from_bytes(self.stream.read(size), state["dtype"], state["shape"], state.get("order") == "F")


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple,
}  # fmt: skip
_LITERALS = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8".split()
)


def read_plain_pickle(data: bytes, storage: Callable[[str], bytes] | None = None, size: int | None = None) -> Any:
    """Read the value of a pickle of numbers, text, lists, dictionaries and arrays.

    Args:
        data: the pickle.
        storage: returns the bytes of a tensor's storage by its key; None if the pickle has no tensors.
        size: number of bytes of the pickle and the storages; None for those of the pickle.

    Raises:
        NotPlain: the pickle is damaged or holds anything else.
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise NotPlain(f"has {len(data)} bytes; must have at most {MAX_PICKLE_BYTES}")
    try:
        return _finished(_Machine(io.BytesIO(data), size or len(data), storage).run(), {})
    except NotPlain:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise NotPlain(f"is damaged ({error})") from error


def read_torch_archive(archive: zipfile.ZipFile) -> Any:
    """Read the value that `torch.save` wrote into a zip archive, if it is plain.

    Args:
        archive: the open archive.

    Raises:
        NotPlain: the archive is no such file, or holds anything else than plain values and tensors.
    """
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise NotPlain("holds no data.pkl; must be a file of torch.save")
    root = names[0].removesuffix("data.pkl")
    size = sum(info.file_size for info in archive.infolist())
    return read_plain_pickle(archive.read(names[0]), cache(lambda key: archive.read(f"{root}data/{key}")), size)


def _finished(value: Any, seen: dict[int, Any], depth: int = 0) -> Any:
    """Replace every object by what it was built to; `seen` has the values that were met before."""
    if depth > 100:
        raise NotPlain("is nested too deeply")
    if isinstance(value, PickledObject):
        if value.kind not in ("array", "joblib") or value.value is None:
            raise NotPlain(f"holds a {value.kind}, which is not an array")
        return _finished(value.value, seen, depth + 1)
    if isinstance(value, NamedGlobal) or value is _MARK:
        raise NotPlain(f"holds {value.text if isinstance(value, NamedGlobal) else 'a mark'}, which is not an array")
    if isinstance(value, list | tuple):
        if id(value) not in seen:
            seen[id(value)] = None
            seen[id(value)] = [_finished(each, seen, depth + 1) for each in value]
        return seen[id(value)]
    if isinstance(value, dict):
        if id(value) not in seen:
            seen[id(value)] = None
            seen[id(value)] = {key: _finished(each, seen, depth + 1) for key, each in value.items()}
        return seen[id(value)]
    return value


def _objects(items: list[Any], shape: Any) -> Any:
    """Return the value of an array of objects: the object itself where it has no axis, else a list."""
    return items[0] if shape == () and len(items) == 1 else items


def _key(value: Any) -> Any:
    if not isinstance(value, str | int | float | bytes):
        raise NotPlain("has a key that is no text or number")
    return value
