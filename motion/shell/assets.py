"""Paths of the files that ship with Plumb, and of folders that environment variables name."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from motion.errors import InvalidInput, NotFound

_CHECKOUT = Path(__file__).resolve().parents[2] / "assets"
_PACKAGE = "plumb_assets"  # name of the folder in an installed wheel


def asset_path(name: str) -> Path:
    """Return the path of an asset in the installed wheel or the checkout.

    Args:
        name: path below the folder of assets, for example `motions/default.npz`.

    Raises:
        NotFound: there is no such asset.
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
    """Resolve the path of a data set.

    Args:
        path: `default` for the set that ships; otherwise a path, in which `$NAME` at the start stands for the folder
            that the environment variable NAME holds.

    Raises:
        InvalidInput: the environment variable is not set.
    """
    if path == "default":
        return asset_path("motions/default.npz")
    match = re.match(r"\$(\w+)(/.*)?$", path)
    if match is None:
        return Path(path)
    name, rest = match.group(1), (match.group(2) or "").lstrip("/")
    folder = os.environ.get(name)
    if not folder:
        raise InvalidInput.of(path, f"is not known: the environment variable {name} must name the folder of the data")
    return Path(os.path.normpath(Path(folder) / rest))
