"""The folder of what can be made again at any time, and is kept to save time."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache_folder(name: str) -> Path:
    """Return `plumb/NAME` in this user's cache folder, as the XDG base directory specification defines it.

    The folder need not exist, nor be one that may be written to.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "plumb" / name
