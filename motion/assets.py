"""Where the files are that ship with Plumb."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from motion.errors import NotFound

_CHECKOUT = Path(__file__).resolve().parent.parent / "assets"
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
