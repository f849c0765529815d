"""The corrector as its users see it: results, refusals, defects and the life of its worker."""

from __future__ import annotations

from concurrent.futures import CancelledError
from itertools import count

import mujoco
import numpy as np
import pytest

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.humanml3d.features import positions_to_features
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.protocols import Corrector as CorrectorProtocol
from motion.resample import resample
from motion.synthesis import synthesize
from sim_server import Corrector, QueueFull
from sim_server import correction as correction_module
from sim_server.engine.engine import Engine
from sim_server.engine.job import Job
from sim_server.policies import policy_store

SIMULATED = CorrectionOptions(effort="fast", always_simulate=True)


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    return [Motion(motion.positions[:40], name=motion.name) for motion in synthesize(4, 5)]


@pytest.fixture(scope="module")
def corrector():
    with Corrector() as shared:
        yield shared


def test_it_satisfies_the_protocol(corrector: Corrector) -> None:
    assert isinstance(corrector, CorrectorProtocol)
    info = corrector.describe()
    assert info.default_policy in info.policies and info.mujoco == mujoco.__version__


def test_an_answer_does_not_depend_on_the_other_motions(corrector: Corrector, motions: list[Motion]) -> None:
    together = corrector.correct(motions, seed=3)
    for motion, correction in zip(motions, together, strict=True):
        alone = corrector.correct([motion], seed=3)[0]
        assert np.array_equal(alone.motion.positions, correction.motion.positions)
        assert alone.report == correction.report
        assert correction.report.seed == 3 and correction.motion.name == motion.name


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 120.0])
def test_a_correction_has_the_rate_and_length_of_its_motion(
    corrector: Corrector, motions: list[Motion], fps: float
) -> None:
    faster = Motion(resample(motions[0].positions.astype(float), 20, fps), fps)
    corrected = corrector.correct([faster])[0]
    assert len(corrected.motion) == len(faster) and corrected.motion.fps == fps
    assert corrected.report.status == "OK"
    assert corrected.report.mpjpe_global_mm < 60


def test_arrays_of_positions_and_of_features_are_accepted(corrector: Corrector, motions: list[Motion]) -> None:
    positions = motions[1].positions
    features = positions_to_features(positions.astype(float))
    by_positions, by_features = corrector.correct([positions, features])
    assert by_positions.motion.positions.shape == positions.shape
    assert by_features.motion.positions.shape == (len(features), 22, 3)


