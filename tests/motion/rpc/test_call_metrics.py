"""The metrics of a server count frames of motion, whether it was corrected or scored."""

from __future__ import annotations

import numpy as np
import pytest

from motion.rpc import wire
from motion.rpc.call_log import motion_frames
from motion.v1 import corrector_pb2

pytest.importorskip("prometheus_client", reason="prometheus-client is missing (install the extra `serve`)")


def test_frames_of_corrections_and_scores_are_counted() -> None:
    from motion.rpc.call_metrics import CallMetrics

    corrected = corrector_pb2.CorrectResponse()
    corrected.motion.positions.CopyFrom(wire.pack_tensor(np.zeros((7, 22, 3), np.float32)))
    scored = corrector_pb2.ScoreResponse()
    scored.score.wrench.CopyFrom(wire.pack_tensor(np.zeros((5, 6), np.float32)))
    empty = [corrector_pb2.ScoreResponse(), corrector_pb2.DescribeCorrectorResponse()]
    assert [motion_frames(each) for each in (corrected, scored, *empty)] == [7, 5, 0, 0]
    metrics = CallMetrics()
    metrics.record_frames("/Correct", 7)
    assert metrics.registry.get_sample_value("plumb_frames_total", {"method": "/Correct"}) == 7
