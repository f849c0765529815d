"""The round trip, a corrector without physics: motions are encoded as features and decoded again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion import __version__, rotation
from motion.humanml3d.features import facing, features_to_positions, positions_to_features
from motion.kinematics import estimate_offsets, forward_positions, global_rotations
from motion.metrics import mpjpe_global, mpjpe_local, physical_errors
from motion.motion import DEFAULT_FPS, Motion
from motion.protocols import CorrectionOptions, CorrectorInfo, ProgressCallback
from motion.report import Correction, Report
from motion.validation import MAX_MOTION_FRAMES, MIN_MOTION_FRAMES, as_motions

NAME = "roundtrip"
_FORWARD = np.array([0.0, 0.0, 1.0])


class RoundTrip:
    """Takes motions the way to the simulated body and back, without simulation; a `motion.protocols.Corrector`.

    Joint rotations are found for a body with the motion's mean bone lengths, applied to it, encoded as HumanML3D's 263
    features and decoded. An arm with this corrector shows the effect of re-encoding alone on the loop, which the
    published comparison mixes with that of physics.
    """

    def describe(self) -> CorrectorInfo:
        """Return a description without policies or assist."""
        return CorrectorInfo(
            name=NAME,
            default_policy=NAME,
            policies=(NAME,),
            mujoco="",
            version=__version__,
            min_frames=MIN_MOTION_FRAMES,
            max_frames=MAX_MOTION_FRAMES,
            fps=DEFAULT_FPS,
            assist_ladder_n=(),
        )

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Take motions on the round trip.

        Args:
            motions: motions or arrays, as for every corrector.
            seed: recorded in the reports; nothing is random.
            options: without effect.
            progress: called with the number of motions so far and the number of all motions.

        Returns:
            The corrections, in the order of the motions.

        Raises:
            InvalidInput: an input is not a motion; its fields are under `motions[i]`.
        """
        checked = as_motions(motions)
        corrections = []
        for motion in checked:
            corrections.append(_correction(motion, seed))
            if progress:
                progress(len(corrections), len(checked))
        return corrections


def round_trip(positions: np.ndarray) -> np.ndarray:
    """Put a motion on rigid bones, encode it as features and decode it.

    Args:
        positions: (frames, 22, 3) joint positions in metres.

    Returns:
        (frames, 22, 3) positions, in the same place and with the same heading.
    """
    positions = np.asarray(positions, np.float64)
    offsets = estimate_offsets(positions)
    rigid = forward_positions(global_rotations(positions, offsets), positions[:, 0], offsets)
    # The features of a frame depend on the next frame, so that the last one is lost; one more is extrapolated.
    longer = np.concatenate([rigid, 2 * rigid[-1:] - rigid[-2:-1]])
    decoded = features_to_positions(positions_to_features(longer)).astype(np.float64)
    # Features do not contain where a motion starts, its first heading, and its height above the floor.
    heading = rotation.between(_FORWARD, facing(rigid[0]))
    turned = rotation.rotate(heading, decoded)
    return turned + (rigid[0, 0] - turned[0, 0])


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
