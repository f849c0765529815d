"""Measure the speed of the corrector, next to bare physics of the same bodies.

Everything is measured in one run, in CPU time of one thread, because machines are noisy: bare `mj_step` with the servo
targets of the correction, the engine with a single attempt, the engine with the assist ladder, and the whole
correction. Rounds alternate between them, and the best round of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np

from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from sim_server.body.dynamics_filter import filter_dynamics
from sim_server.body.humanoid import CONTROL_FPS, PHYSICS_STEPS, SUBSTEPS, build_model
from sim_server.body.reference_row import view_steps
from sim_server.body.retarget import Reference, retarget
from sim_server.control_rate import at_control_rate, check_correctable
from sim_server.correction import build_correction, build_reference
from sim_server.engine.engine import Engine
from sim_server.engine.job import Job
from sim_server.evaluation.bench_conditions import check_conditions, measure_conditions
from sim_server.evaluation.stage_profile import profile_stages
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policy
from sim_server.preparation import prepare

_UHC_HZ = 450.0  # simulation rate of UHC, and of the methods that build on it
_UNREACHED_N = 1e6  # an assist limit that is never reached: one attempt suffices for any motion


class _MotionJob(Job):
    """A job that keeps its motion, to build the correction from both."""

    def __init__(self, motion: Motion, options: CorrectionOptions, policy: Policy):
        super().__init__(build_reference(motion), options, policy)
        self.motion = motion


def bench(
    motions: Sequence[Motion],
    policy: str = "",
    slots: int = 32,
    rounds: int = 3,
    threads: Sequence[int] = (),
    busy: int = 0,
) -> dict[str, Any]:
    """Measure frames (of motions at 20 frames/s) per core second, and their ratios to bare stepping.

    Args:
        motions: motions to correct.
        policy: name or folder of the policy; empty for the default.
        slots: motions that are simulated at once.
        rounds: rounds of which the best counts.
        threads: numbers of threads of the physics to measure the engine at besides; none by default.
        busy: processes that compute beside these measurements, which are made with and without them.

    Returns:
        A JSON document. In its rates `mj_step` is bare stepping at the step of our simulation and `mj_step_450_hz` at
        that of UHC (Luo et al., NeurIPS 2021); `single_attempt` and `ladder` are the engine, from a reference to the
        simulated motion; `end_to_end` adds resampling, preparation, retargeting and the report. `stages` are shares
        of its time, see `stage_profile`, and `conditions` the single attempt at other numbers of
        threads, see `bench_conditions`.

    Raises:
        InvalidInput: there are no motions, one is invalid, or a number is out of range.
        NotFound: there is no such policy.
    """
    for name, value in (("slots", slots), ("rounds", rounds)):
        if value < 1:
            raise InvalidInput.of(name, f"is {value}; must be at least 1")
    check_conditions(threads, busy)
    if not motions:
        raise InvalidInput.of("motions", "are none; there must be at least one")
    motions = [check_correctable(motion) for motion in motions]
    loaded = load_policy(policy)
    positions = [at_control_rate(motion) for motion in motions]
    prepared = [prepare(each) for each in positions]
    bodies = [build_model(each.offsets) for each in prepared]
    filtered = [filter_dynamics(each, body) for each, body in zip(prepared, bodies, strict=True)]
    references = [retarget(each, body) for each, body in zip(filtered, bodies, strict=True)]
    frames = sum(len(reference) for reference in references)
    ladder = CorrectionOptions(effort="fast", always_simulate=True)
    once = replace(ladder, assist=_UNREACHED_N)
    work: dict[str, Callable[[], object]] = {
        "mj_step": lambda: _step_bodies(references, CONTROL_FPS * SUBSTEPS * PHYSICS_STEPS),
        "mj_step_450_hz": lambda: _step_bodies(references, _UHC_HZ),
        "single_attempt": lambda: _simulate(references, once, loaded, slots),
        "ladder": lambda: _simulate(references, ladder, loaded, slots),
        "end_to_end": lambda: _correct(motions, ladder, loaded, slots),
        "preparation": lambda: [prepare(each) for each in positions],
        "filter": lambda: [filter_dynamics(each, body) for each, body in zip(prepared, bodies, strict=True)],
        "retargeting": lambda: [retarget(each, body) for each, body in zip(filtered, bodies, strict=True)],
    }
    best = dict.fromkeys(work, np.inf)
    with single_threaded_blas():
        _simulate(references[:1], once, loaded, slots)  # functions are compiled when they are called first
        for _ in range(rounds):
            for name, run in work.items():
                best[name] = min(best[name], _cpu_seconds(run))
        stages = profile_stages(work["end_to_end"])
        conditions = measure_conditions(
            lambda count: _simulate(references, once, loaded, slots, count), work["mj_step"], frames, threads, busy
        )
    rate = {name: frames / seconds for name, seconds in best.items()}
    return {
        "motions": len(motions),
        "frames": frames,
        "policy": loaded.name,
        "mujoco": mujoco.__version__,
        "slots": slots,
        "substep_s": 1 / (CONTROL_FPS * SUBSTEPS),
        "physics_step_s": 1 / (CONTROL_FPS * SUBSTEPS * PHYSICS_STEPS),
        "frames_per_core_second": rate,
        "ratio_single_attempt": rate["single_attempt"] / rate["mj_step"],
        "ratio_single_attempt_to_450_hz": rate["single_attempt"] / rate["mj_step_450_hz"],
        "ratio_ladder": rate["ladder"] / rate["mj_step"],
        "ratio_end_to_end": rate["end_to_end"] / rate["mj_step"],
        "retarget_ms_per_196_frames": 196 / rate["retargeting"] * 1e3,
        "filter_ms_per_196_frames": 196 / rate["filter"] * 1e3,
        "prepare_ms_per_196_frames": 196 / rate["preparation"] * 1e3,
        "stages": stages,
        "conditions": conditions,
    }


def _step_bodies(references: Sequence[Reference], hertz: float) -> None:
    """Step every body by bare physics: it follows its servo targets, and nothing is computed between the steps."""
    for reference in references:
        model = copy(reference.model)
        model.opt.timestep = 1 / hertz
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:] = reference.qpos, reference.qvel
        targets = view_steps(reference.rows).servo_targets[:, -1].reshape(reference.steps, -1)
        steps = np.diff(np.rint(np.arange(len(targets) + 1) * hertz / CONTROL_FPS).astype(int))
        for target, count in zip(targets, steps, strict=True):
            data.ctrl[:] = target
            mujoco.mj_step(model, data, int(count))


def _simulate(
    references: Sequence[Reference], options: CorrectionOptions, policy: Policy, slots: int, threads: int = 1
) -> None:
    """Run the engine on motions that are prepared and retargeted already."""
    for _ in Engine[Job](slots, threads).run(Job(reference, options, policy) for reference in references):
        pass


def _correct(motions: Sequence[Motion], options: CorrectionOptions, policy: Policy, slots: int) -> None:
    """Correct motions completely, as a corrector does: each is prepared when there is room for it."""

    def jobs() -> Iterator[_MotionJob]:
        for motion in motions:
            yield _MotionJob(motion, options, policy)

    for job in Engine[_MotionJob](slots, threads=1).run(jobs()):
        build_correction(job.motion, job, seed=0, options=options)


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
