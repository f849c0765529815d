"""Messages as JSON: round trips, arrays as lists, and refusals that say where."""

from __future__ import annotations

import base64
import json

import grpc
import numpy as np
import pytest

from motion.errors import InvalidInput, Overloaded
from motion.rpc import wire
from motion.rpc.denials import RetryLater, Unauthenticated
from motion.rpc.http_errors import http_error
from motion.rpc.http_json import format_message, parse_message
from motion.rpc.status import refusal_for
from motion.v1 import corrector_pb2

RNG = np.random.default_rng(0)


def _request() -> corrector_pb2.CorrectRequest:
    request = corrector_pb2.CorrectRequest(seed=2**62, id="a")
    request.motion.fps = 20.0
    request.motion.positions.CopyFrom(wire.pack_tensor(RNG.normal(size=(4, 22, 3)).astype(np.float32)))
    request.options.effort_name = "fast"
    return request


def _parsed(document: object) -> tuple[corrector_pb2.CorrectRequest, bool]:
    return parse_message(json.dumps(document).encode(), corrector_pb2.CorrectRequest())


@pytest.mark.parametrize("lists", [False, True])
def test_a_message_survives_the_way_to_json_and_back(lists: bool) -> None:
    document = json.loads(json.dumps(format_message(_request(), lists)))
    message, found = _parsed(document)
    assert found == lists
    assert (
        wire.unpack_tensor(message.motion.positions).tobytes()
        == wire.unpack_tensor(_request_positions(document, lists)).tobytes()
    )
    assert (message.seed, message.id, message.options.effort_name) == (2**62, "a", "fast")


def _request_positions(document: dict, lists: bool):
    """Return the positions of a document, decoded by hand."""
    positions = document["motion"]["positions"]
    if lists:
        return wire.pack_tensor(np.array(positions, np.float32))
    data = np.frombuffer(base64.b64decode(positions["data"]), "<f4").reshape([int(n) for n in positions["shape"]])
    return wire.pack_tensor(data)


def test_lists_of_numbers_stand_for_an_array() -> None:
    message, _ = _parsed({"motion": {"fps": 20, "positions": [[[1, 2.5, 3]] * 22] * 2}})
    array = wire.unpack_tensor(message.motion.positions)
    assert array.dtype == np.float32 and array.shape == (2, 22, 3)
    assert (array[0, 0] == [1, 2.5, 3]).all()


def test_names_in_camel_case_are_understood() -> None:
    assert _parsed({"options": {"effortName": "fast"}})[0].options.effort_name == "fast"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "must be an object"),
        (b'{"seed": NaN}', "NaN is no number of JSON"),
        (b'{"motoin": {}}', "motoin"),
        (b'{"motion": {"positions": [[1], [2, 3]]}}', "regular array"),
        (b'{"motion": {"positions": ["a"]}}', "lists of numbers"),
        (b'{"motion": {"positions": [[{}]]}}', "lists of numbers"),
        (b'{"motion": {"positions": {"data": 5}}}', "data"),
        (b'{"seed": 1e30}', "seed"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"motion":' * 30 + b"1" + b"}" * 30, "request"),
    ],
)
def test_what_is_not_the_message_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_message(text, corrector_pb2.CorrectRequest())


def test_no_document_stands_for_a_message_without_fields() -> None:
    assert parse_message(b"", corrector_pb2.DescribeCorrectorRequest())[0] == corrector_pb2.DescribeCorrectorRequest()


def test_a_refusal_names_its_fields() -> None:
    error = http_error(*refusal_for(InvalidInput.of("motion.fps", "is 0; must be above 0")))
    assert (error.status, error.document["code"]) == (400, "invalid_argument")
    (detail,) = error.document["details"]
    assert detail["type"] == "google.rpc.BadRequest"
    assert detail["debug"]["field_violations"] == [{"field": "motion.fps", "description": "is 0; must be above 0"}]


def test_refusals_say_when_to_come_again() -> None:
    assert http_error(*refusal_for(Overloaded("full"))).headers == {"Retry-After": "1"}
    later = http_error(*refusal_for(RetryLater("used up", 2.5)))
    assert (later.status, later.headers) == (429, {"Retry-After": "3"})
    assert later.document["details"][0]["debug"] == {"retry_delay": "2.500s"}
    much_later = http_error(*refusal_for(RetryLater("used up", 900.0)))  # gRPC clients shall not retry by themselves
    assert much_later.document["details"][0]["debug"] == {"retry_delay": "900s"}


def test_every_status_of_grpc_is_an_error_of_http() -> None:
    assert http_error(*refusal_for(Unauthenticated("no token"))).status == 401
    for code in set(grpc.StatusCode) - {grpc.StatusCode.OK}:
        assert 400 <= http_error(code, "").status < 600
