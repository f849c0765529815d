"""`plumb-sim watch`: show in a browser what a server has under way."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from motion.errors import InvalidInput, ServiceUnavailable
from motion.shell.command import DONE, log

if TYPE_CHECKING:
    from sim_server.server_view import ServerView

_TIMEOUT_S = 5.0
_KEPT = 1800


@dataclass(frozen=True)
class Watch:
    """Show in a browser what a server has under way: its queue, its throughput, and how motions come out.

    The page is served to this machine only, until the command is interrupted.
    """

    address: Annotated[Positional[str], arg(metavar="HOST:PORT")]
    """Address of the server's metrics, which it serves with --metrics-port and prints when it starts."""
    port: int = 0
    """Port of the page (0: a free one)."""
    every: float = 2.0
    """Seconds between two looks at the server."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.viewing.live_server import serve_live
        from sim_server.server_view import ServerView

        if not 0.2 <= self.every <= 3600:
            raise InvalidInput.of("--every", f"is {self.every:g}; must be a number of seconds from 0.2 to 3600")
        samples: deque[tuple[float, Mapping[str, float]]] = deque(maxlen=_KEPT)
        samples.append((time.time(), read_metrics(self.address)))
        view = ServerView(self.address, samples)
        with serve_live(view, self.port) as address:
            log("Ctrl-C ends it.")
            print(f"open {address}", flush=True)
            _look_on(view, samples, self.address, self.every)
        return DONE


def _look_on(view: ServerView, samples: deque[tuple[float, Mapping[str, float]]], address: str, every: float) -> None:
    """Read the metrics again and again until the command is interrupted."""
    pause = threading.Event()
    try:
        while True:
            pause.wait(every)
            try:
                samples.append((time.time(), read_metrics(address)))
                view.trouble = ""
            except ServiceUnavailable as error:
                view.trouble = str(error)
    except KeyboardInterrupt:
        return


def read_metrics(address: str) -> dict[str, float]:
    """Read the metrics of a server.

    Args:
        address: HOST:PORT of its metrics.

    Returns:
        The sums over all labels by name, and also by name and status where a metric has one (`NAME{status}`).

    Raises:
        ServiceUnavailable: nothing answers there, or something that has no metrics of Plumb.
    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=_TIMEOUT_S) as answer:
            text = answer.read().decode("utf-8")
        families = list(text_string_to_metric_families(text))
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise ServiceUnavailable(
            f"no metrics at {address} ({error}); give the address that `plumb-sim serve --metrics-port` prints"
        ) from error
    sums: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            if sample.name.endswith(("_bucket", "_created")):
                continue
            status = sample.labels.get("status") or sample.labels.get("grpc_status") or sample.labels.get("when")
            for name in (sample.name, f"{sample.name}{{{status}}}") if status else (sample.name,):
                sums[name] = sums.get(name, 0.0) + sample.value
    if not any(name.startswith("plumb_") for name in sums):
        raise ServiceUnavailable(f"what answers at {address} is no server of Plumb: it has no metrics of that name")
    return sums
