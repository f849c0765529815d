"""Numbers recorded from published code: those that ship with the tests, and more where PLUMB_PARITY names a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Recordings:
    """Files of numbers recorded from published code: `recordings / NAME` is the path of one.

    Looked for in the folder that PLUMB_PARITY names, then in `tests/data/parity`, which ships. The test that asks for a
    file that is in neither is skipped.
    """

    def __init__(self) -> None:
        self.folders = (Path(os.environ.get("PLUMB_PARITY") or ROOT / "../shared/parity"), ROOT / "tests/data/parity")

    def __truediv__(self, name: str) -> Path:
        for folder in self.folders:
            if (folder / name).is_file():
                return folder / name
        pytest.skip(f"no recorded numbers {name} in {' or '.join(map(str, self.folders))} (set PLUMB_PARITY)")

    def glob(self, pattern: str) -> list[Path]:
        """Return the files that match, each once, in the order of their names."""
        found = {file.name: file for folder in reversed(self.folders) for file in folder.glob(pattern)}
        return [found[name] for name in sorted(found)]
