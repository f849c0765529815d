"""Server of a `SmoothingCorrector`: `python smoothing_server.py LISTEN ANNOUNCE DELAY`."""

from __future__ import annotations

import sys
from pathlib import Path

from smoothing_corrector import SmoothingCorrector

from motion.shell.command import run_command
from sim_server.service import serve


def main() -> int:
    listen, announce, delay = sys.argv[1:]
    corrector = SmoothingCorrector(delay=float(delay), threads=8)
    serve(corrector, listen, Path(announce))
    corrector.close()
    return 0


if __name__ == "__main__":
    run_command(main)
