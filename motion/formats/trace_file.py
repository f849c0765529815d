"""Trace files: the trace of a correction as .npz, one array for each field."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.formats.npz import read_npz, write_npz
from motion.trace import TRACE_ARRAYS, TRACE_TEXTS, Trace


def save_trace(path: str | os.PathLike[str], trace: Trace) -> None:
    """Write a trace as an .npz file, one array for each field; text is an array of text, so that nothing is pickled.

    Raises:
        InvalidInput: the file cannot be written.
    """
    values = {field.name: np.asarray(getattr(trace, field.name)) for field in fields(Trace)}
    write_npz(Path(path), values | {name: np.array(getattr(trace, name), np.str_) for name in TRACE_TEXTS})


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a trace that `save_trace` wrote.

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file is damaged, or holds no trace; the field starts with the path.
    """
    arrays = read_npz(Path(path))
    missing = [field.name for field in fields(Trace) if field.name not in arrays]
    if missing:
        raise InvalidInput.of(str(path), f"lacks {', '.join(missing)}; must be a trace of a correction")
    try:
        values: dict[str, Any] = {
            name: array if name in TRACE_ARRAYS else array.tolist() for name, array in arrays.items()
        }
        return Trace(**{field.name: values[field.name] for field in fields(Trace)})
    except InvalidInput as error:
        raise error.within(str(path)) from error
