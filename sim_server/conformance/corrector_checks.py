"""Checks that every corrector must pass, in this process or at an address.

    from sim_server.conformance import CHECKS
    for check in CHECKS:
        check(corrector)                  # raises Failure, with a sentence

A corrector is an object that satisfies `motion.protocols.Corrector`. `loop_client.RemoteCorrector(address)` is one for
a service in any language; `plumb-sim check HOST:PORT` runs the checks on it. They ask for little work: short motions
and the effort `fast`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import numpy as np

from motion.errors import InvalidInput, NotFound
from motion.humanml3d.features import positions_to_features
from motion.metrics import mpjpe_global, mpjpe_local, physical_errors
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.report import Correction, PhysicalErrors, Report, Status
from sim_server.conformance.requirements import QUICK, Failure, bytes_of, motions_for, require, require_error

__all__ = ["CHECKS", "Failure"]

_CLIENTS = 4
_TOLERANCE = 1e-3
"""Relative difference, and that in millimetres, of numbers in a report from what they are about."""


def describes_itself(corrector: Corrector) -> None:
    """Check that `describe` returns a name, a version, a rate, a range of lengths, policies and a ladder of limits."""
    info = corrector.describe()
    require(bool(info.name and info.version), "describe must return a name and a version")
    valid = info.fps > 0 and 1 <= info.min_frames <= info.max_frames
    require(valid, "describe must return a positive fps and min_frames <= max_frames", info)
    require(info.default_policy in info.policies, "the default policy must be among the policies", info)
    require(len(set(info.policies)) == len(info.policies), "policies must have different names", info.policies)
    ladder = info.assist_ladder_n
    require(all(n >= 0 for n in ladder) and sorted(ladder) == list(ladder), "assist limits must rise from 0", ladder)


def corrects_every_motion(corrector: Corrector) -> None:
    """Check that `correct` returns a finite motion per motion, in order, of the same length, rate, name and joints."""
    motions = motions_for(corrector.describe())
    corrections = corrector.correct(motions, options=QUICK)
    require(len(corrections) == len(motions), "there must be one correction per motion", len(corrections), len(motions))
    for index, (given, correction) in enumerate(zip(motions, corrections, strict=True)):
        motion, what = correction.motion, f"the correction of motion {index}"
        require(motion.positions.shape == given.positions.shape, f"{what} must have the shape of the input",
                motion.positions.shape, given.positions.shape)  # fmt: skip
        require(motion.positions.dtype == np.float32, f"{what} must be of float32", motion.positions.dtype)
        require(bool(np.isfinite(motion.positions).all()), f"{what} must be finite")
        require(motion.fps == given.fps, f"{what} must have the rate of the input", motion.fps, given.fps)
        same = (motion.name, motion.caption or "") == (given.name, given.caption or "")
        require(same, f"{what} must have the name and caption of the input", motion.name, motion.caption)
        require(motion.joint_names == given.joint_names, f"{what} must have HumanML3D's joints", motion.joint_names)
    require(corrector.correct([]) == [], "no motions must have no corrections")


def reports_what_is_true(corrector: Corrector) -> None:
    """Check that the numbers of a report are those of its motions, and that a status other than OK has a reason."""
    info = corrector.describe()
    motions = motions_for(info)
    for given, correction in zip(motions, corrector.correct(motions, 5, QUICK), strict=True):
        report, got = correction.report, correction.motion.positions
        require(report.status in get_args(Status), "the status must be OK, ASSISTED or FAILED", report.status)
        require(bool(report.reason) or report.status == "OK", "a motion that is not OK must have a reason")
        require(0 <= report.completed <= 1, "completed must be a share, from 0 to 1", report.completed)
        require(report.seed == 5, "the report must have the seed", report.seed)
        require(report.policy in info.policies, "the report must name one of the policies", report.policy)
        require(report.attempts >= 0 and report.seconds >= 0, "attempts and seconds must be 0 or more")
        require(0 <= report.residual_force_n_mean, "the assist must be 0 N or more", report.residual_force_n_mean)
        require(not report.kept or np.array_equal(got, given.positions), "a motion that was kept must be the input")
        for name, told, true in (
            ("mpjpe_global_mm", report.mpjpe_global_mm, mpjpe_global(got, given.positions)),
            ("mpjpe_local_mm", report.mpjpe_local_mm, mpjpe_local(got, given.positions)),
            *_errors_of("before", report.before, physical_errors(given.positions, given.fps)),
            *_errors_of("after", report.after, physical_errors(got, given.fps)),
        ):
            is_true = bool(np.isclose(told, true, rtol=_TOLERANCE, atol=_TOLERANCE))
            require(is_true, f"{name} in a report must be that of its motion", told, true)


def corrects_deterministically(corrector: Corrector) -> None:
    """Check that equal requests have equal corrections and reports, bit by bit."""
    motions = motions_for(corrector.describe())
    first, again = (corrector.correct(motions, 3, QUICK) for _ in range(2))
    for index, (one, other) in enumerate(zip(first, again, strict=True)):
        require(
            bytes_of(one) == bytes_of(other), "equal requests must have equal answers, bit by bit", f"motion {index}"
        )


def corrects_each_motion_by_itself(corrector: Corrector) -> None:
    """Check that a correction depends neither on the other motions of a call nor on their order."""
    motions = motions_for(corrector.describe())
    together = corrector.correct(motions, 3, QUICK)
    backwards = corrector.correct(motions[::-1], 3, QUICK)[::-1]
    alone = [corrector.correct([motion], 3, QUICK)[0] for motion in motions]
    for index, (one, *others) in enumerate(zip(together, backwards, alone, strict=True)):
        for how, other in zip(("in another order", "alone"), others, strict=True):
            requirement = f"motion {index} must have the same correction {how}, bit by bit"
            require(bytes_of(one) == bytes_of(other), requirement)


def answers_concurrent_callers(corrector: Corrector) -> None:
    """Check that callers at the same time get the corrections that each would get alone."""
    motions = motions_for(corrector.describe())

    def correct(seed: int) -> list[bytes]:
        return [bytes_of(correction) for correction in corrector.correct(motions, seed, QUICK)]

    alone = [correct(seed) for seed in range(_CLIENTS)]
    with ThreadPoolExecutor(_CLIENTS) as pool:
        together = list(pool.map(correct, range(_CLIENTS)))
    require(alone == together, "answers must not depend on other callers")


def leaves_inputs_alone(corrector: Corrector) -> None:
    """Check that the arrays that a caller hands over are not written to."""
    motions = motions_for(corrector.describe())
    before = [motion.positions.tobytes() for motion in motions]
    corrector.correct(motions, options=QUICK)
    require([motion.positions.tobytes() for motion in motions] == before, "the caller's arrays must stay as they are")


def accepts_arrays_features_and_other_joint_orders(corrector: Corrector) -> None:
    """Check that arrays of positions and of features are taken, and that joints are found by their names."""
    motion = replace(motions_for(corrector.describe())[0], name=None, caption=None, fps=20.0)
    order = np.random.default_rng(0).permutation(len(motion.joint_names))
    names = tuple(motion.joint_names[joint] for joint in order)
    features = positions_to_features(motion.positions)
    plain, array, shuffled, from_features = corrector.correct(
        [motion, motion.positions, Motion(motion.positions[:, order], joint_names=names), features], options=QUICK
    )
    require(bytes_of(plain) == bytes_of(array), "an array must be corrected as a motion at 20 frames a second")
    require(bytes_of(plain) == bytes_of(shuffled), "joints must be found by their names, in whatever order")
    shape = from_features.motion.positions.shape
    require(shape == (len(features), 22, 3), "features must have the correction of their positions", shape)


def reports_progress(corrector: Corrector) -> None:
    """Check that `progress` never falls and ends at the number of motions."""
    motions, seen = motions_for(corrector.describe()), list[tuple[float, int]]()
    corrector.correct(motions, options=QUICK, progress=lambda done, total: seen.append((done, total)))
    require(bool(seen) and seen[-1] == (len(motions), len(motions)), "progress must end at all motions", seen[-1:])
    rises = seen == sorted(seen) and {total for _, total in seen} == {len(motions)}
    require(rises, "progress must not fall, and be out of the number of motions", seen)


def rejects_invalid_motions(corrector: Corrector) -> None:
    """Check that what is no motion of a body is refused as `InvalidInput`, by its place in the list."""
    info = corrector.describe()
    good = motions_for(info)[0]
    for what, bad in _invalid_motions(good).items():
        error = require_error(lambda bad=bad: corrector.correct([good, bad, good], options=QUICK), InvalidInput, what)
        assert isinstance(error, InvalidInput)
        fields = [violation.field for violation in error.violations]
        named = bool(fields) and all(field.startswith("motions[1].") for field in fields)
        require(named, f"the refusal of {what} must be about motions[1]", fields)


def rejects_invalid_requests(corrector: Corrector) -> None:
    """Check that an unknown policy is not found, and that a seed that is out of range is refused."""
    motions = motions_for(corrector.describe())[:1]
    unknown = CorrectionOptions(policy="no-such-policy", effort="fast")
    require_error(lambda: corrector.correct(motions, options=unknown), NotFound, "an unknown policy")
    for seed in (-1, 2**63):
        require_error(lambda seed=seed: corrector.correct(motions, seed, QUICK), InvalidInput, f"the seed {seed}")


def keeps_to_the_assist_that_is_allowed(corrector: Corrector) -> None:
    """Check that a motion that needs more assist than `max_assist_n` is FAILED, and is otherwise the same."""
    motions = motions_for(corrector.describe())
    usual = corrector.correct(motions, 3, QUICK)
    strict = corrector.correct(motions, 3, replace(QUICK, max_assist_n=0.0))
    for one, other in zip(usual, strict, strict=True):
        mean = other.report.residual_force_n_mean
        require(mean == 0 or other.report.status == "FAILED", "more assist than max_assist_n must be FAILED", mean)
        require(_unjudged(one) == _unjudged(other), "max_assist_n must change nothing but status and reason")


def takes_the_default_policy_by_name(corrector: Corrector) -> None:
    """Check that naming the default policy is the same as naming none."""
    info = corrector.describe()
    motions = motions_for(info)[:1]
    (unnamed,) = corrector.correct(motions, 3, QUICK)
    (named,) = corrector.correct(motions, 3, replace(QUICK, policy=info.default_policy))
    require(bytes_of(unnamed) == bytes_of(named), "the default policy by its name must be the default policy")


CHECKS: tuple[Callable[[Corrector], None], ...] = (
    describes_itself,
    corrects_every_motion,
    leaves_inputs_alone,
    reports_what_is_true,
    corrects_deterministically,
    corrects_each_motion_by_itself,
    answers_concurrent_callers,
    accepts_arrays_features_and_other_joint_orders,
    reports_progress,
    rejects_invalid_motions,
    rejects_invalid_requests,
    keeps_to_the_assist_that_is_allowed,
    takes_the_default_policy_by_name,
)
"""All checks of a corrector; the first ones say the causes of what later ones would find."""


def _errors_of(name: str, told: PhysicalErrors, true: PhysicalErrors) -> list[tuple[str, float, float]]:
    fields = PhysicalErrors.__dataclass_fields__
    return [(f"{name}.{field}", getattr(told, field), getattr(true, field)) for field in fields]


def _unjudged(correction: Correction) -> bytes:
    report: Report = replace(correction.report, status="OK", reason="")
    return bytes_of(replace(correction, report=report))


def _invalid_motions(good: Motion) -> dict[str, Motion | np.ndarray]:
    def changed(value: float) -> np.ndarray:
        positions = good.positions.copy()
        positions[3, 4, 1] = value
        return positions

    return {
        "a number that is not one": changed(np.nan),
        "an infinite number": changed(np.inf),
        "a motion of 21 joints": good.positions[:, :21],
        "a motion without frames": good.positions[:0],
        "a motion of one frame": good.positions[:1],
        "a body of 3 cm": good.positions * np.float32(0.02),
        "a body of 30 m": good.positions * np.float32(20),
        "a motion without a rate": replace(good, fps=0.0),
        "a rate that is no number": replace(good, fps=float("nan")),
        "an unknown joint": replace(good, joint_names=("tail", *good.joint_names[1:])),
    }
