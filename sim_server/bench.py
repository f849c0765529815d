"""How fast the corrector is, beside the physics that it cannot do without.

All in one run and in CPU time of one thread, because machines are noisy: bare `mj_step` of the same bodies at the same
step, with the controls of the correction itself; the corrector with one attempt; the corrector with its ladder. Rounds
alternate between them, and each keeps its best.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import mujoco
import numpy as np

from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server.correction import begin, finish
from sim_server.engine import Engine, Job
from sim_server.policy import load_policy
from sim_server.retarget import CONTROL_FPS, SUBSTEPS, Reference, fields_of, retarget
from sim_server.preparation import prepare

_ATTEMPT_N = 1e6  # a limit that is never reached: one attempt, whatever the motion


class _Queue:
    """Motions that are prepared when the engine has room for them, as the service does."""

    def __init__(self, motions: Sequence[Motion], options: CorrectionOptions):
        self._motions = list(motions)
        self._options = options

    def take(self) -> Job | None:
        if not self._motions:
            return None
        motion = self._motions.pop(0)
        job = begin(motion, self._options)
        job.tag = motion
        return job


def _corrected(motions: Sequence[Motion], options: CorrectionOptions, policy_name: str, slots: int) -> None:
    policy = load_policy(policy_name)
    for job in Engine(policy, slots, threads=1).run(_Queue(motions, options)):
        finish(job.tag, job, policy.name, seed=0)


def _stepped(references: Sequence[Reference]) -> None:
    """Bare physics: every body follows its servo targets, with nothing computed between control steps."""
    for reference in references:
        data = mujoco.MjData(reference.model)
        data.qpos[:], data.qvel[:] = reference.qpos, reference.qvel
        targets = fields_of(reference.rows).servo[:, -84:]
        for target in targets:
            data.ctrl[:] = target
            mujoco.mj_step(reference.model, data, SUBSTEPS)


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def bench(motions: Sequence[Motion], policy: str = "", slots: int = 32, rounds: int = 3) -> dict[str, Any]:
    """Rates over `motions` in frames (at 20 per second of motion) per core second, and their ratios to bare stepping."""
    prepared = [prepare(motion.positions.astype(np.float64)) for motion in motions]
    references = [retarget(each) for each in prepared]
    frames = sum(len(reference) for reference in references)
    rows: dict[str, Callable[[], object]] = {
        "mj_step": lambda: _stepped(references),
        "single_attempt": lambda: _corrected(motions, CorrectionOptions(assist=_ATTEMPT_N), policy, slots),
        "ladder": lambda: _corrected(motions, CorrectionOptions(), policy, slots),
        "preparation": lambda: [prepare(motion.positions.astype(np.float64)) for motion in motions],
        "retargeting": lambda: [retarget(each) for each in prepared],
    }
    best = {name: min(_cpu_seconds(work) for _ in range(1)) for name, work in rows.items()}
    for _ in range(rounds - 1):
        for name, work in rows.items():
            best[name] = min(best[name], _cpu_seconds(work))
    rate = {name: frames / seconds for name, seconds in best.items()}
    return {
        "motions": len(motions),
        "frames": frames,
        "policy": load_policy(policy).name,
        "mujoco": mujoco.__version__,
        "slots": slots,
        "substep_s": 1 / (CONTROL_FPS * SUBSTEPS),
        "frames_per_core_second": rate,
        "ratio_single_attempt": rate["single_attempt"] / rate["mj_step"],
        "ratio_ladder": rate["ladder"] / rate["mj_step"],
        "retarget_ms_per_196_frames": 196 / rate["retargeting"] * 1e3,
        "prepare_ms_per_196_frames": 196 / rate["preparation"] * 1e3,
    }
