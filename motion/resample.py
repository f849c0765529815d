"""Change the frame rate of a motion."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from motion.array_types import FloatArray
from motion.errors import InvalidInput
from motion.motion import Motion

_SLACK = 1e-6  # in frames; frame counts at rates such as 29.97 would otherwise suffer from rounding


def frames_within(frames: int, fps_in: float, fps_out: float) -> int:
    """Count the frames at `fps_out` that lie within `frames` frames at `fps_in`; the first ones coincide."""
    return math.floor((frames - 1) * fps_out / fps_in + _SLACK) + 1


def frames_covering(frames: int, fps_in: float, fps_out: float) -> int:
    """Count the frames at `fps_out` that are needed to reach the last of `frames` frames at `fps_in`.

    The last one may lie up to one step later than the motion's end. A motion that was resampled to this many frames
    can be resampled back without extrapolation.
    """
    return math.ceil((frames - 1) * fps_out / fps_in - _SLACK) + 1


def resample(
    positions: FloatArray, fps_in: float, fps_out: float, frames_out: int | None = None
) -> npt.NDArray[np.float32]:
    """Resample joint positions by natural cubic splines, one per coordinate.

    Frame k of the result is the pose at k / fps_out seconds. Poses at times that the input has are kept, and nothing
    changes at all when rate and frame count stay the same. There is no low-pass filter, as there is none in HumanML3D.
    From 20 to 60 fps, bones of real motion change in length by 0.02 mm in the mean; where motion is fastest, by 2 mm
    in the median clip and by 4 cm in the fastest run.

    Args:
        positions: (frames, joints, 3) at `fps_in`.
        fps_in: frame rate of the input.
        fps_out: frame rate of the result.
        frames_out: number of frames of the result; by default as many as lie within the motion. Times after the last
            frame are extrapolated at its velocity, by at most one step of the slower rate.

    Returns:
        Positions (frames_out, joints, 3), float32.

    Raises:
        InvalidInput: a rate is not a positive number, there are no frames, or `frames_out` reaches too far.
    """
    for field, fps in (("fps_in", fps_in), ("fps_out", fps_out)):
        if not (math.isfinite(fps) and fps > 0):
            raise InvalidInput.of(field, f"is {fps}; must be a positive number of frames per second")
    frames = len(positions)
    if frames == 0:
        raise InvalidInput.of("positions", "has no frames; must have at least one")
    if frames_out is None:
        frames_out = frames_within(frames, fps_in, fps_out)
    last, step = (frames - 1) / fps_in, max(1 / fps_in, 1 / fps_out)
    if frames_out < 1 or (frames_out - 1) / fps_out > last + step * (1 + _SLACK):
        most = math.floor((last + step) * fps_out + _SLACK) + 1
        reason = f"is {frames_out}; {frames} frames at {fps_in:g} fps can give 1 to {most} at {fps_out:g} fps"
        raise InvalidInput.of("frames_out", reason)
    if fps_in == fps_out and frames_out <= frames:
        return np.array(positions[:frames_out], np.float32)
    if frames == 1:
        return np.repeat(np.asarray(positions, np.float32), frames_out, axis=0)
    from scipy.interpolate import CubicSpline  # slow to import, and only needed here

    spline = CubicSpline(np.arange(frames) / fps_in, np.asarray(positions, np.float64), bc_type="natural")
    times = np.arange(frames_out) / fps_out
    inside = np.minimum(times, last)
    after = (times - inside)[:, None, None]
    return (spline(inside) + after * spline(last, 1)).astype(np.float32)


def resample_motion(motion: Motion, fps: float) -> Motion:
    """Return `motion` at the frame rate `fps`; the same object if it already has that rate.

    Args:
        motion: the motion.
        fps: frames per second of the result.

    Raises:
        InvalidInput: the rate is not a positive number, or the motion has no frames.
    """
    if motion.fps == fps:
        return motion
    return replace(motion, positions=resample(motion.positions, motion.fps, fps), fps=fps)
