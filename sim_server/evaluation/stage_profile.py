"""Where the time of corrections goes, by stage, from samples of the call stack."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from types import FrameType

_PERIOD_S = 0.003
_DEEPEST = 40  # frames from the innermost one outwards that are looked at

# The part of a path that tells the stage. Of the frames of a call the innermost with a stage counts.
_STAGES = (
    ("mujoco/batch", "physics"),
    ("sim_server/engine/controller", "control"),
    ("sim_server/body/contact_distribution", "control"),
    ("sim_server/engine/balance", "policy"),
    ("sim_server/engine/perturbation", "policy"),
    ("sim_server/policies/", "policy"),
    ("sim_server/engine/", "engine"),
    ("sim_server/preparation/", "preparation"),
    ("sim_server/body/reference_row", "engine"),
    ("sim_server/body/dynamics_filter", "filter"),
    ("sim_server/body/root_", "filter"),
    ("sim_server/body/", "retargeting"),
    ("motion/mending", "report"),
    ("sim_server/correction", "report"),
)
STAGES = ("physics", "control", "policy", "engine", "preparation", "filter", "retargeting", "report", "other")
"""`physics` are the steps of MuJoCo, `engine` is what the engine does around them, `report` comes before and after."""


def profile_stages(work: Callable[[], object]) -> dict[str, float]:
    """Run something in this thread, and return the share of the time that each of `STAGES` took.

    Shares are of wall time, which a busy machine takes from all stages alike.
    """
    counts: Counter[str] = Counter()
    ended = threading.Event()
    sampled = threading.get_ident()

    def sample() -> None:
        while not ended.wait(_PERIOD_S):
            frame = sys._current_frames().get(sampled)
            if frame is not None:
                counts[stage_of(frame)] += 1

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        work()
    finally:
        ended.set()
        sampler.join()
    total = max(1, counts.total())
    return {stage: counts[stage] / total for stage in STAGES}


def stage_of(frame: FrameType) -> str:
    """Return the stage that a call is in, by its innermost frame."""
    for each in islice(_outwards(frame), _DEEPEST):
        for part, stage in _STAGES:
            if part in _path(each):
                return stage
    return "other"


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _path(frame: FrameType) -> str:
    return frame.f_code.co_filename.replace("\\", "/")
