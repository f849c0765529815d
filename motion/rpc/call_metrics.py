"""The metrics of a server's calls, under the names that gRPC and OpenTelemetry have for them, and of its work.

`grpc.server.call.started` and `grpc.server.call.duration` are those of gRPC's proposal A66, `rpc.server.request.size`
and `rpc.server.response.size` those of OpenTelemetry's conventions. They are counted where calls are admitted, so that
refused calls are in them under their status. Prometheus sees `_` in place of dots, and units as suffixes.
`plumb_calls_total` and `plumb_call_seconds` are the names of older versions, for dashboards that read them.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from motion.rpc.answer_metrics import AnswerMetrics
from motion.rpc.load_metrics import LoadMetrics
from motion.rpc.service_load import observe
from motion.rpc.telemetry import Telemetry

DURATION_BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper bounds of the buckets of durations [s]."""
_SIZE_BUCKETS = tuple(4.0**power for power in range(4, 14))  # 256 bytes to 64 MiB


class CallMetrics:
    """The metrics of one server.

    Args:
        service: the corrector or generator that is served, whose load is observed if it tells it.
    """

    def __init__(self, service: object = None):
        self._telemetry = Telemetry()
        meter = self._telemetry.meter
        self._started = meter.create_counter("grpc.server.call.started", "{call}", "Calls that arrived")
        self._seconds = meter.create_histogram(
            "grpc.server.call.duration",
            "s",
            "Duration of calls, by method and status",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS_S,
        )
        self._active = meter.create_up_down_counter("plumb.calls.active", "{call}", "Calls that are under way")
        self._request_bytes, self._response_bytes = (
            meter.create_histogram(
                f"rpc.server.{each}.size",
                "By",
                f"Size of {each}s, uncompressed",
                explicit_bucket_boundaries_advisory=_SIZE_BUCKETS,
            )
            for each in ("request", "response")
        )
        self._older_calls = meter.create_counter("plumb.calls", description="Calls that ended, by gRPC status code")
        self._older_seconds = meter.create_histogram(
            "plumb.call", "s", "Duration of calls", explicit_bucket_boundaries_advisory=DURATION_BUCKETS_S
        )
        self._answers = AnswerMetrics(meter)
        observed = observe(service)
        self._load = LoadMetrics(meter, observed) if observed else None

    @property
    def registry(self) -> CollectorRegistry:
        """The registry that `publish` serves."""
        return self._telemetry.registry

    def record_start(self, method: str) -> None:
        """Count a call that arrives.

        Args:
            method: full name of the method, such as `/motion.v1.CorrectorService/Correct`.
        """
        self._started.add(1, _labels(method))
        self._active.add(1, _labels(method))

    def record_call(self, method: str, code: str, seconds: float) -> None:
        """Count a call that ended.

        Args:
            method: full name of the method.
            code: name of the gRPC status code.
            seconds: duration of the call.
        """
        self._active.add(-1, _labels(method))
        self._seconds.record(seconds, {**_labels(method), "grpc.status": code})
        self._older_calls.add(1, {"method": method, "code": code})
        self._older_seconds.record(seconds, {"method": method})

    def record_request(self, method: str, size: int) -> None:
        """Count a request of `size` bytes."""
        self._request_bytes.record(size, _labels(method))

    def record_response(self, method: str, response: Any) -> None:
        """Count an answer, and what it says of the motion in it.

        Args:
            method: full name of the method.
            response: the message that is sent.
        """
        self._response_bytes.record(response.ByteSize(), _labels(method))
        self._answers.record(method, response)

    def publish(self, host: str, port: int) -> int:
        """Answer `GET /metrics` on `host` from a thread.

        Returns:
            The port, which differs from `port` only if that is 0.

        Raises:
            OSError: the port is in use.
        """
        return self._telemetry.publish(host, port)


def _labels(method: str) -> dict[str, str]:
    return {"grpc.method": method.strip("/")}
