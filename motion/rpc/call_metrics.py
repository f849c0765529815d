"""Prometheus metrics of a server: calls by status code, their durations, and frames of motion in the answers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

_DURATION_BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)


class CallMetrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "plumb_calls", "Calls that ended, by gRPC status code", ["method", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "plumb_call_seconds", "Duration of calls", ["method"], registry=self.registry, buckets=_DURATION_BUCKETS_S
        )
        self._frames = Counter("plumb_frames", "Frames of motion in the answers", ["method"], registry=self.registry)

    def record_call(self, method: str, code: str, seconds: float) -> None:
        """Count a call that ended.

        Args:
            method: full name of the method.
            code: name of the gRPC status code.
            seconds: duration of the call.
        """
        self._calls.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)

    def record_frames(self, method: str, frames: int) -> None:
        """Count frames of motion in a response of `method`."""
        self._frames.labels(method).inc(frames)

    def publish(self, host: str, port: int) -> int:
        """Answer `GET /metrics` on `host` from a thread.

        Returns:
            The port, which differs from `port` only if that is 0.

        Raises:
            OSError: the port is in use.
        """
        server, _ = start_http_server(port, addr=host, registry=self.registry)
        return server.server_port
