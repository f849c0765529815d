"""Metrics of what the answers of a server say: frames, status, assist and physical errors of motions."""

from __future__ import annotations

from typing import Any

from opentelemetry.metrics import Meter

from motion.rpc import wire
from motion.rpc.call_log import motion_frames
from motion.v1 import corrector_pb2

_ASSIST_BUCKETS_N = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0)
_ERROR_BUCKETS_MM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_SIMULATED_BUCKETS_S = (0.0, 1.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)


class AnswerMetrics:
    """Counts motions by what the reports on them say.

    Args:
        meter: makes the instruments.
    """

    def __init__(self, meter: Meter):
        self._frames = meter.create_counter("plumb.frames", "{frame}", "Frames of motion in the answers")
        self._motions = meter.create_counter("plumb.motions", "{motion}", "Corrected motions, by status and policy")
        self._assist = meter.create_histogram(
            "plumb.motion.assist_newtons",
            description="Norm of the assist force of corrected motions, mean over time",
            explicit_bucket_boundaries_advisory=_ASSIST_BUCKETS_N,
        )
        self._errors = meter.create_histogram(
            "plumb.motion.physical_error_millimeters",
            description="Physical error of motions, before and after their correction",
            explicit_bucket_boundaries_advisory=_ERROR_BUCKETS_MM,
        )
        self._simulated = meter.create_histogram(
            "plumb.motion.simulated_time",
            "s",
            "Simulated time of all attempts at one motion",
            explicit_bucket_boundaries_advisory=_SIMULATED_BUCKETS_S,
        )

    def record(self, method: str, response: Any) -> None:
        """Count an answer; one that holds no motion, such as a refusal in a stream, counts nothing.

        Args:
            method: full name of the method.
            response: the message.
        """
        if frames := motion_frames(response):
            self._frames.add(frames, {"method": method})
        if not (isinstance(response, corrector_pb2.CorrectResponse) and response.HasField("report")):
            return
        report = wire.unpack_report(response.report)
        policy = {"policy": report.policy}
        self._motions.add(1, {"status": report.status, **policy})
        self._assist.record(report.residual_force_n_mean, policy)
        self._simulated.record(report.seconds, policy)
        for when, errors in (("before", report.before), ("after", report.after)):
            self._errors.record(errors.phys_err_mm, {"when": when, **policy})
