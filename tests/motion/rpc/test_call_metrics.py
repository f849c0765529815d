"""The metrics of a server: calls under gRPC's names, motions by what their reports say, and the load of the service."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from prometheus_client import generate_latest

from motion.metrics import PhysicalErrors
from motion.report import Report
from motion.rpc import wire
from motion.rpc.call_log import motion_frames
from motion.rpc.call_metrics import CallMetrics
from motion.rpc.service_load import WorkTiming
from motion.rpc.telemetry import ProcessUsage
from motion.v1 import corrector_pb2

CORRECT = "/motion.v1.CorrectorService/Correct"
STANDARD = {"grpc_method": CORRECT.strip("/")}


@dataclass(frozen=True)
class _Load:
    waiting: int
    running: int
    slots: int = 32
    workers: int = 0
    lost_workers: int = 0
    given_up: int = 0


class _Service:
    """A service whose load is what a test says."""

    def __init__(self) -> None:
        self.loads = _Load(waiting=3, running=7, workers=2, lost_workers=4, given_up=1)
        self.timings = [WorkTiming(0.25, 3.0), WorkTiming(0.5, 1.0)]

    def load(self) -> _Load:
        return self.loads

    def take_timings(self) -> list[WorkTiming]:
        taken, self.timings = self.timings, []
        return taken


def _corrected(status: str = "OK", policy: str = "plumb-1", before: float = 40.0, after: float = 8.0):
    def errors(total: float) -> PhysicalErrors:
        return PhysicalErrors(0.0, total, 0.0, total, 0.0, 0.0, 0.0)

    report = Report(status, 1.0, 5.0, 3.0, errors(before), errors(after), 12.0, 80.0, 4.0, 0.0, 1, policy, "3", 0, 6.0)  # pyright: ignore[reportArgumentType]
    response = corrector_pb2.CorrectResponse(report=wire.pack_report(report))
    response.motion.positions.CopyFrom(wire.pack_tensor(np.zeros((7, 22, 3), np.float32)))
    return response


def test_frames_of_corrections_and_scores_are_counted() -> None:
    scored = corrector_pb2.ScoreResponse()
    scored.score.wrench.CopyFrom(wire.pack_tensor(np.zeros((5, 6), np.float32)))
    empty = [corrector_pb2.ScoreResponse(), corrector_pb2.DescribeCorrectorResponse()]
    assert [motion_frames(each) for each in (_corrected(), scored, *empty)] == [7, 5, 0, 0]
    metrics = CallMetrics()
    metrics.record_response(CORRECT, _corrected())
    metrics.record_response(CORRECT, scored)
    assert metrics.registry.get_sample_value("plumb_frames_total", {"method": CORRECT}) == 12


def test_calls_have_the_names_that_grpc_gives_them_and_those_of_older_versions() -> None:
    metrics = CallMetrics()
    for _ in range(2):
        metrics.record_start(CORRECT)
    metrics.record_request(CORRECT, 1000)
    metrics.record_call(CORRECT, "RESOURCE_EXHAUSTED", 0.25)
    value = metrics.registry.get_sample_value
    assert value("grpc_server_call_started_total", STANDARD) == 2
    assert value("plumb_calls_active", STANDARD) == 1
    ended = STANDARD | {"grpc_status": "RESOURCE_EXHAUSTED"}
    assert value("grpc_server_call_duration_seconds_count", ended) == 1
    assert value("grpc_server_call_duration_seconds_sum", ended) == 0.25
    assert value("rpc_server_request_size_bytes_sum", STANDARD) == 1000
    assert value("plumb_calls_total", {"method": CORRECT, "code": "RESOURCE_EXHAUSTED"}) == 1
    assert value("plumb_call_seconds_sum", {"method": CORRECT}) == 0.25


def test_motions_are_counted_by_status_and_policy_with_their_assist_and_errors() -> None:
    metrics = CallMetrics()
    for status, after in (("OK", 8.0), ("OK", 4.0), ("ASSISTED", 2.0), ("FAILED", 90.0)):
        metrics.record_response(CORRECT, _corrected(status, after=after))
    metrics.record_response(CORRECT, corrector_pb2.CorrectResponse(id="1"))  # a refusal in a stream
    value = metrics.registry.get_sample_value
    policy = {"policy": "plumb-1"}
    counts = [value("plumb_motions_total", policy | {"status": each}) for each in ("OK", "ASSISTED", "FAILED")]
    assert counts == [2, 1, 1]
    assert value("plumb_motion_assist_newtons_sum", policy) == 4 * 12.0
    assert value("plumb_motion_simulated_time_seconds_sum", policy) == 4 * 6.0
    errors = "plumb_motion_physical_error_millimeters_sum"
    assert [value(errors, policy | {"when": each}) for each in ("before", "after")] == [160.0, 104.0]


def test_the_load_of_the_service_is_read_when_the_metrics_are() -> None:
    service = _Service()
    metrics = CallMetrics(service)
    value = metrics.registry.get_sample_value
    names = ("queue_size", "slots_busy", "slots", "workers", "workers_lost_total", "motions_given_up_total")
    assert [value(f"plumb_{name}") for name in names] == [3, 7, 32, 2, 4, 1]
    service.loads = _Load(waiting=0, running=0)
    assert value("plumb_queue_size") == value("plumb_slots_busy") == 0


def test_a_service_that_tells_nothing_of_its_load_has_no_such_metrics() -> None:
    metrics = CallMetrics(object())
    assert metrics.registry.get_sample_value("plumb_queue_size") is None
    assert metrics.registry.get_sample_value("process_cpu_time_seconds_total") > 0  # pyright: ignore[reportOptionalOperand]


def test_each_timing_counts_once_however_often_the_metrics_are_read() -> None:
    metrics = CallMetrics(_Service())
    value = metrics.registry.get_sample_value
    for _ in range(3):
        generate_latest(metrics.registry)
    assert value("plumb_motion_wait_seconds_count") == 2
    assert value("plumb_motion_wait_seconds_sum") == 0.75
    assert value("plumb_motion_compute_seconds_sum") == 4.0


def test_cpu_time_of_processes_that_ended_stays_counted() -> None:
    usage = ProcessUsage()
    before = usage.cpu_seconds()
    usage._seconds[(-1, 0.0)] = 5.0  # a worker that is gone
    assert usage.cpu_seconds() >= before + 5.0
    assert usage.resident_bytes() > 0


def test_every_metric_has_a_help_text_and_metrics_of_two_servers_do_not_mix() -> None:
    first, second = CallMetrics(_Service()), CallMetrics(_Service())
    first.record_start(CORRECT)
    assert second.registry.get_sample_value("grpc_server_call_started_total", STANDARD) is None
    text = generate_latest(first.registry).decode()
    assert not re.findall(r"^# HELP \S+ ?$", text, flags=re.MULTILINE)
