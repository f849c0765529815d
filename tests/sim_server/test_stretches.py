"""Motions that are corrected in stretches: long ones, those with cuts, and those with bad moments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from swaying_body import sway

from motion.errors import ServiceUnavailable
from motion.kinematics import REST_OFFSETS, forward_positions
from motion.metrics import skate_ratio
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction
from motion.synthesis import synthesize
from sim_server import Corrector
from sim_server import correction as correction_module
from sim_server import stretches as stretches_module
from sim_server.stretches import BLEND_S, MAX_STRETCH_FRAMES, Stretch, blend_span, plan_stretches

OPTIONS = CorrectionOptions(policy="base", effort="fast")


@pytest.fixture(scope="module")
def corrector() -> Iterator[Corrector]:
    with Corrector("base", slots=8) as shared:
        yield shared


@pytest.fixture(scope="module")
def takes() -> tuple[Motion, Motion]:
    """Return a walk, and a wave some metres away."""
    (walk,), (wave,) = (synthesize(1, 5, actions=[action]) for action in ("walk", "wave"))
    return walk, wave.with_positions(wave.positions[:60] + np.array([2.0, 0.0, 1.0], np.float32))


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide motions of more than 5 s into stretches of about 4 s."""
    monkeypatch.setattr(stretches_module, "MAX_STRETCH_FRAMES", 100)
    monkeypatch.setattr(stretches_module, "_NOMINAL_S", 4.0)


def _joined(takes: tuple[Motion, Motion]) -> Motion:
    return Motion(np.concatenate([take.positions for take in takes]))


def _correct(corrector: Corrector, *motions: Motion, options: CorrectionOptions = OPTIONS) -> list[Correction]:
    return corrector.correct(motions, seed=4, options=options)


def test_two_takes_in_one_motion_are_corrected_like_two_motions(
    corrector: Corrector, takes: tuple[Motion, Motion]
) -> None:
    whole, *parts = _correct(corrector, _joined(takes), *takes)
    expected = np.concatenate([part.motion.positions for part in parts])
    assert np.array_equal(whole.motion.positions, expected)
    assert any("as at a cut" in note for note in whole.report.notes)
    frames = [len(take) for take in takes]
    for name in ("mpjpe_global_mm", "residual_force_n_mean", "completed"):
        numbers = [getattr(part.report, name) for part in parts]
        assert getattr(whole.report, name) == pytest.approx(np.average(numbers, weights=frames))
    assert whole.report.after.skate_ratio == pytest.approx(
        np.average([part.report.after.skate_ratio for part in parts], weights=frames)
    )
    assert whole.report.attempts == sum(part.report.attempts for part in parts)
    assert whole.report.status == max((p.report.status for p in parts), key=("OK", "ASSISTED", "FAILED").index)


@pytest.mark.parametrize("frame", [20, 34, 41])
def test_a_glitch_does_not_change_the_rest(corrector: Corrector, takes: tuple[Motion, Motion], frame: int) -> None:
    walk = takes[0]
    positions = walk.positions.copy()
    positions[frame] += (0.4, 0.3, 1.0)
    spoilt, sound = _correct(corrector, walk.with_positions(positions), walk)
    assert spoilt.report.status == sound.report.status
    assert np.linalg.norm(spoilt.motion.positions - sound.motion.positions, axis=-1).mean() < 0.03
    assert spoilt.report.notes[0].startswith(f"frame {frame} ({frame / 20:.1f} s): the body jumps by 1.1 m and back")


def test_a_calibration_pose_comes_back_and_the_rest_as_without_it(
    corrector: Corrector, takes: tuple[Motion, Motion]
) -> None:
    unrotated = np.tile([1.0, 0.0, 0.0, 0.0], (2, 22, 1))
    pose = forward_positions(unrotated, np.zeros((2, 3)), REST_OFFSETS).astype(np.float32)
    posed, sound = _correct(corrector, Motion(np.concatenate([pose, takes[0].positions])), takes[0])
    assert np.array_equal(posed.motion.positions[:2], pose)
    assert np.array_equal(posed.motion.positions[2:], sound.motion.positions)
    for when in ("before", "after"):  # the pose and the jump from it do not count
        errors, expected = (asdict(getattr(each.report, when)) for each in (posed, sound))
        assert errors == pytest.approx(expected)


