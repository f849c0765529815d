"""How fast the corrector is, beside the physics that it cannot do without.

All in one run and in CPU time of one thread, because machines are noisy: bare `mj_step` of the same bodies at the same
step, following the correction's servo targets; the simulation loop with one attempt; with the ladder; everything.
Rounds alternate between them, and each keeps its best.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any

import mujoco
import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server.body.retarget import CONTROL_FPS, SUBSTEPS, Reference, fields_of, retarget
from sim_server.correction import at_control_rate, begin, correctable, finish
from sim_server.engine.engine import Engine, Job
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policy
from sim_server.preparation import prepare

_UHC_HZ = 450.0  # what UHC, and those that build on it, simulate at
_ATTEMPT_N = 1e6  # a limit that is never reached: one attempt, whatever the motion


class _Queue:
    """Hands the engine one job after the other, each made when there is room for it, as the service does."""

    def __init__(self, jobs: Iterable[Job]):
        self._jobs = iter(jobs)

    def take(self) -> Job | None:
        return next(self._jobs, None)


def _simulated(references: Sequence[Reference], options: CorrectionOptions, policy: Policy, slots: int) -> None:
    """The engine alone, on motions that are prepared and retargeted already."""
    jobs = (Job.of(reference, options, policy) for reference in references)
    for _ in Engine(slots, threads=1).run(_Queue(jobs)):
        pass


def _begun(motions: Sequence[Motion], options: CorrectionOptions, policy: Policy) -> Iterator[Job]:
    for motion in motions:
        job = begin(motion, options, policy)
        job.tag = motion
        yield job


def _corrected(motions: Sequence[Motion], options: CorrectionOptions, policy: Policy, slots: int) -> None:
    """Everything from a motion to its correction and report."""
    for job in Engine(slots, threads=1).run(_Queue(_begun(motions, options, policy))):
        finish(job.tag, job, seed=0)


def _stepped(references: Sequence[Reference], hertz: float) -> None:
    """Bare physics: every body follows its servo targets, with nothing computed between control steps."""
    for reference in references:
        model = copy(reference.model)
        model.opt.timestep = 1 / hertz
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:] = reference.qpos, reference.qvel
        targets = fields_of(reference.rows).servo[:, -84:]
        steps = np.diff(np.rint(np.arange(len(targets) + 1) * hertz / CONTROL_FPS).astype(int))
        for target, count in zip(targets, steps, strict=True):
            data.ctrl[:] = target
            mujoco.mj_step(model, data, int(count))


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def bench(motions: Sequence[Motion], policy: str = "", slots: int = 32, rounds: int = 3) -> dict[str, Any]:
    """Rates over `motions` in frames (at 20 per second of motion) per core second, and their ratios to bare stepping.

    `mj_step` is bare stepping at the simulation's own step, `mj_step_450_hz` at that of UHC (Luo et al., NeurIPS 2021);
    `single_attempt` and `ladder` are the simulation loop, from a reference to a simulated motion; `end_to_end` is the
    ladder with all that surrounds it: resampling, preparation, retargeting, report.

    Raises:
        InvalidInput: there are no motions, one is none, or `slots` is below 1.
        NotFound: there is no such policy.
    """
    if slots < 1:
        raise InvalidInput.of("slots", f"is {slots}; must be at least 1")
    if not motions:
        raise InvalidInput.of("motions", "are none; there must be at least one")
    motions = [correctable(motion) for motion in motions]
    loaded = load_policy(policy)
    positions = [at_control_rate(motion) for motion in motions]
    prepared = [prepare(each) for each in positions]
    references = [retarget(each) for each in prepared]
    frames = sum(len(reference) for reference in references)
    once, ladder = CorrectionOptions(assist=_ATTEMPT_N), CorrectionOptions()
    rows: dict[str, Callable[[], object]] = {
        "mj_step": lambda: _stepped(references, CONTROL_FPS * SUBSTEPS),
        "mj_step_450_hz": lambda: _stepped(references, _UHC_HZ),
        "single_attempt": lambda: _simulated(references, once, loaded, slots),
        "ladder": lambda: _simulated(references, ladder, loaded, slots),
        "end_to_end": lambda: _corrected(motions, ladder, loaded, slots),
        "preparation": lambda: [prepare(each) for each in positions],
        "retargeting": lambda: [retarget(each) for each in prepared],
    }
    best = dict.fromkeys(rows, np.inf)
    for _ in range(rounds):
        for name, work in rows.items():
            best[name] = min(best[name], _cpu_seconds(work))
    rate = {name: frames / seconds for name, seconds in best.items()}
    return {
        "motions": len(motions),
        "frames": frames,
        "policy": loaded.name,
        "mujoco": mujoco.__version__,
        "slots": slots,
        "substep_s": 1 / (CONTROL_FPS * SUBSTEPS),
        "frames_per_core_second": rate,
        "ratio_single_attempt": rate["single_attempt"] / rate["mj_step"],
        "ratio_single_attempt_to_450_hz": rate["single_attempt"] / rate["mj_step_450_hz"],
        "ratio_ladder": rate["ladder"] / rate["mj_step"],
        "ratio_end_to_end": rate["end_to_end"] / rate["mj_step"],
        "retarget_ms_per_196_frames": 196 / rate["retargeting"] * 1e3,
        "prepare_ms_per_196_frames": 196 / rate["preparation"] * 1e3,
    }
