"""The log of a server as text and as JSON."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion.rpc.call_log import CallRecord, JsonFormatter, request_id


def test_a_call_is_one_line_with_all_that_is_known(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="motion.rpc"):
        CallRecord("r1", "/motion.v1.CorrectorService/Correct", "alice", frames=196).finish("OK", 0.12345678)
    (record,) = caplog.records
    assert record.getMessage().endswith(
        "call request_id=r1 method=/motion.v1.CorrectorService/Correct client=alice status=OK seconds=0.123457 "
        "frames=196"
    )
    line = json.loads(JsonFormatter().format(record))
    assert line.pop("time").endswith("Z") and line.pop("level") == "INFO"
    assert line == {
        "event": "call",
        "request_id": "r1",
        "method": "/motion.v1.CorrectorService/Correct",
        "client": "alice",
        "status": "OK",
        "seconds": 0.123457,
        "frames": 196,
    }


@given(text=st.text(max_size=30))
def test_an_event_is_one_line_of_json_whatever_is_in_it(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("motion.rpc.guard", logging.ERROR, "", 0, "%s failed", (text,), info)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed = json.loads(line)
    assert parsed["message"] == f"{text} failed" and "ValueError" in parsed["traceback"]


@given(value=st.one_of(st.text(max_size=80), st.binary(max_size=10)))
def test_an_id_of_a_request_is_a_short_name_whatever_the_client_sends(value: str | bytes) -> None:
    found = request_id([("other", "x"), ("x-request-id", value)])
    assert found.isascii() and 0 < len(found) <= 64 and not any(character.isspace() for character in found)
    assert request_id([("x-request-id", "job-7.b_2")]) == "job-7.b_2"
    assert request_id([]) != request_id([])
