"""Run a module that ends with its parent process: `python -m loop_client.runs.end_with_parent MODULE ARGUMENT...`.

The parent holds the other end of this process's standard input. The pipe closes however the parent ends, even if it is
killed. This process then sends itself SIGTERM, on which services finish in order.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _wait_for_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_wait_for_parent, name="wait-for-parent", daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
