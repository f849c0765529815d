"""What a service counts, for Prometheus: calls by status code, how long they took, frames that went out."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)


class CallMetrics:
    """The counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "plumb_calls", "Calls that ended, by gRPC status code", ["method", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "plumb_call_seconds", "Time a call took", ["method"], registry=self.registry, buckets=_SECONDS
        )
        self._frames = Counter("plumb_frames", "Frames of motion in the answers", ["method"], registry=self.registry)

    def ended(self, method: str, code: str, seconds: float) -> None:
        """A call of `method` ended with the status `code`."""
        self._calls.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)

    def answered(self, method: str, response: Any) -> None:
        """A message went out; where it holds a motion, its frames are counted."""
        if "motion" in response.DESCRIPTOR.fields_by_name and response.motion.positions.shape:
            self._frames.labels(method).inc(response.motion.positions.shape[0])

    def publish(self, host: str, port: int) -> int:
        """Answer `GET /metrics` on `host`, from a thread; the port that it got, `port` unless that is 0.

        Raises:
            OSError: the port is taken.
        """
        server, _ = start_http_server(port, addr=host, registry=self.registry)
        return server.server_port
