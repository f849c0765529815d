"""Correctors that break one rule of the contract each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
from smoothing_corrector import SmoothingCorrector

from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction


class Conforming(SmoothingCorrector):
    """Keeps to all rules; that on seeds the message does for it elsewhere."""

    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        if not 0 <= seed < 2**63:
            raise InvalidInput.of("seed", f"is {seed}; must be at least 0 and below 2^63")
        return super().submit(motion, seed, options)


class Nameless(Conforming):
    def describe(self) -> CorrectorInfo:
        return replace(super().describe(), name="")


class WithoutItsPolicy(Conforming):
    def describe(self) -> CorrectorInfo:
        return replace(super().describe(), policies=("another",))


class Answering(Conforming):
    """Changes the correction of a motion before it is handed out."""

    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        raise NotImplementedError

    def _smoothed(self, motion: Motion, options: CorrectionOptions, seed: int) -> Correction:
        return self.change(motion, seed, super()._smoothed(motion, options, seed))


class Shortening(Answering):
    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        return replace(correction, motion=correction.motion.with_positions(correction.motion.positions[:-1]))


class ChangingTheRate(Answering):
    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        return replace(correction, motion=replace(correction.motion, fps=20.0))


class NotFinite(Answering):
    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        positions = correction.motion.positions.copy()
        positions[-1] = np.nan
        return replace(correction, motion=correction.motion.with_positions(positions))


class Flattering(Answering):
    """Reports half of the physical errors that are left."""

    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        after = replace(correction.report.after, phys_err_mm=correction.report.after.phys_err_mm / 2 - 1)
        return replace(correction, report=replace(correction.report, after=after))


class WithoutReasons(Answering):
    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        return replace(correction, report=replace(correction.report, status="FAILED", reason=""))


class ForgettingTheSeed(Answering):
    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        return replace(correction, report=replace(correction.report, seed=0))


class Drifting(Answering):
    """Answers differently from call to call, by so little that only the bits tell."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = itertools.count(1)

    def change(self, motion: Motion, seed: int, correction: Correction) -> Correction:
        return replace(correction, motion=_moved(correction.motion, next(self._calls)))


class DependingOnItsPlace(Conforming):
    """Answers each motion of a call differently from the one before it."""

    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        found = super().correct(motions, *arguments, **more)
        return [replace(each, motion=_moved(each.motion, index)) for index, each in enumerate(found)]


def _moved(motion: Motion, index: int) -> Motion:
    """Move one joint in one frame by some micrometres, which only the bits tell."""
    positions = motion.positions.copy()
    positions[0, 0, 0] += np.float32(1e-6 * index)
    return motion.with_positions(positions)


class MixingCallers(Conforming):
    """Answers differently while others are being answered."""

    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        self.callers = getattr(self, "callers", 0) + 1
        try:
            self.delay = 0.02
            found = super().correct(motions, *arguments, **more)
            return [replace(each, motion=_moved(each.motion, self.callers - 1)) for each in found]
        finally:
            self.callers -= 1


class Overwriting(Conforming):
    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        found = super().correct(motions, *arguments, **more)
        for motion in motions:
            (motion.positions if isinstance(motion, Motion) else motion)[0] += 0.001
        return found


class TakingJointsAsTheyCome(Conforming):
    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        names = SmoothingCorrector.correct(self, [_STANDING])[0].motion.joint_names
        taken = [
            replace(motion, joint_names=names)
            if isinstance(motion, Motion) and set(motion.joint_names) == set(names)
            else motion
            for motion in motions
        ]
        return super().correct(taken, *arguments, **more)


class WithoutProgress(Conforming):
    def correct(self, motions, seed=0, options=None, progress=None) -> list[Correction]:
        return super().correct(motions, seed, options)


class TakingAnything(Conforming):
    """Mends what it should refuse."""

    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        mended = [
            np.nan_to_num(motion) if isinstance(motion, np.ndarray) and motion.shape[1:] == (22, 3) else motion
            for motion in motions
        ]
        return super().correct(mended, *arguments, **more)


class RefusingWithoutAPlace(Conforming):
    def correct(self, motions: Sequence[Motion | np.ndarray], *arguments, **more) -> list[Correction]:
        try:
            return super().correct(motions, *arguments, **more)
        except InvalidInput as error:
            raise InvalidInput.of("motions", "are not all motions; must be") from error


class TakingAnyPolicy(Conforming):
    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        return super().submit(motion, seed, replace(options or CorrectionOptions(), policy=""))


class TakingAnySeed(Conforming):
    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        return super().submit(motion, max(seed, 0) % 2**63, options)


class WithoutALimit(Conforming):
    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        return super().submit(motion, seed, replace(options or CorrectionOptions(), max_assist_n=None))


class NotKnowingItsDefault(Conforming):
    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        if options and options.policy:
            raise NotFound(f"no policy {options.policy!r}")
        return super().submit(motion, seed, options)


_STANDING = Motion(np.cumsum(np.full((8, 22, 3), 0.05, np.float32), axis=1))

BROKEN: dict[type[SmoothingCorrector], str] = {
    Nameless: "describes_itself",
    WithoutItsPolicy: "describes_itself",
    Shortening: "corrects_every_motion",
    ChangingTheRate: "corrects_every_motion",
    NotFinite: "corrects_every_motion",
    Flattering: "reports_what_is_true",
    WithoutReasons: "reports_what_is_true",
    ForgettingTheSeed: "reports_what_is_true",
    Drifting: "corrects_deterministically",
    DependingOnItsPlace: "corrects_each_motion_by_itself",
    MixingCallers: "answers_concurrent_callers",
    Overwriting: "leaves_inputs_alone",
    TakingJointsAsTheyCome: "accepts_arrays_features_and_other_joint_orders",
    WithoutProgress: "reports_progress",
    TakingAnything: "rejects_invalid_motions",
    RefusingWithoutAPlace: "rejects_invalid_motions",
    TakingAnyPolicy: "rejects_invalid_requests",
    TakingAnySeed: "rejects_invalid_requests",
    WithoutALimit: "keeps_to_the_assist_that_is_allowed",
    NotKnowingItsDefault: "takes_the_default_policy_by_name",
}
"""Correctors by the check that catches them, the first that fails."""
