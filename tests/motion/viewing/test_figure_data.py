"""What a page is given: numbers within their accuracy, the body of the motion, and curves whose means are metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from swaying_body import sway, swaying
from synthetic_trace import synthetic_trace

from motion.kinematics import REST_OFFSETS
from motion.metrics import physical_errors
from motion.skeleton import JOINT_NAMES
from motion.viewing.figure_data import SOLE_M, body_pose, figure_document
from motion.viewing.frame_curves import lowest_joint_mm, phys_err_by_frame_mm, root_speed_m_s
from motion.viewing.html_player import Figure
from motion.viewing.quantized import quantized, restored
from motion.viewing.trace_data import carried_steps, part_joints, stretches, trace_document


@settings(max_examples=50, deadline=None)
@given(
    arrays(
        np.float64, st.tuples(st.integers(0, 20), st.integers(1, 4)), elements=st.floats(-1e4, 1e4) | st.just(np.nan)
    )
)
def test_numbers_come_back_within_half_a_level_and_what_is_missing_stays_missing(values: np.ndarray) -> None:
    back = restored(quantized(values))
    assert back.shape == values.shape
    with np.errstate(all="ignore"):
        span = np.nan_to_num(values).max(0, initial=0) - np.nan_to_num(values).min(0, initial=0)
    assert (np.isnan(back) == np.isnan(values)).all()
    assert (np.nan_to_num(np.abs(back - values)) <= span / 131068 * 1.01 + 1e-5).all()


@pytest.mark.parametrize("shift_m", [0.0, -0.03, 0.2])
def test_the_mean_of_the_curve_is_the_physical_error_of_the_report(shift_m: float) -> None:
    positions = swaying(50, seed=4).positions + np.array([0, shift_m, 0], np.float32)
    curve, errors = phys_err_by_frame_mm(positions.astype(float)), physical_errors(positions, 20)
    # Skating is a mean over one step less than there are frames.
    skate = curve.sum() / 50 - errors.penetrate_mm - errors.float_mm
    assert skate * 50 / 49 == pytest.approx(errors.skate_mm, abs=1e-6)


def test_the_lowest_joint_moves_with_the_body_and_speed_does_not_depend_on_the_rate() -> None:
    positions = swaying(40).positions.astype(float)
    np.testing.assert_allclose(lowest_joint_mm(positions + (0, 0.1, 0)), lowest_joint_mm(positions) + 100)
    walk = np.zeros((11, 22, 3))
    walk[..., 0] = 1.5 * np.arange(11)[:, None] / 20
    np.testing.assert_allclose(root_speed_m_s(walk, 20), 1.5)
    np.testing.assert_allclose(root_speed_m_s(walk[::2], 10), 1.5)
    assert root_speed_m_s(walk[:1], 20).tolist() == [0.0]


def test_soles_lie_as_far_below_the_toes_as_the_floor_is_drawn() -> None:
    document = figure_document(Figure("a", sway(10).positions, 20), "#000000")
    toes = document["shapes"][JOINT_NAMES.index("left_foot")]
    assert toes[0] == 1.0 and toes[2] - toes[5] == pytest.approx(-SOLE_M, abs=1e-4)


def test_a_pose_that_no_rotation_explains_is_drawn_nevertheless() -> None:
    for positions in (np.zeros((5, 22, 3)), np.ones((1, 22, 3))):
        offsets, rotations = body_pose(positions)
        assert np.isfinite(offsets).all() and offsets.shape == REST_OFFSETS.shape
        np.testing.assert_allclose(np.linalg.norm(rotations, axis=-1), 1)


def test_only_parts_that_touch_are_sent_with_their_forces_and_the_joints_that_they_are() -> None:
    trace = synthetic_trace()
    document = trace_document(trace)
    assert document["parts"] == list(trace.parts) and document["feet"] == [0, 1, -1, -1]
    np.testing.assert_allclose(restored(document["forces"]).reshape(5, 4, 3), trace.contact_force, atol=1e-3)
    airborne = synthetic_trace(contact_force=np.zeros((5, 4, 3)))
    assert trace_document(airborne)["parts"] == [] and trace_document(airborne)["forces"] is None


def test_parts_are_joints_of_their_own_side() -> None:
    assert [JOINT_NAMES[j] for j in part_joints("right foot")] == ["right_ankle", "right_foot"]
    assert [JOINT_NAMES[j] for j in part_joints("left upper arm")] == ["left_shoulder"]
    assert [JOINT_NAMES[j] for j in part_joints("seat")] == ["pelvis"] and part_joints("tail") == []


def test_every_part_that_the_simulation_names_is_known() -> None:
    from sim_server.body.contact_points import CONTACT_POINT_PART

    assert [part for part in set(CONTACT_POINT_PART) if not part_joints(part)] == []


def test_seconds_that_carry_the_body_are_marked_and_shorter_pushes_are_not() -> None:
    assist = np.zeros((60, 6))
    assist[10, 1] = 1900.0  # 95 N over any second
    assert not carried_steps(synthetic_trace(60, assist=assist)).any()
    assist[30:50, 1] = 101.0
    marked = stretches(carried_steps(synthetic_trace(60, assist=assist)), 20.0)
    assert len(marked) == 1 and marked[0][0] <= 1.5 and marked[0][1] >= 2.5
    assert stretches(np.array([True, False, True, True]), 10.0) == [[0.0, 0.1], [0.2, 0.4]]
