"""Values survive the conversion to messages and back, and malformed messages are refused by field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import EFFORTS, Assist, CorrectionOptions, CorrectorInfo, Effort, GeneratorInfo
from motion.report import Correction, PhysicalErrors, Report, Status
from motion.rpc import wire
from motion.skeleton import JOINT_NAMES
from motion.v1 import corrector_pb2, generator_pb2, motion_pb2

ERRORS = PhysicalErrors(1.0, 2.0, 3.0, 6.0, 0.25, 12.5, 0.1)
REPORT = Report(
    "FAILED",
    0.5,
    10.0,
    5.0,
    ERRORS,
    replace(ERRORS, float_mm=0.1),
    1.0,
    2.0,
    3.0,
    400.0,
    4,
    "base",
    "3.1",
    -7,
    9.8,
    reason="fell at 3.2 s",
    notes=("A note.", "Another."),
)
FLOAT32, INT32, BOOL = (motion_pb2.Tensor.DTYPE_FLOAT32, motion_pb2.Tensor.DTYPE_INT32, motion_pb2.Tensor.DTYPE_BOOL)

dtypes = st.sampled_from(["<f4", "<f8", "<i4", "<i8", "u1", "?", ">f4", ">i8"])
arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5))
)
sizes = st.one_of(st.integers(-3, 5), st.integers(-(2**63), 2**63 - 1))
tensors = st.builds(
    motion_pb2.Tensor,
    dtype=st.one_of(st.sampled_from(range(8)), st.integers(-(2**31), 2**31 - 1)),
    shape=st.lists(sizes, max_size=10),
    data=st.binary(max_size=300),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
messages = st.builds(
    motion_pb2.Motion,
    positions=st.one_of(
        tensors,
        st.integers(0, 3).map(lambda n: wire.pack_tensor(np.zeros((n, 22, 3), np.float32))),
    ),
    fps=st.floats(),
    joint_names=st.one_of(st.lists(texts, max_size=30), st.permutations(JOINT_NAMES)),
    caption=texts,
    name=texts,
)


def _motion(**values: object) -> Motion:
    positions = np.random.default_rng(0).normal(size=(5, 22, 3)).astype(np.float32)
    return Motion(positions, **values)  # pyright: ignore[reportArgumentType]


def _sent(message: motion_pb2.Motion) -> motion_pb2.Motion:
    return motion_pb2.Motion.FromString(message.SerializeToString())


@given(arrays)
def test_a_tensor_survives_bit_for_bit(array: np.ndarray) -> None:
    back = wire.unpack_tensor(wire.pack_tensor(array))
    native = array.astype(array.dtype.newbyteorder("="))
    assert back.dtype == native.dtype and back.shape == native.shape
    assert back.tobytes() == native.tobytes()
    assert back.flags.writeable and back.dtype.isnative


@settings(max_examples=300)
@given(tensors)
def test_any_tensor_is_read_or_refused(message: motion_pb2.Tensor) -> None:
    try:
        array = wire.unpack_tensor(message)
    except InvalidInput as error:
        assert {violation.field for violation in error.violations} <= {"dtype", "shape", "data"}
    else:
        assert array.shape == tuple(message.shape) and array.nbytes == len(message.data)


@settings(max_examples=200)
@given(messages)
def test_any_motion_is_read_or_refused(message: motion_pb2.Motion) -> None:
    try:
        motion = wire.unpack_motion(message)
    except InvalidInput as error:
        assert all(violation.field.split(".")[0] == "positions" for violation in error.violations)
    else:
        assert motion.positions.shape[1:] == (22, 3)


@given(st.binary(max_size=200))
def test_any_bytes_that_parse_as_a_request_are_read_or_refused(raw: bytes) -> None:
    try:
        message = corrector_pb2.CorrectRequest.FromString(raw)
    except Exception:
        return  # protobuf refuses the bytes itself
    for read in (lambda: wire.unpack_motion(message.motion), lambda: wire.unpack_options(message.options)):
        try:
            read()
        except InvalidInput as error:
            assert error.violations


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (motion_pb2.Tensor(), "dtype"),
        (motion_pb2.Tensor(dtype=99, shape=[1], data=b"1"), "dtype"),  # pyright: ignore[reportArgumentType]
        (motion_pb2.Tensor(dtype=FLOAT32, shape=[-1], data=b""), "shape"),
        (motion_pb2.Tensor(dtype=FLOAT32, shape=[2**62, 2**62], data=b""), "shape"),
        (motion_pb2.Tensor(dtype=FLOAT32, shape=[0, 2**62], data=b""), "shape"),
        (motion_pb2.Tensor(dtype=FLOAT32, shape=[1] * 65, data=b"1234"), "shape"),
        (motion_pb2.Tensor(dtype=FLOAT32, shape=[2], data=b"1234"), "data"),
        (motion_pb2.Tensor(dtype=INT32, shape=[], data=b""), "data"),
        (motion_pb2.Tensor(dtype=BOOL, shape=[2], data=b"\x01\x02"), "data"),
    ],
)
def test_a_malformed_tensor_is_refused_by_field(message: motion_pb2.Tensor, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wire.unpack_tensor(message)
    assert [violation.field for violation in refused.value.violations] == [field]


def test_an_array_of_an_unsupported_dtype_is_refused() -> None:
    with pytest.raises(InvalidInput, match="complex128"):
        wire.pack_tensor(np.zeros(2, complex))


@pytest.mark.parametrize("motion", [_motion(), _motion(fps=0.1 + 0.2, caption="geht über Eis", name="a/b 1")])
def test_a_motion_survives_the_round_trip(motion: Motion) -> None:
    back = wire.unpack_motion(_sent(wire.pack_motion(motion)))
    assert back.positions.tobytes() == motion.positions.tobytes()
    assert (back.fps, back.joint_names, back.caption, back.name) == (
        motion.fps,
        motion.joint_names,
        motion.caption,
        motion.name,
    )


def test_joint_names_are_sent_with_the_joints() -> None:
    motion = _motion()
    order = np.random.default_rng(1).permutation(22)
    names = tuple(JOINT_NAMES[joint] for joint in order)
    other = replace(motion, positions=motion.positions[:, order], joint_names=names)
    back = wire.unpack_motion(_sent(wire.pack_motion(other)))
    assert back.joint_names == names
    np.testing.assert_array_equal(back.positions, other.positions)


def test_joints_without_names_are_in_the_order_of_humanml3d() -> None:
    message = wire.pack_motion(_motion())
    message.ClearField("joint_names")
    assert wire.unpack_motion(message).joint_names == JOINT_NAMES


def test_positions_must_be_float32() -> None:
    message = motion_pb2.Motion(positions=wire.pack_tensor(np.zeros((4, 22, 3))))
    with pytest.raises(InvalidInput, match="float64"):
        wire.unpack_motion(message)


@pytest.mark.parametrize("max_assist_n", [None, 0.0, 150.0])
@pytest.mark.parametrize("assist", ["auto", "none", 12.5])
def test_options_survive_the_round_trip(assist: Assist, max_assist_n: float | None) -> None:
    options = CorrectionOptions(policy="base", assist=assist, max_assist_n=max_assist_n, in_place=max_assist_n is None)
    assert wire.unpack_options(wire.pack_options(options)) == options


@pytest.mark.parametrize("effort", EFFORTS)
def test_efforts_and_the_wish_for_a_trace_survive_the_round_trip(effort: Effort) -> None:
    options = CorrectionOptions(effort=effort, trace=effort == "fast", trace_if_simulated=effort == "standard")
    assert wire.unpack_options(wire.pack_options(options)) == options


def test_clients_and_servers_that_know_efforts_as_numbers_understand_each_other() -> None:
    for number, name in ((0, "standard"), (1, "standard"), (2, "thorough"), (4, "thorough")):
        assert wire.unpack_options(corrector_pb2.CorrectionOptions(effort=number)).effort == name
    sent = {name: wire.pack_options(CorrectionOptions(effort=name)).effort for name in EFFORTS}
    assert sent == {"kinematic": 1, "fast": 1, "standard": 1, "thorough": 4}
    both = corrector_pb2.CorrectionOptions(effort=4, effort_name="fast")
    assert wire.unpack_options(both).effort == "fast"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (corrector_pb2.CorrectionOptions(effort=5), "effort"),
        (corrector_pb2.CorrectionOptions(effort=-1), "effort"),
        (corrector_pb2.CorrectionOptions(effort_name="4"), "effort_name"),
        (corrector_pb2.CorrectionOptions(effort_name="slow", effort=1), "effort_name"),
    ],
)
def test_an_unknown_effort_is_refused_by_its_field(message: corrector_pb2.CorrectionOptions, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wire.unpack_options(message)
    assert [violation.field for violation in refused.value.violations] == [field]


def test_a_limit_of_0_is_none_and_an_absent_limit_is_auto() -> None:
    assert wire.unpack_options(wire.pack_options(CorrectionOptions(assist=0.0))).assist == "none"
    assert wire.unpack_options(corrector_pb2.CorrectionOptions()).assist == "auto"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (corrector_pb2.CorrectionOptions(assist_auto=False), "assist_auto"),
        (corrector_pb2.CorrectionOptions(assist_limit_n=-1.0), "assist_limit_n"),
        (corrector_pb2.CorrectionOptions(assist_limit_n=float("nan")), "assist_limit_n"),
        (corrector_pb2.CorrectionOptions(assist_limit_n=float("inf")), "assist_limit_n"),
        (corrector_pb2.CorrectionOptions(max_assist_n=-1.0), "max_assist_n"),
        (corrector_pb2.CorrectionOptions(max_assist_n=float("nan"), assist_limit_n=5.0), "max_assist_n"),
    ],
)
def test_an_invalid_assist_is_refused(message: corrector_pb2.CorrectionOptions, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        wire.unpack_options(message)
    assert refused.value.violations[0].field == field


def test_a_correction_survives_the_round_trip() -> None:
    motion = _motion(name="one")
    answer = corrector_pb2.CorrectResponse(motion=wire.pack_motion(motion), report=wire.pack_report(REPORT))
    back = wire.unpack_correction(answer)
    assert back.report == REPORT
    assert Correction(back.motion, back.report).motion.positions.tobytes() == motion.positions.tobytes()


@pytest.mark.parametrize("status", ["OK", "ASSISTED", "FAILED"])
def test_every_status_survives_and_older_clients_read_one_that_they_know(status: Status) -> None:
    message = wire.pack_report(replace(REPORT, status=status))
    assert wire.unpack_report(message).status == status
    assert message.status == (corrector_pb2.Report.FAILED if status == "FAILED" else corrector_pb2.Report.OK)


def test_the_status_of_an_older_server_holds() -> None:
    for status, name in ((corrector_pb2.Report.OK, "OK"), (corrector_pb2.Report.FAILED, "FAILED")):
        message = wire.pack_report(REPORT)
        message.status = status
        for field in ("detailed_status", "reason", "notes"):
            message.ClearField(field)
        report = wire.unpack_report(message)
        assert (report.status, report.reason, report.notes) == (name, "", ())


@pytest.mark.parametrize("missing", ["status", "before", "after"])
def test_a_report_without_its_parts_is_refused(missing: str) -> None:
    message = wire.pack_report(REPORT)
    message.ClearField(missing)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput, match=missing):
        wire.unpack_report(message)


def test_every_field_of_a_report_and_of_a_description_is_on_the_wire() -> None:
    on_the_wire = set(corrector_pb2.Report.DESCRIPTOR.fields_by_name)
    assert set(REPORT.to_json()) == on_the_wire - {"detailed_status"}
    assert set(REPORT.to_json()["before"]) == set(corrector_pb2.PhysicalErrors.DESCRIPTOR.fields_by_name)
    corrector = CorrectorInfo("physics", "base", ("base", "walker"), "3.17", "0.1", 3, 2000, 40.0, (0.0, 25.0))
    generator = GeneratorInfo("mdm", "0.1", 20.0, 40, 196, ("c1",), "c1", "cpu")
    assert wire.unpack_corrector_info(wire.pack_corrector_info(corrector)) == corrector
    assert wire.unpack_generator_info(wire.pack_generator_info(generator)) == generator


def test_values_that_do_not_fit_their_field_are_refused() -> None:
    with pytest.raises(InvalidInput, match="seed"):
        wire.build(corrector_pb2.CorrectRequest, seed=2**63)
    with pytest.raises(InvalidInput, match="caption"):
        wire.pack_motion(_motion(caption="\ud800"))


def test_absent_sample_options_become_none() -> None:
    assert wire.unpack_sample_options(generator_pb2.SampleRequest()).guidance is None
    assert wire.unpack_sample_options(generator_pb2.SampleRequest()).steps is None
    options = wire.unpack_sample_options(generator_pb2.SampleRequest(guidance=0.0, steps=10, checkpoint="c"))
    assert (options.guidance, options.steps, options.checkpoint) == (0.0, 10, "c")
