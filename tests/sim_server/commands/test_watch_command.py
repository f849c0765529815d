"""What a server has under way, from its metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from motion.errors import ServiceUnavailable
from sim_server.commands.watch_command import read_metrics
from sim_server.server_view import ServerView

METRICS = """# TYPE plumb_motions counter
plumb_motions_total{policy="plumb-1",status="OK"} 3.0
plumb_motions_total{policy="base",status="OK"} 2.0
plumb_motions_total{policy="plumb-1",status="FAILED"} 1.0
# TYPE plumb_slots gauge
plumb_slots 64.0
# TYPE plumb_motion_wait_seconds histogram
plumb_motion_wait_seconds_bucket{le="+Inf"} 4.0
plumb_motion_wait_seconds_count 4.0
plumb_motion_wait_seconds_sum 10.0
"""


@pytest.fixture
def served() -> Iterator[dict[str, str]]:
    """Yield what an address serves, under `address` and `text`."""
    state = {"text": METRICS}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(state["text"].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state["address"] = f"127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def test_metrics_are_summed_over_their_labels_and_by_status(served: dict[str, str]) -> None:
    found = read_metrics(served["address"])
    assert found["plumb_motions_total"] == 6 and found["plumb_motions_total{OK}"] == 5
    assert found["plumb_slots"] == 64 and not any("bucket" in name for name in found)


def test_an_address_without_metrics_is_refused(served: dict[str, str]) -> None:
    served["text"] = "<html>hello</html>"
    with pytest.raises(ServiceUnavailable):
        read_metrics(served["address"])
    with pytest.raises(ServiceUnavailable, match="--metrics-port"):
        read_metrics("127.0.0.1:1")


def test_throughput_is_what_counters_grow_by_a_second() -> None:
    first = {"plumb_frames_total": 100.0, "plumb_slots": 4.0, "plumb_slots_busy": 1.0}
    second = {**first, "plumb_frames_total": 300.0, "plumb_slots_busy": 3.0, "plumb_queue_size": 7.0}
    restarted = {**second, "plumb_frames_total": 5.0}
    parts = ServerView("host:1", [(0.0, first), (2.0, second), (3.0, restarted)]).parts()
    assert '"x":[2.0,3.0],"mean":[100.0,0.0]' in parts["charts"].replace("&quot;", '"')
    assert "3 of 4 busy" in parts["slots"] and "7 motions" in parts["facts"]


def test_means_come_from_sums_and_counts_and_trouble_is_said() -> None:
    view = ServerView(
        "host:1", [(0.0, {"plumb_motion_wait_seconds_count": 4.0, "plumb_motion_wait_seconds_sum": 10.0})]
    )
    assert "2.50 s" in view.parts()["facts"]
    view.trouble = "it is gone"
    assert "it is gone." in view.parts()["trouble"]