def test_a_frame_from_elsewhere_is_held(corrector: Corrector, takes: tuple[Motion, Motion]) -> None:
    walk = takes[0]
    elsewhere = np.concatenate([walk.positions[:1] + np.array([0, 0, 4], np.float32), walk.positions])
    held, sound = _correct(corrector, Motion(elsewhere), walk)
    assert np.array_equal(held.motion.positions[1:], sound.motion.positions)
    assert np.array_equal(held.motion.positions[0], sound.motion.positions[0])


def test_what_preparation_changed_in_a_stretch_is_told_with_its_time(
    corrector: Corrector, takes: tuple[Motion, Motion]
) -> None:
    raised = takes[1].with_positions(takes[1].positions + np.array([0.0, 0.3, 0.0], np.float32))
    (whole,) = _correct(corrector, _joined((takes[0], raised)))
    start, stop = len(takes[0]) / 20, len(_joined(takes)) / 20
    assert any(
        note.startswith(f"from {start:.1f} to {stop:.1f} s: the whole motion was lowered by 30 cm")
        for note in whole.report.notes
    ), whole.report.notes
    height = np.interp(np.arange(60), [20, 24, 36, 40], [0, 0.12, 0.12, 0]).astype(np.float32)
    hovering = takes[1].with_positions(takes[1].positions + height[:, None, None] * np.array([0, 1, 0], np.float32))
    (whole,) = _correct(corrector, _joined((takes[0], hovering)))
    (lowered,) = (note for note in whole.report.notes if "was lowered by up to" in note)
    first, last = re.findall(r"[0-9.]+(?= to)|(?<=to )[0-9.]+(?= s)", lowered)
    assert start + 0.9 < float(first) < start + 1.3 and start + 1.7 < float(last) < start + 2.2, lowered


