"""Where the files are that ship with Plumb, and those that the environment names."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from motion.errors import InvalidInput, NotFound

_CHECKOUT = Path(__file__).resolve().parents[2] / "assets"
_FOLDERS = {"PLUMB_DATA": _CHECKOUT.parent / "../shared/data"}  # where else the environment's folders may be
_PACKAGE = "plumb_assets"  # what the folder is called in a wheel


def asset_path(name: str) -> Path:
    """The file or folder `name` (as `motions/default.npz`) of the assets, of a checkout or of an installed wheel.

    Raises:
        NotFound: it is not there.
    """
    try:
        root = Path(str(files(_PACKAGE)))
    except ModuleNotFoundError:
        root = _CHECKOUT
    path = root / name
    if not path.exists():
        raise NotFound(f"no asset {name!r} in {root}")
    return path


def data_path(path: str) -> Path:
    """Where motions are: `default` stands for the set that ships, `$NAME/` at the start for an environment's folder.

    Raises:
        InvalidInput: the environment has no such name.
    """
    if path == "default":
        return asset_path("motions/default.npz")
    match = re.match(r"\$(\w+)(/.*)?$", path)
    if match is None:
        return Path(path)
    name, rest = match.group(1), (match.group(2) or "").lstrip("/")
    folder = os.environ.get(name) or (_FOLDERS[name] if name in _FOLDERS and _FOLDERS[name].is_dir() else None)
    if not folder:
        raise InvalidInput.of(path, f"is not known: the environment variable {name} must name the folder of the data")
    return Path(os.path.normpath(Path(folder) / rest))
