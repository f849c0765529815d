"""Join the corrections of a motion's stretches to one correction of the motion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from motion.array_types import FloatArray
from motion.mending import MendedMotion
from motion.metrics import PhysicalErrors, mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.report import Correction, Report, Status
from motion.resample import frames_covering, resample
from motion.skeleton import ANKLES, TOES
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.path_change import path_lengths, says_travel, travel_sentence
from sim_server.stretches import Stretch, blend_span
from sim_server.verdict import excessive_assist

_FEET = (*ANKLES, *TOES)
_HORIZONTAL = np.array([1.0, 0.0, 1.0])
_REASONS_AT_MOST = 5
_BORDERS_AT_MOST = 5
_NOTES_AT_MOST = 20
_TIME = re.compile(r"\b\d+\.\d s\b")
_WORST_FIRST: tuple[Status, ...] = ("FAILED", "ASSISTED", "OK")


def join_corrections(
    motion: Motion,
    mended: MendedMotion,
    stretches: Sequence[Stretch],
    corrections: Sequence[Correction],
    options: CorrectionOptions,
) -> Correction:
    """Join the corrections of stretches to one of the whole motion.

    Stretches of one section overlap: each is moved along the floor to where the feet of the one before it are, and
    both are blended. Frames in no section are held in the nearest pose, or kept as they are. In the report, numbers are
    means over the frames that were corrected; the reasons and notes are those of all stretches. The motion is `kept` if
    all of it came back as it was.

    Args:
        motion: the motion as it was given.
        mended: the motion without its defects.
        stretches: what was corrected, in the order of the frames.
        corrections: the correction of each stretch.
        options: how the motion was to be corrected.
    """
    positions = motion.positions.astype(np.float64)
    for stretch, correction in zip(stretches, corrections, strict=True):
        _place(positions, stretch, correction.motion.positions, motion.fps)
    _hold(positions, mended)
    corrected = motion.with_positions(positions)
    weights = _answered(stretches, mended.sections)
    report = _join_reports([correction.report for correction in corrections], weights, options)
    report = _measure(report, motion, corrected, mended)
    if not np.array_equal(corrected.positions, motion.positions):
        report = replace(report, kept=False)  # glitches may be bridged, and poses held, beside stretches that were kept
    prepared = _stretch_notes(stretches, [correction.report for correction in corrections], motion.fps)
    notes = [*mended.notes, *prepared, *_joint_notes(stretches, motion.fps)]
    if not options.in_place:
        notes += _travel_notes(motion, corrected, mended)
    trace = corrections[0].trace if len(corrections) == 1 else None  # it can be replayed from one state only
    return Correction(corrected, replace(report, notes=tuple(notes)), trace)


def _place(positions: FloatArray, stretch: Stretch, corrected: FloatArray, fps: float) -> None:
    """Write the corrected positions of a stretch into those of the motion, with a blend if it continues another one."""
    corrected = corrected.astype(np.float64)
    if not stretch.blends:
        positions[stretch.start : stretch.stop] = corrected
        return
    first, last = blend_span(stretch, fps)
    before, after = positions[first:last], corrected[first - stretch.start : last - stretch.start]
    shift = (before - after)[:, _FEET].mean(axis=(0, 1)) * _HORIZONTAL  # so that planted feet stay where they are
    share = ((np.arange(last - first) + 1) / (last - first + 1))[:, None, None]
    weight = share**3 * (10 - 15 * share + 6 * share**2)  # velocity and acceleration have no jump at its ends
    positions[first:last] = (1 - weight) * before + weight * (after + shift)
    positions[last : stretch.stop] = corrected[last - stretch.start :] + shift


def _hold(positions: FloatArray, mended: MendedMotion) -> None:
    """Hold the nearest pose in the frames that are in no section, unless they are kept."""
    held = np.ones(len(positions), bool)
    for start, stop in (*mended.sections, *mended.kept):
        held[start:stop] = False
    inside = np.concatenate([np.arange(start, stop) for start, stop in mended.sections])
    frames = np.flatnonzero(held)
    later = np.minimum(np.searchsorted(inside, frames), len(inside) - 1)
    earlier = np.maximum(later - 1, 0)
    nearest = np.where(np.abs(inside[earlier] - frames) <= np.abs(inside[later] - frames), earlier, later)
    positions[frames] = positions[inside[nearest]]


def _answered(stretches: Sequence[Stretch], sections: Sequence[tuple[int, int]]) -> list[int]:
    """Return the number of frames of the result that each stretch answers for."""
    ends = [following.border for following in stretches[1:]] + [stretches[-1].stop]
    stops = [min(stop for _, stop in sections if stop > stretch.border) for stretch in stretches]
    return [min(end, stop) - s.border for s, end, stop in zip(stretches, ends, stops, strict=True)]


def _join_reports(reports: Sequence[Report], weights: Sequence[int], options: CorrectionOptions) -> Report:
    """Join reports; their errors and distances are those of the first one."""

    def mean(name: str) -> float:
        return float(np.average([getattr(report, name) for report in reports], weights=weights))

    status = min((report.status for report in reports), key=_WORST_FIRST.index)
    reasons = list(dict.fromkeys(report.reason for report in reports if report.reason))
    if len(reasons) > _REASONS_AT_MOST:
        reasons[_REASONS_AT_MOST:] = [f"and {len(reasons) - _REASONS_AT_MOST} more reasons"]
    force = mean("residual_force_n_mean")
    if too_much := excessive_assist(force, options):
        status, reasons = "FAILED", [too_much, *reasons]
    strict = all(report.completed_strict is not None for report in reports)
    return replace(
        reports[0],
        status=status,
        completed=mean("completed"),
        residual_force_n_mean=force,
        residual_force_n_max=max(report.residual_force_n_max for report in reports),
        residual_torque_nm_mean=mean("residual_torque_nm_mean"),
        assist_limit_n=max(report.assist_limit_n for report in reports),
        attempts=sum(report.attempts for report in reports),
        seconds=sum(report.seconds for report in reports),
        completed_strict=mean("completed_strict") if strict else None,
        reason="; ".join(reasons),
        kept=all(report.kept for report in reports),
    )


def _measure(report: Report, motion: Motion, corrected: Motion, mended: MendedMotion) -> Report:
    """Measure errors and distances section by section, so that jumps between them do not count."""
    weights = [stop - start for start, stop in mended.sections]
    pairs = [(motion.positions[start:stop], corrected.positions[start:stop]) for start, stop in mended.sections]
    return replace(
        report,
        before=_mean_errors([physical_errors(given, motion.fps) for given, _ in pairs], weights),
        after=_mean_errors([physical_errors(result, motion.fps) for _, result in pairs], weights),
        mpjpe_global_mm=float(np.average([mpjpe_global(result, given) for given, result in pairs], weights=weights)),
        mpjpe_local_mm=float(np.average([mpjpe_local(result, given) for given, result in pairs], weights=weights)),
    )


def _mean_errors(errors: Sequence[PhysicalErrors], weights: Sequence[int]) -> PhysicalErrors:
    rows = [asdict(each) for each in errors]
    return PhysicalErrors(**{name: float(np.average([row[name] for row in rows], weights=weights)) for name in rows[0]})


def _stretch_notes(stretches: Sequence[Stretch], reports: Sequence[Report], fps: float) -> list[str]:
    """Return the notes of all stretches; those that say not when, and are not of all, are told with their time.

    How far the body travels is measured over all stretches together.
    """
    when: dict[str, list[str]] = {}
    for stretch, report in zip(stretches, reports, strict=True):
        time = f"from {stretch.border / fps:.1f} to {stretch.stop / fps:.1f} s"
        for note in dict.fromkeys(note for note in report.notes if not says_travel(note)):
            when.setdefault(note, []).append(time)
    notes = []
    for note, times in when.items():
        if len(times) == len(stretches) or _TIME.search(note):
            notes.append(note)
        else:
            notes += [f"{time}: {note}" for time in times]
    more = len(notes) - _NOTES_AT_MOST
    return [*notes[:_NOTES_AT_MOST], *([f"and {more} more notes on stretches"] if more > 0 else [])]


def _joint_notes(stretches: Sequence[Stretch], fps: float) -> list[str]:
    """Say where stretches that overlap were joined."""
    times = [f"{stretch.border / fps:.1f} s" for stretch in stretches if stretch.blends]
    if not times:
        return []
    named = ", ".join(times[:_BORDERS_AT_MOST])
    more = f" and {len(times) - _BORDERS_AT_MOST} more times" if len(times) > _BORDERS_AT_MOST else ""
    return [f"is long and was corrected in stretches, which are blended at {named}{more}"]


def _travel_notes(motion: Motion, corrected: Motion, mended: MendedMotion) -> list[str]:
    """Say how far the body travels in all sections if that is another distance than in the input."""
    lengths = [(0.0, 0.0)]
    for start, stop in mended.sections:
        frames = frames_covering(stop - start, motion.fps, CONTROL_FPS)
        after, before = (
            resample(each.positions[start:stop, :1], motion.fps, CONTROL_FPS, frames)
            for each in (corrected, mended.motion)
        )
        lengths.append(path_lengths(after, before))
    after, before = np.sum(lengths, axis=0).tolist()
    return [note] if (note := travel_sentence(after, before)) else []
