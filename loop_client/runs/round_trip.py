"""The round trip: a motion encoded and decoded again, with no physics in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from motion import __version__, rotation
from motion.errors import InvalidInput
from motion.humanml3d.features import facing, features_to_positions, positions_to_features
from motion.kinematics import fit_offsets, global_rotations, placed
from motion.metrics import mpjpe_global, mpjpe_local, physical_errors
from motion.motion import DEFAULT_FPS, Motion
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction, Report
from motion.validation import MAX_FRAMES, MIN_FRAMES, as_motion

NAME = "roundtrip"
_AHEAD = np.array([0.0, 0.0, 1.0])


class RoundTrip:
    """Takes motions the way to the simulated body and back, without the simulation; a `motion.protocols.Corrector`.

    Joint rotations are found for a body with the motion's mean bone lengths, put on it, encoded as HumanML3D's 263
    features and decoded. An arm that is corrected so shows what re-encoding alone does to the loop, which in the
    published comparison is mixed with what physics does.
    """

    def describe(self) -> CorrectorInfo:
        return CorrectorInfo(NAME, NAME, (NAME,), "", __version__, MIN_FRAMES, MAX_FRAMES, DEFAULT_FPS, ())

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Correction]:
        """Take motions on the round trip, in order; nothing in it is random, and no option changes it.

        Raises:
            InvalidInput: an input is no motion, its fields under `motions[i]`.
        """
        checked, violations = [], []
        for index, sample in enumerate(motions):
            try:
                checked.append(as_motion(sample))
            except InvalidInput as error:
                violations += error.within(f"motions[{index}]").violations
        if violations:
            raise InvalidInput(violations)
        corrections = []
        for motion in checked:
            corrections.append(_correction(motion, seed))
            if progress:
                progress(len(corrections), len(checked))
        return corrections


def round_trip(positions: np.ndarray) -> np.ndarray:
    """Positions (frames, 22, 3) on rigid bones, encoded as features and decoded: as many frames, in the same place."""
    positions = np.asarray(positions, np.float64)
    offsets = fit_offsets(positions)
    rigid = placed(global_rotations(positions, offsets), positions[:, 0], offsets)
    # Features of a frame take the next one too: one more is made, moving on as the last two did.
    longer = np.concatenate([rigid, 2 * rigid[-1:] - rigid[-2:-1]])
    decoded = features_to_positions(positions_to_features(longer)).astype(np.float64)
    # Features forget where a motion began, which way it faced, and how high it was.
    back = rotation.between(_AHEAD, facing(rigid[0]))
    moved = rotation.rotate(back, decoded)
    return moved + (rigid[0, 0] - moved[0, 0])


def _correction(motion: Motion, seed: int) -> Correction:
    back = motion.with_positions(round_trip(motion.positions))
    report = Report(
        status="OK",
        completed=1.0,
        mpjpe_global_mm=mpjpe_global(back.positions, motion.positions),
        mpjpe_local_mm=mpjpe_local(back.positions, motion.positions),
        before=physical_errors(motion.positions, motion.fps),
        after=physical_errors(back.positions, motion.fps),
        residual_force_n_mean=0.0,
        residual_force_n_max=0.0,
        residual_torque_nm_mean=0.0,
        assist_limit_n=0.0,
        attempts=1,
        policy=NAME,
        mujoco="",
        seed=seed,
        seconds=0.0,
    )
    return Correction(back, report)
