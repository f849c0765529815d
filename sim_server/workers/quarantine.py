"""A folder of the motions that were given up, for the operator to look at."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motion.formats.files import write_motion
from motion.motion import Motion
from motion.shell.atomic import atomic_path

_log = logging.getLogger(__name__)
_MOST = 100  # motions that are kept; whoever sends many cannot fill the disk


class Quarantine:
    """Keeps motions as files: `NAME.npz`, which `plumb-sim correct` reads, and `NAME.json` with what was asked for.

    The name is a digest, so that a motion which comes again and again is kept once.

    Args:
        folder: where they are kept; it is made when it is needed.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def keep(self, motion: Motion, request: Mapping[str, Any], client: str) -> Path | None:
        """Keep a motion, and return its file; None if it could not be written, or enough of them are kept.

        Args:
            motion: the motion that was given up.
            request: what was to be done with it, as JSON has it.
            client: who sent it.
        """
        document = {**request, "client": client, "fps": motion.fps}
        text = json.dumps(document, indent=1, default=float)
        name = hashlib.sha256(motion.positions.tobytes() + text.encode()).hexdigest()[:16]
        file = self._folder / f"{name}.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not file.exists() and sum(1 for _ in self._folder.glob("*.npz")) >= _MOST:
                return None
            write_motion(file, motion)
            with atomic_path(file.with_suffix(".json")) as written:
                written.write_text(text + "\n", "utf-8")
        except (OSError, ValueError) as error:  # what is given up is told in any case
            _log.error("a motion that was given up cannot be kept: %s", error)
            return None
        return file
