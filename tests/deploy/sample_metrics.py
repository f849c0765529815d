"""The text of a server's metrics after it has answered something of each kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from prometheus_client import generate_latest

from motion.metrics import PhysicalErrors
from motion.report import Report
from motion.rpc import wire
from motion.rpc.call_metrics import CallMetrics
from motion.rpc.service_load import WorkTiming
from motion.v1 import corrector_pb2

METHOD = "/motion.v1.CorrectorService/Correct"


@dataclass(frozen=True)
class _Load:
    waiting: int = 3
    running: int = 2
    slots: int = 32
    workers: int = 2
    lost_workers: int = 0
    given_up: int = 0


class _Service:
    def load(self) -> _Load:
        return _Load()

    def take_timings(self) -> list[WorkTiming]:
        return [WorkTiming(0.1, 1.0)]


def sample_metrics() -> str:
    """Return what Prometheus reads from a server that has corrected a motion."""
    errors = PhysicalErrors(*(1.0,) * 7)
    report = Report("OK", 1.0, 0.0, 0.0, errors, errors, 0.0, 0.0, 0.0, 0.0, 1, "plumb-1", "3", 0, 1.0)
    response = corrector_pb2.CorrectResponse(report=wire.pack_report(report))
    response.motion.positions.CopyFrom(wire.pack_tensor(np.zeros((7, 22, 3), np.float32)))
    metrics = CallMetrics(_Service())
    metrics.record_start(METHOD)
    metrics.record_request(METHOD, 100)
    metrics.record_response(METHOD, response)
    metrics.record_call(METHOD, "OK", 0.1)
    return generate_latest(metrics.registry).decode()
