"""The scorer: checks motions and scores each by itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import mujoco
import numpy as np

from motion.array_types import FloatArray
from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput, Overloaded, ServiceUnavailable
from motion.motion import Motion
from motion.protocols import ProgressCallback
from motion.score import Score
from motion.validation import as_motions
from sim_server.body.humanoid import CONTROL_FPS, WEIGHT_N
from sim_server.control_rate import at_control_rate, check_correctable
from sim_server.feasibility.missing_wrench import missing_wrench
from sim_server.feasibility.reasons import explain

CARRIED_SHARE = 0.1
"""A frame in which a smaller share of the weight is missing is carried."""


def score_motion(motion: Motion | np.ndarray) -> Score:
    """Measure how far a motion is from what a body can do, without correcting it.

    Args:
        motion: a `Motion` with its floor at y = 0, or an array as `motion.validation.as_motion` takes it.

    Raises:
        InvalidInput: it is no motion, it is shorter or longer than the corrector takes, or no body can be built for it.
    """
    return _score(check_correctable(motion))


class Scorer:
    """Scores motions in this process; satisfies `motion.protocols.Scorer`.

    Args:
        threads: motions of `submit` that are scored at once.
        queue_size: motions that may wait before `submit` refuses.
    """

    def __init__(self, threads: int = 1, queue_size: int = 1024):
        self._pool = ThreadPoolExecutor(threads, "scorer")
        self._room = threading.Semaphore(queue_size)

    def score(self, motions: Sequence[Motion | np.ndarray], progress: ProgressCallback | None = None) -> list[Score]:
        """Score motions, and return the scores in the same order.

        Args:
            motions: `Motion`s, or arrays of positions (frames, 22, 3) [m] or HumanML3D features (frames, 263).
            progress: called with (done, all) after each motion.

        Raises:
            InvalidInput: an input is no motion (its fields are under `motions[i]`), or no body can be built for it.
        """
        scores: list[Score] = []
        checked = as_motions(motions, check_correctable)
        with single_threaded_blas():
            for index, motion in enumerate(checked):
                try:
                    scores.append(_score(motion))
                except InvalidInput as error:
                    raise error.within(f"motions[{index}]") from error
                if progress:
                    progress(len(scores), len(motions))
        return scores

    def submit(self, motion: Motion) -> Future[Score]:
        """Hand over one motion, and return a future of its score. Cancelling the future drops the motion.

        Args:
            motion: the motion; it is copied.

        Raises:
            InvalidInput: the motion is none. The future raises it if no body can be built for the motion.
            Overloaded: too many motions wait already.
            ServiceUnavailable: the scorer is closed.
        """
        motion = check_correctable(motion)
        if not self._room.acquire(blocking=False):
            raise Overloaded("too many motions wait for their scores; try again shortly")
        try:
            future = self._pool.submit(_score, motion.with_positions(motion.positions.copy()))
        except RuntimeError as error:
            self._room.release()
            raise ServiceUnavailable("the scorer is closed") from error
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Drop the motions that wait, and wait for those under way."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _score(motion: Motion) -> Score:
    """Score a checked motion."""
    try:
        missing = missing_wrench(at_control_rate(motion))
    except (np.linalg.LinAlgError, mujoco.FatalError, ValueError) as error:
        raise InvalidInput.of("positions", f"no body fits them ({error}); must be those of a human body") from error
    wrench = _at_frames(missing.wrench, motion)
    if not np.isfinite(wrench).all():
        raise InvalidInput.of("positions", "ask for forces that are not finite; must be those of a human body")
    force = np.linalg.norm(wrench[:, :3].astype(np.float64), axis=-1)
    torque = np.linalg.norm(wrench[:, 3:].astype(np.float64), axis=-1)
    levels = {"mean": force.mean(), "median": np.median(force), "p90": np.percentile(force, 90), "max": force.max()}
    return Score(
        **{f"force_n_{name}": float(value) for name, value in levels.items()},
        **{f"force_share_{name}": float(value / WEIGHT_N) for name, value in levels.items()},
        torque_nm_mean=float(torque.mean()),
        torque_nm_max=float(torque.max()),
        carried_share=float((force < CARRIED_SHARE * WEIGHT_N).mean()),
        reasons=explain(missing),
        wrench=wrench,
    )


def _at_frames(values: FloatArray, motion: Motion) -> FloatArray:
    """Interpolate values (n, 6) at `CONTROL_FPS` linearly at the motion's own frames, (frames, 6) float32."""
    times = np.arange(len(motion)) * (CONTROL_FPS / motion.fps)
    columns = [np.interp(times, np.arange(len(values)), column) for column in values.T]
    return np.stack(columns, axis=-1).astype(np.float32)
