"""The contract of correctors: the same cases have the same results in-process and over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector
from motion.errors import InvalidInput, NotFound
from motion.humanml3d.features import positions_to_features
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.report import Correction
from motion.rpc.server import serving
from sim_server import Corrector as PhysicsCorrector
from sim_server.service import services


@pytest.fixture(scope="module", params=["smoothing", "physics"])
def local(request: pytest.FixtureRequest) -> Iterator[Corrector]:
    corrector = SmoothingCorrector() if request.param == "smoothing" else PhysicsCorrector(slots=8)
    yield corrector
    corrector.close()


@pytest.fixture(scope="module")
def remote(local: SmoothingCorrector | PhysicsCorrector) -> Iterator[Corrector]:
    with serving(services(local)) as address, RemoteCorrector(address) as client:
        yield client


@pytest.fixture(params=["in-process", "networked"])
def corrector(request: pytest.FixtureRequest, local: Corrector, remote: Corrector) -> Corrector:
    return local if request.param == "in-process" else remote


def is_same(left: Correction, right: Correction) -> bool:
    return (
        left.report == right.report
        and left.motion.positions.tobytes() == right.motion.positions.tobytes()
        and (left.motion.fps, left.motion.joint_names, left.motion.caption, left.motion.name)
        == (right.motion.fps, right.motion.joint_names, right.motion.caption, right.motion.name)
    )


def test_corrector_satisfies_the_protocol(corrector: Corrector) -> None:
    assert isinstance(corrector, Corrector)


def test_local_and_remote_descriptions_are_equal(local: Corrector, remote: Corrector) -> None:
    assert local.describe() == remote.describe()
    assert remote.describe().default_policy in remote.describe().policies


def test_local_and_remote_corrections_have_the_same_bytes(local: Corrector, remote: Corrector) -> None:
    motions = [
        sway(20, 1, caption="sways", name="a"),
        sway(31, 2, fps=30.0),
        sway(16, 3, caption="", name=""),
        sway(20, 4).positions,
    ]
    for options in (None, CorrectionOptions(assist="none"), CorrectionOptions(assist=75.5)):
        remote_corrections, local_corrections = remote.correct(motions, 3, options), local.correct(motions, 3, options)
        assert all(is_same(*pair) for pair in zip(remote_corrections, local_corrections, strict=True))


def test_corrections_have_the_rate_and_length_of_the_input(corrector: Corrector) -> None:
    motion = sway(25, fps=24.0, caption="sways", name="one")
    (correction,) = corrector.correct([motion])
    assert correction.motion.positions.shape == (25, 22, 3)
    assert (correction.motion.fps, correction.motion.name, correction.motion.caption) == (24.0, "one", "sways")
    assert correction.report.seed == 0 and correction.report.status == "OK"


def test_corrections_depend_neither_on_order_nor_on_other_motions(corrector: Corrector) -> None:
    motions = [sway(16 + 3 * seed, seed) for seed in range(5)]
    together = corrector.correct(motions)
    backwards = corrector.correct(motions[::-1])[::-1]
    alone = [corrector.correct([motion])[0] for motion in motions]
    for one, other, third in zip(together, backwards, alone, strict=True):
        assert is_same(one, other) and is_same(one, third)


def _carried() -> Motion:
    """Return a body that rises and sinks high over the floor for 3 s, which nothing in the world does."""
    motion = sway(60, 6, name="carried")
    height = 0.5 + 0.5 * np.sin(np.linspace(0, 3 * np.pi, 60))
    return motion.with_positions(motion.positions + height[:, None, None] * np.float32([0, 1, 0]))


def test_a_motion_that_was_carried_is_assisted_and_says_why(corrector: Corrector) -> None:
    carried, plain = corrector.correct([_carried(), sway(20)], options=CorrectionOptions(effort="fast"))
    assert (carried.report.status, plain.report.status) == ("ASSISTED", "OK")
    assert carried.report.completed == 1 and "carried" in carried.report.reason and plain.report.reason == ""


def test_more_assist_than_allowed_on_average_fails_and_changes_nothing_else(corrector: Corrector) -> None:
    (usual,) = corrector.correct([_carried()], options=CorrectionOptions(effort="fast"))
    mean = usual.report.residual_force_n_mean
    (same,) = corrector.correct([_carried()], options=CorrectionOptions(effort="fast", max_assist_n=mean + 1))
    assert is_same(same, usual)
    (failed,) = corrector.correct([_carried()], options=CorrectionOptions(effort="fast", max_assist_n=0.9 * mean))
    assert failed.report.status == "FAILED" and "more than" in failed.report.reason
    assert is_same(replace(failed, report=replace(failed.report, status="ASSISTED", reason=usual.report.reason)), usual)


def test_joints_in_another_order_are_reordered(corrector: Corrector) -> None:
    motion = sway(20)
    order = np.random.default_rng(0).permutation(22)
    names = tuple(motion.joint_names[joint] for joint in order)
    (other,) = corrector.correct([Motion(motion.positions[:, order], joint_names=names)])
    assert is_same(other, corrector.correct([motion])[0])


def test_features_are_accepted(corrector: Corrector) -> None:
    features = positions_to_features(sway(24, 5).positions)
    (correction,) = corrector.correct([features])
    assert correction.motion.positions.shape == (len(features), 22, 3)


def test_progress_never_falls_and_ends_at_the_number_of_motions(corrector: Corrector) -> None:
    seen: list[tuple[float, int]] = []
    corrector.correct([sway(16, seed) for seed in range(4)], progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1] == (4, 4) and {total for _, total in seen} == {4}


def test_an_empty_list_has_no_corrections(corrector: Corrector) -> None:
    assert corrector.correct([]) == []


def _with_value(index: tuple[int, int, int], value: float) -> np.ndarray:
    positions = sway(20).positions.copy()
    positions[index] = value
    return positions


BAD = {
    "nan": _with_value((3, 4, 1), np.nan),
    "infinite": _with_value((3, 4, 1), np.inf),
    "21 joints": np.zeros((20, 21, 3), np.float32),
    "flat": np.zeros(7, np.float32),
    "no frames": np.zeros((0, 22, 3), np.float32),
    "two frames": sway(2).positions,
    "50001 frames": np.repeat(sway(3).positions[:1], 50_001, 0),
    "3 cm tall": sway(20).positions * 0.02,
    "30 m tall": sway(20).positions * 20,
    "one point": np.zeros((20, 22, 3), np.float32),
    "no rate": Motion(sway(20).positions, fps=0.0),
    "rate not a number": Motion(sway(20).positions, fps=float("nan")),
    "unknown joint": Motion(sway(20).positions, joint_names=("tail", *sway(3).joint_names[1:])),
    "features of nothing": np.full((30, 263), 1e6, np.float32),
}


@pytest.mark.parametrize("bad", BAD)
def test_malformed_motions_are_refused_by_field(corrector: Corrector, bad: str) -> None:
    if bad == "50001 frames" and corrector.describe().name == "smoothing":
        pytest.skip("the smoothing corrector has no limit of frames")
    with pytest.raises(InvalidInput) as refused:
        corrector.correct([sway(16), BAD[bad], sway(17)])
    assert refused.value.violations
    assert all(violation.field.startswith("motions[1].") for violation in refused.value.violations)


def test_local_and_remote_refusals_have_the_same_text(local: Corrector, remote: Corrector) -> None:
    refusals = []
    for corrector in (local, remote):
        with pytest.raises(InvalidInput) as refused:
            corrector.correct([BAD["nan"], sway(16), BAD["no rate"]])
        refusals.append(refused.value.violations)
    assert refusals[0] == refusals[1]


def test_an_unknown_policy_is_not_found(corrector: Corrector) -> None:
    with pytest.raises(NotFound, match="no-such-policy"):
        corrector.correct([sway(16)], options=CorrectionOptions(policy="no-such-policy"))


def test_naming_the_default_policy_changes_nothing(corrector: Corrector) -> None:
    name = corrector.describe().default_policy
    (default,), (named,) = (corrector.correct([sway(16)], options=CorrectionOptions(policy=p)) for p in ("", name))
    assert is_same(default, named) and named.report.policy == name
