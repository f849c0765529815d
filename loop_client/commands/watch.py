"""The command `watch`: show in a browser how a run goes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from motion.shell.command import DONE, log


@dataclass(frozen=True)
class Watch:
    """Show in a browser how a run goes on: its progress, its curves as they grow, and the newest corrections.

    The page is served to this machine only, until the command is interrupted. The run itself goes on, or does not,
    without it.
    """

    directory: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""
    port: int = 0
    """Port of the page (0: a free one)."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.reports.run_view import RunView
        from loop_client.runs.run_store import open_run
        from motion.viewing.live_server import serve_live

        with serve_live(RunView(open_run(self.directory)), self.port) as address:
            log("Ctrl-C ends it.")
            print(f"open {address}", flush=True)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return DONE
        return DONE