def test_a_motion_that_cannot_be_simulated_fails_alone(
    corrector: Corrector, motions: list[Motion], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, marked = correction_module.reference_from_positions, motions[1]

    def build(positions):
        if len(positions) == 33:
            raise mujoco.FatalError("no such body")
        return real(positions)

    monkeypatch.setattr(correction_module, "reference_from_positions", build)
    bad = Motion(marked.positions[:33])
    first, failed, last = corrector.correct([motions[0], bad, motions[2]], options=SIMULATED)
    assert failed.report.status == "FAILED" and failed.report.completed == 0
    assert failed.report.reason == "no body fits it: no such body"
    assert np.array_equal(failed.motion.positions, bad.positions)
    for correction, motion in ((first, motions[0]), (last, motions[2])):
        assert np.array_equal(
            correction.motion.positions, corrector.correct([motion], options=SIMULATED)[0].motion.positions
        )


def test_an_unforeseen_error_fails_only_its_own_motion(motions: list[Motion], monkeypatch: pytest.MonkeyPatch) -> None:
    real = correction_module.reference_from_positions

    def build(positions):
        if len(positions) == 33:
            raise IndexError("a defect")
        return real(positions)

    monkeypatch.setattr(correction_module, "reference_from_positions", build)
    with Corrector("base") as corrector:
        failing = corrector.submit(Motion(motions[1].positions[:33]), options=SIMULATED)
        with pytest.raises(IndexError, match="a defect"):
            failing.result(timeout=60)
        assert corrector.submit(motions[0]).result(timeout=60).report.status == "OK"


def test_an_engine_that_fails_is_replaced(motions: list[Motion], monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = Engine.step, count()

    def step(self: Engine[Job]) -> list[Job]:
        if next(calls) == 5:
            raise RuntimeError("no more memory")
        return real(self)

    monkeypatch.setattr(Engine, "step", step)
    with Corrector("base") as corrector:
        failed = corrector._engine
        with pytest.raises(RuntimeError, match="no more memory"):
            corrector.correct([motions[0]], options=SIMULATED)
        assert corrector.correct([motions[0]], options=SIMULATED)[0].report.status == "OK"
        assert corrector._engine is not failed


def test_without_assist_no_force_acts(corrector: Corrector, motions: list[Motion]) -> None:
    for correction in corrector.correct(motions, options=CorrectionOptions(assist="none")):
        assert correction.report.residual_force_n_max == 0 and correction.report.assist_limit_n == 0
        assert correction.report.status == ("OK" if correction.report.completed == 1 else "FAILED")


def test_refusals_name_the_motion_and_the_field(corrector: Corrector, motions: list[Motion]) -> None:
    with pytest.raises(InvalidInput) as refused:
        corrector.correct([motions[0], np.full((20, 22, 3), np.nan), motions[1].positions[:2]])
    assert {violation.field for violation in refused.value.violations} == {
        "motions[1].positions",
        "motions[2].positions",
    }
    long = np.repeat(motions[0].positions[:1], 50_001, axis=0)
    corrector.submit(Motion(long, fps=120)).cancel()  # 7 minutes are taken, whatever the rate
    with pytest.raises(InvalidInput, match=r"last .* must be between 0.15 and 2499.95 s"):
        corrector.submit(Motion(long, fps=20))
    with pytest.raises(InvalidInput, match="last"):
        corrector.correct([Motion(motions[0].positions[:6], fps=500)])
    for seed in (-1, 2**63, 1.5, None):
        with pytest.raises(InvalidInput, match=r"seed: is .*; must be a whole number"):
            corrector.correct(motions[:1], seed=seed)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NotFound, match="base"):
        corrector.correct(motions, options=CorrectionOptions(policy="nobody"))


def test_a_full_queue_and_a_closed_corrector_refuse_motions(motions: list[Motion]) -> None:
    corrector = Corrector(slots=1, queue_size=2)
    futures = []
    with pytest.raises(QueueFull):
        for _ in range(200):
            futures.append(corrector.submit(motions[0]))
    assert futures[-1].cancel()
    with pytest.raises(CancelledError):
        futures[-1].result()
    assert futures[0].result(timeout=60).report.status == "OK"
    corrector.close()
    for future in futures:
        assert future.done()
    with pytest.raises(ServiceUnavailable):
        corrector.submit(motions[0])


def test_closing_leaves_nobody_waiting(motions: list[Motion]) -> None:
    corrector = Corrector("base", slots=1)
    futures = [corrector.submit(motion, options=CorrectionOptions(effort=3)) for motion in motions]
    corrector.close()
    for future in futures:
        assert future.exception(timeout=5) is None or "closed" in str(future.exception())


def test_correct_and_submit_take_seed_and_options_in_one_order(corrector: Corrector, motions: list[Motion]) -> None:
    options = CorrectionOptions(policy="base", assist=0.0)
    (corrected,) = corrector.correct(motions[:1], 7, options)
    submitted = corrector.submit(motions[0], 7, options).result(timeout=60)
    assert corrected.report == submitted.report
    assert (submitted.report.seed, submitted.report.policy) == (7, "base")


def test_a_motion_is_corrected_as_it_was_handed_over(motions: list[Motion]) -> None:
    """The caller may use his array for something else while the motion waits."""
    positions = motions[1].positions.copy()
    with Corrector("base", slots=1) as corrector:
        corrector.submit(motions[0])
        waiting = corrector.submit(Motion(positions))
        positions[:] = 0
        correction = waiting.result(timeout=60)
        assert np.array_equal(correction.motion.positions, corrector.correct([motions[1]])[0].motion.positions)


@pytest.mark.parametrize("policy", ["", "base"])
def test_a_corrector_reads_each_policy_once(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = policy_store.read_policy
    monkeypatch.setattr(policy_store, "read_policy", lambda folder: read.append(folder.name) or real(folder))
    with Corrector(policy) as corrector:
        assert corrector.describe().policies == ("plumb-1", "plumb-2", "base", "zero")
    assert read == ["plumb-1", "plumb-2"]


@pytest.mark.parametrize("name", ["base", "zero"])
def test_a_learned_policy_may_not_replace_one_that_is_built_in(name: str) -> None:
    shipped = policy_store.load_policy("")
    shipped.name = name
    with pytest.raises(InvalidInput, match=f"policy: has the name '{name}'; must have another"):
        Corrector(shipped)


def test_progress_includes_the_motions_under_way_and_never_falls(corrector: Corrector, motions: list[Motion]) -> None:
    calls: list[tuple[float, int]] = []
    corrector.correct(motions, options=CorrectionOptions(effort=2), progress=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {len(motions)}
    assert done == sorted(done) and done[-1] == len(motions)
    assert len(calls) >= len(motions)


def test_progress_moves_while_one_long_motion_is_corrected(corrector: Corrector) -> None:
    (run,) = synthesize(1, 3, actions=["run"])
    long = Motion(np.concatenate([run.positions, run.positions[::-1]] * 2))
    calls: list[float] = []
    corrector.correct([long], 0, CorrectionOptions(effort="fast"), progress=lambda done, _: calls.append(done))
    assert any(0 < done < 1 for done in calls) and calls[-1] == 1
