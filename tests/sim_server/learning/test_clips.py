"""Training clips leave out motions that no body can be built for."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

import sim_server.learning.clips
from motion.motion import Motion
from sim_server.body.retarget import Reference
from sim_server.learning.clips import make_clips
from sim_server.reference import reference_from_positions


@pytest.mark.parametrize("error", [mujoco.FatalError("mass and inertia are too small"), ValueError("no such body")])
def test_a_motion_without_a_body_is_left_out(
    motions: list[Motion], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    calls = 0

    def refuse_the_first(positions: np.ndarray) -> Reference:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error
        return reference_from_positions(positions)

    monkeypatch.setattr(sim_server.learning.clips, "reference_from_positions", refuse_the_first)
    clips = make_clips(motions[:2], [1.0, 1.0], {"clean": 1.0}, (1.0, 1.0), 0)
    assert [clip.name.split("/")[0] for clip in clips] == [motions[0].name, motions[1].name, motions[1].name]
