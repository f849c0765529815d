"""The metrics of one server: instruments of OpenTelemetry, which Prometheus reads over HTTP."""

from __future__ import annotations

from collections.abc import Iterable

import psutil
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, start_http_server

from motion import __version__


class Telemetry:
    """A meter of OpenTelemetry whose metrics are in a Prometheus registry of their own.

    The process and its workers are measured too: `process.cpu.time` and `process.memory.usage`, the names of
    OpenTelemetry's conventions, are sums over the process and all that it started.

    Attributes:
        registry: the registry that `publish` serves.
        meter: makes the instruments.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=self.registry)
        # The resource is given, so that nothing is looked up in the environment or on the network.
        resource = Resource({"service.name": "plumb", "service.version": __version__})
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        self.meter = self._provider.get_meter("plumb", __version__)
        self._processes = ProcessUsage()
        self.meter.create_observable_counter(
            "process.cpu.time", [self._cpu_time], "s", "CPU time of the server and its worker processes"
        )
        self.meter.create_observable_up_down_counter(
            "process.memory.usage", [self._memory], "By", "Resident memory of the server and its worker processes"
        )

    def publish(self, host: str, port: int) -> int:
        """Answer `GET /metrics` on `host` from a thread.

        Returns:
            The port, which differs from `port` only if that is 0.

        Raises:
            OSError: the port is in use.
        """
        server, _ = start_http_server(port, addr=host, registry=self.registry)
        return server.server_port

    def _cpu_time(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._processes.cpu_seconds())]

    def _memory(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._processes.resident_bytes())]


class ProcessUsage:
    """What this process and those that it started use; CPU time of processes that ended stays counted."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seconds: dict[tuple[int, float], float] = {}

    def cpu_seconds(self) -> float:
        """Return the CPU time [s] since the start, which never falls."""
        for process in self._all():
            try:
                key = process.pid, process.create_time()
                times = process.cpu_times()
            except psutil.Error:  # it ended just now
                continue
            self._seconds[key] = max(self._seconds.get(key, 0.0), times.user + times.system)
        return sum(self._seconds.values())

    def resident_bytes(self) -> int:
        """Return the resident memory [bytes]; what processes share counts for each of them."""
        total = 0
        for process in self._all():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return total

    def _all(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]
