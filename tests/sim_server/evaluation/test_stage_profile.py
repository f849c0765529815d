"""The profile by stage puts every call where its innermost frame lies."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest

from sim_server.evaluation.stage_profile import STAGES, profile_stages, stage_of


def _frame(*calls: tuple[str, str]) -> FrameType:
    """Return the innermost frame of calls, given as (path, function) from the outermost on."""
    source = "\n".join(
        f"def {function}_{index}(calls):\n return calls[0](calls[1:])" for index, (_, function) in enumerate(calls)
    )
    names: dict = {}
    exec(source, names)
    functions = []
    for index, (path, function) in enumerate(calls):
        made = names[f"{function}_{index}"]
        made.__code__ = made.__code__.replace(co_filename=f"/somewhere/{path}.py", co_name=function)
        functions.append(made)
    functions.append(lambda _: sys._getframe(1))
    return functions[0](functions[1:])


@pytest.mark.parametrize(
    ("calls", "stage"),
    [
        ([("sim_server/engine/simulation", "step"), ("site-packages/mujoco/batch", "step")], "physics"),
        ([("sim_server/engine/simulation", "step"), ("sim_server/engine/controller", "compute_control")], "control"),
        (
            [("sim_server/engine/controller", "f"), ("sim_server/body/contact_distribution", "g"), ("numpy/core", "h")],
            "control",
        ),
        ([("sim_server/engine/engine", "_simulate"), ("sim_server/policies/learned_policy", "actions")], "policy"),
        ([("sim_server/engine/engine", "_simulate"), ("motion/rotation", "rotate")], "engine"),
        ([("sim_server/engine/simulation", "step"), ("sim_server/body/reference_row", "substeps")], "engine"),
        ([("sim_server/correction", "build_reference"), ("sim_server/preparation/floor", "f")], "preparation"),
        ([("sim_server/reference", "f"), ("sim_server/body/root_shift", "solve")], "filter"),
        ([("sim_server/reference", "f"), ("sim_server/body/retarget", "retarget")], "retargeting"),
        ([("sim_server/correction", "build_correction"), ("motion/metrics", "f")], "report"),
        ([("elsewhere/program", "main")], "other"),
    ],
)
def test_a_call_belongs_to_the_stage_of_its_innermost_frame(calls: list[tuple[str, str]], stage: str) -> None:
    assert stage_of(_frame(*calls)) == stage


def test_shares_add_up_to_one() -> None:
    shares = profile_stages(lambda: time.sleep(0.1))
    assert tuple(shares) == STAGES
    assert sum(shares.values()) == pytest.approx(1) and shares["other"] == pytest.approx(1)
