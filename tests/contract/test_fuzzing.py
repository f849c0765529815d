"""Whatever a client sends: an answer or a refusal in time, never an error of the server's own, and no growth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
import pytest
from corrector_calls import request_of, served
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.sample_request import check_sample_request
from generator.service import services as generator_services
from motion.motion import Motion
from motion.protocols import CorrectionOptions, SampleOptions
from motion.report import Correction
from motion.rpc import corrector_client, generator_client, wire
from motion.rpc.server import ServerSettings, serving
from motion.v1 import corrector_pb2, generator_pb2

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")

_SECONDS = 10.0
_FINE = (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
_MOTION = wire.pack_motion(sway(12))


class CheckedGenerator(SwayingGenerator):
    """Refuses what the generator that ships refuses."""

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        check_sample_request(prompts, lengths, seed, options or SampleOptions(), start_index)
        return super().sample(prompts, lengths, seed, options, start_index)


class CheckedCorrector(SmoothingCorrector):
    """Has the seeds of the corrector that ships alone."""

    def submit(self, motion: Motion, seed: int = 0, options: CorrectionOptions | None = None) -> Future[Correction]:
        assert 0 <= seed < 2**63
        return super().submit(motion, seed, options)


METHODS: dict[str, Message] = {
    f"/{corrector_client.SERVICE}/Correct": request_of(sway(12), seed=3, id="a"),
    f"/{corrector_client.SERVICE}/Score": corrector_pb2.ScoreRequest(motion=_MOTION, id="a"),
    f"/{corrector_client.SERVICE}/CorrectStream": request_of(sway(12), seed=3, id="a"),
    f"/{corrector_client.SERVICE}/Describe": corrector_pb2.DescribeCorrectorRequest(),
    f"/{generator_client.SERVICE}/Sample": generator_pb2.SampleRequest(prompts=["sways"], lengths=[12], seed=1),
    f"/{generator_client.SERVICE}/UploadDataset": generator_pb2.UploadDatasetRequest(motion=_MOTION, total=1),
    f"/{generator_client.SERVICE}/Fit": generator_pb2.FitRequest(dataset_id="none", steps=2, settings={"lr": "1"}),
}
CASES = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.rpartition("/")[2])


@pytest.fixture(scope="module")
def channels() -> Iterator[dict[str, grpc.Channel]]:
    fast = ServerSettings("127.0.0.1:0", drain_seconds=0.0)
    with served(CheckedCorrector()) as sim, serving(generator_services(CheckedGenerator()), fast) as generator:
        with grpc.insecure_channel(sim) as one, grpc.insecure_channel(generator) as other:
            yield {corrector_client.SERVICE: one, generator_client.SERVICE: other}


def _status(channels: dict[str, grpc.Channel], method: str, raw: bytes) -> tuple[grpc.StatusCode, str]:
    """Send bytes as the request of a method, and return how the call ended."""
    channel = channels[method.strip("/").partition("/")[0]]
    try:
        # On the wire a single message is a stream of one.
        list(channel.stream_stream(method)(iter([raw]), timeout=_SECONDS))
    except grpc.RpcError as error:
        return error.code(), error.details()  # pyright: ignore[reportAttributeAccessIssue]
    return grpc.StatusCode.OK, ""


_INTEGERS = st.one_of(st.integers(-3, 40), st.sampled_from([-(2**31), 2**31 - 1]))
_VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: _INTEGERS,
    FieldDescriptor.CPPTYPE_INT64: st.one_of(_INTEGERS, st.sampled_from([-(2**63), 2**63 - 1, 2**40])),
    FieldDescriptor.CPPTYPE_DOUBLE: st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e-300, 1e300, 20.0, 5e-5])),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(0, 9),
}


def _text() -> st.SearchStrategy[str]:
    special = ["", "..", "../../etc/passwd", "/etc/passwd", "clip:/etc", "text_encoder", "lr", "f" * 300, "x" * 20_000]
    return st.one_of(st.text(max_size=12), st.sampled_from(special))


def _value(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        is_bytes = field.type == FieldDescriptor.TYPE_BYTES
        return st.one_of(st.binary(max_size=40), st.binary(min_size=264, max_size=264)) if is_bytes else _text()
    return _VALUES[field.cpp_type]


@st.composite
def changed_fields(draw: st.DrawFn, base: Message) -> Message:
    """Draw a message like `base` of which some fields, at any depth, are absent or hold anything that they can."""
    message = type(base)()
    message.CopyFrom(base)
    _change(draw, message, st.sampled_from(["keep", "keep", "clear", "change"]))
    return message


def _change(draw: st.DrawFn, message: Message, actions: st.SearchStrategy[str]) -> None:
    for field in message.DESCRIPTOR.fields:
        action = draw(actions)
        if action == "clear":
            message.ClearField(field.name)
        elif field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
            if action == "change":
                if field.is_repeated:
                    message.ClearField(field.name)
                    getattr(message, field.name).extend(draw(st.lists(_value(field), max_size=4)))
                else:
                    setattr(message, field.name, draw(_value(field)))
        elif field.message_type.GetOptions().map_entry:
            if action == "change":
                getattr(message, field.name).update(draw(st.dictionaries(_text(), _text(), max_size=3)))
        elif not field.is_repeated and (message.HasField(field.name) or action == "change"):
            _change(draw, getattr(message, field.name), actions)


@st.composite
def changed_bytes(draw: st.DrawFn, base: bytes) -> bytes:
    """Draw bytes that are `base` with some of them overwritten, left out, repeated or added."""
    raw = bytearray(base)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(raw)))
        size = draw(st.integers(0, 8))
        kind = draw(st.sampled_from(["overwrite", "leave out", "repeat", "add", "end here"]))
        new = draw(st.binary(min_size=size, max_size=size))
        if kind == "overwrite":
            raw[at : at + size] = new
        elif kind == "leave out":
            del raw[at : at + size]
        elif kind == "repeat":
            raw[at:at] = raw[at : at + size] * 3
        elif kind == "add":
            raw[at:at] = new
        else:
            del raw[at:]
    return bytes(raw)


_SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@CASES
def test_any_value_of_any_field_is_answered_or_refused(channels: dict[str, grpc.Channel], method: str) -> None:
    @_SETTINGS
    @given(message=changed_fields(METHODS[method]))
    def check(message: Message) -> None:
        code, details = _status(channels, method, message.SerializeToString())
        assert code in _FINE, details

    check()


@CASES
def test_any_bytes_are_answered_or_refused(channels: dict[str, grpc.Channel], method: str) -> None:
    @_SETTINGS
    @given(raw=st.one_of(changed_bytes(METHODS[method].SerializeToString()), st.binary(max_size=200)))
    def check(raw: bytes) -> None:
        code, details = _status(channels, method, raw)
        assert code in _FINE, details

    check()


@CASES
def test_a_server_does_not_grow_by_what_it_is_sent(channels: dict[str, grpc.Channel], method: str) -> None:
    rng = random.Random(method)
    base = METHODS[method].SerializeToString()

    def send(count: int) -> None:
        for _ in range(count):
            raw = bytearray(base)
            for _ in range(rng.randint(0, 3)):
                if raw:
                    raw[rng.randrange(len(raw))] = rng.randrange(256)
            assert _status(channels, method, bytes(raw))[0] in _FINE

    send(150)
    before = _resident_mib()
    send(300)
    assert _resident_mib() - before < 16


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * 4096 / 2**20
