"""A motion that nobody waits for any more is dropped before the next control step, wherever it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.synthesis import synthesize
from sim_server import Corrector

THOROUGH = CorrectionOptions(effort="thorough", always_simulate=True)
FAST = CorrectionOptions(effort="fast", always_simulate=True)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.001)


def test_a_running_motion_ends_with_the_control_step_in_which_it_is_cancelled() -> None:
    motion, other = [Motion(each.positions[:40]) for each in synthesize(2, 5)]
    with Corrector(slots=2) as corrector:
        running = corrector.submit(motion, 0, THOROUGH)
        _wait_until(lambda: corrector.load().running == 1 and corrector.turns > 5)
        assert running.cancel()
        before = corrector.turns
        _wait_until(lambda: corrector.load().running == 0)
        # One turn may have begun before the cancellation, the next one drops the motion.
        assert corrector.turns - before <= 2
        (alone,) = corrector.correct([other], 0, FAST)
    with Corrector(slots=2) as corrector:
        (wanted,) = corrector.correct([other], 0, FAST)
    assert alone.motion.positions.tobytes() == wanted.motion.positions.tobytes()


def test_of_several_motions_only_those_that_were_cancelled_end() -> None:
    motions = [Motion(each.positions[:40]) for each in synthesize(4, 5)]
    with Corrector(slots=4) as corrector:
        futures = [corrector.submit(motion, 0, THOROUGH if number else FAST) for number, motion in enumerate(motions)]
        _wait_until(lambda: corrector.load().running >= 3)
        assert all(future.cancel() for future in futures[1:])
        assert futures[0].result(timeout=60).report.status in ("OK", "ASSISTED", "FAILED")
        _wait_until(lambda: corrector.load().running == 0)
        assert [future.cancelled() for future in futures] == [False, True, True, True]
