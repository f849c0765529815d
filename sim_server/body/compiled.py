"""Compilation of functions that work on one body at a time, number by number, to machine code."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from motion.shell.user_cache import user_cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])

_ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("motion", "sim_server/body", "sim_server/engine", "sim_server/policies")


def _code_folder() -> Path:
    """Return the folder for the machine code of the present sources.

    Numba finds the code of a function by the content of its own file. It would take old code where a constant of
    another file, or a function that is called, has changed, so each state of the sources has a folder of its own.
    """
    digest = hashlib.sha256()
    for room in _ROOMS:
        for file in sorted((_ROOT / room).glob("*.py")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    base = os.environ.get("NUMBA_CACHE_DIR")
    return (Path(base) / "plumb" if base else user_cache_folder("compiled")) / digest.hexdigest()[:16]


CODE_FOLDER = _code_folder()
"""Where the machine code of functions is kept; without it, they are compiled when they are first called."""
COMPILES = not CODE_FOLDER.is_dir()
"""Whether there was no machine code of these sources when this process began."""


def compiled(function: Function) -> Function:
    """Compile a function when it is first called, and keep the machine code on disk for the next process.

    The arithmetic is carried out as it is written and in that order, since nothing allows the compiler to reassociate
    or contract it. The function runs without the interpreter's lock. Module constants that it reads are those of the
    first call.
    """
    options = {"error_model": "numpy", "nogil": True}
    elsewhere, config.CACHE_DIR = config.CACHE_DIR, str(CODE_FOLDER)
    try:
        return cast(Function, numba.njit(function, cache=True, **options))
    except RuntimeError:  # there is no folder that may be written to; each process compiles for itself
        return cast(Function, numba.njit(function, **options))
    finally:
        config.CACHE_DIR = elsewhere