def test_a_motion_is_kept_if_all_of_it_is(
    corrector: Corrector, takes: tuple[Motion, Motion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correction_module, "may_be_feasible", lambda errors: True)
    monkeypatch.setattr(correction_module, "is_feasible", lambda missing, errors: True)
    (whole,) = _correct(corrector, _joined(takes))
    assert whole.report.kept and np.array_equal(whole.motion.positions, _joined(takes).positions)
    assert sum("came back as it was" in note for note in whole.report.notes) == 1
    spoilt = _joined(takes).positions.copy()
    spoilt[20] += (0.4, 0.3, 1.0)
    (mended,) = _correct(corrector, Motion(spoilt))
    assert not mended.report.kept and not np.array_equal(mended.motion.positions, spoilt)


def test_a_stretch_that_fails_does_not_lose_the_others(
    corrector: Corrector, takes: tuple[Motion, Motion], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = CorrectionOptions(policy="base", effort="fast", always_simulate=True)
    (sound,) = _correct(corrector, takes[1], options=options)
    real = correction_module.reference_from_positions

    def build(positions):
        if len(positions) == len(takes[0]):
            raise ValueError("no such body")
        return real(positions)

    monkeypatch.setattr(correction_module, "reference_from_positions", build)
    (whole,) = _correct(corrector, _joined(takes), options=options)
    first, second = np.split(whole.motion.positions, [len(takes[0])])
    assert np.array_equal(first, takes[0].positions) and np.array_equal(second, sound.motion.positions)
    assert whole.report.status == "FAILED" and "no such body" in whole.report.reason
    assert whole.report.completed == pytest.approx(len(second) / len(whole.motion))


def test_the_limit_of_the_mean_assist_is_that_of_the_whole_motion(
    corrector: Corrector, takes: tuple[Motion, Motion]
) -> None:
    height = 0.5 + 0.5 * np.sin(np.arange(len(_joined(takes))) / 20 * np.pi)
    hovering = _joined(takes)
    hovering = hovering.with_positions(hovering.positions + height[:, None, None].astype(np.float32) * (0, 1, 0))
    (whole,) = _correct(corrector, hovering)
    newtons = whole.report.residual_force_n_mean
    for share, status in ((1.01, whole.report.status), (0.99, "FAILED")):
        options = CorrectionOptions(policy="base", effort="fast", max_assist_n=newtons * share)
        (judged,) = _correct(corrector, hovering, options=options)
        assert judged.report.status == status


@pytest.mark.parametrize(("frames", "fps"), [(2000, 20.0), (2001, 20.0), (9000, 20.0), (20_000, 120.0)])
def test_stretches_cover_a_motion_and_overlap(frames: int, fps: float) -> None:
    motion = sway(frames, fps=fps)
    stretches = plan_stretches(motion, [(0, frames)])
    assert len(stretches) == 1 if frames == 2000 else len(stretches) > 1
    assert (stretches[0].start, stretches[-1].stop) == (0, frames) and not stretches[0].blends
    for before, after in pairwise(stretches):
        first, last = blend_span(after, fps)
        assert after.blends and after.start <= first - fps / 2 and before.stop >= last + fps / 2
        assert last - first == pytest.approx(BLEND_S * fps, abs=1)
    assert all((each.stop - each.start) / fps * 20 <= MAX_STRETCH_FRAMES for each in stretches)


def test_borders_lie_where_the_body_is_calm(short_stretches: None) -> None:
    positions = sway(160).positions
    moving = np.zeros(160)
    moving[:70] = np.arange(70)
    moving[70:90] = 70
    moving[90:] = np.arange(71, 141)
    motion = Motion(positions + np.array([0, 0, 0.05], np.float32) * moving[:, None, None].astype(np.float32))
    (_, second) = plan_stretches(motion, [(0, 160)])
    assert 75 <= second.border <= 85


def test_a_long_motion_has_no_seam(corrector: Corrector, short_stretches: None) -> None:
    walk = synthesize(8, 3, actions=["walk"])
    motion = Motion(max((each.positions for each in walk), key=len), name="long")
    assert len(motion) > 100
    stretches = plan_stretches(motion, [(0, len(motion))])
    (corrected,) = _correct(corrector, motion)
    assert np.isfinite(corrected.motion.positions).all() and len(corrected.motion) == len(motion)
    assert any(f"blended at {stretches[1].border / 20:.1f} s" in note for note in corrected.report.notes)
    _assert_no_seams(corrected.motion, stretches)


@pytest.mark.slow
def test_a_motion_of_130_s_has_no_seam(corrector: Corrector) -> None:
    motion = sway(2600)
    stretches = plan_stretches(motion, [(0, 2600)])
    (corrected,) = _correct(corrector, motion)
    assert corrected.report.status == "OK" and np.isfinite(corrected.motion.positions).all()
    _assert_no_seams(corrected.motion, stretches)


def _assert_no_seams(motion: Motion, stretches: Sequence[Stretch]) -> None:
    """Check that velocities and accelerations are not larger at the seams than elsewhere, and that no foot skates."""
    positions = motion.positions.astype(float)
    at_seam = np.zeros(len(positions), bool)
    for stretch in stretches[1:]:
        first, last = blend_span(stretch, motion.fps)
        at_seam[first - 2 : last + 2] = True
        assert skate_ratio(positions[first:last], motion.fps) <= skate_ratio(positions, motion.fps)
    for order in (1, 2):
        change = np.linalg.norm(np.diff(positions, order, axis=0), axis=-1)
        seam, rest = change[at_seam[:-order]], change[~at_seam[:-order]]
        assert seam.max() <= 1.1 * rest.max() and seam.mean() <= 1.5 * rest.mean()


def test_the_result_does_not_depend_on_slots_nor_on_company(
    takes: tuple[Motion, Motion], short_stretches: None
) -> None:
    joined = _joined(takes)
    results = []
    for slots, company in ((1, []), (4, [takes[1], joined]), (2, [joined])):
        with Corrector("base", slots=slots) as other:
            results.append(_correct(other, *company, joined)[-1])
    for result in results[1:]:
        assert np.array_equal(result.motion.positions, results[0].motion.positions)
        assert result.report == results[0].report


def test_progress_goes_on_over_stretches_and_never_falls(
    corrector: Corrector, takes: tuple[Motion, Motion], short_stretches: None
) -> None:
    calls: list[float] = []
    corrector.correct([_joined(takes)], options=OPTIONS, progress=lambda done, _: calls.append(done))
    assert calls == sorted(calls) and calls[-1] == 1


def test_a_long_motion_can_be_dropped_and_leaves_room_for_others(
    takes: tuple[Motion, Motion], short_stretches: None
) -> None:
    with Corrector("base", slots=2) as corrector:
        long = corrector.submit(sway(1500), options=OPTIONS)
        other = corrector.submit(takes[1], options=OPTIONS)
        assert other.result(timeout=60).report.status in ("OK", "ASSISTED")
        assert not long.done()
        assert long.cancel()
        assert corrector.submit(takes[0], options=OPTIONS).result(timeout=60).motion.positions.shape
        waiting = corrector.submit(sway(1500), options=OPTIONS)
    with pytest.raises(ServiceUnavailable):
        waiting.result()
