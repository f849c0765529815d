"""One line of the log a call, with who, what, how it ended, how long and how many frames; no token and no content."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import grpc
import pytest
from corrector_calls import plain_stub, request_of, served, wait_until
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.rpc.server_settings import ServerSecurity
from motion.v1 import corrector_pb2

TOKEN = "alice-token-0123456789"


def _lines(caplog: pytest.LogCaptureFixture, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [record.call for record in caplog.records if hasattr(record, "call")]  # pyright: ignore[reportAttributeAccessIssue]

    wait_until(lambda: len(found()) >= count)
    return found()


def test_each_call_is_a_line_however_it_ends(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN} alice correct\n", "utf-8")
    metadata = [("authorization", f"Bearer {TOKEN}")]
    with caplog.at_level(logging.INFO, logger="motion.rpc"):
        with served(SmoothingCorrector(delay=0.05), security=ServerSecurity(tokens=tokens)) as address:
            with plain_stub(address) as stub:
                secret = request_of(sway(20, caption="a secret"))
                stub.Correct(secret, metadata=[*metadata, ("x-request-id", "job-1")])
                for request, sent in (
                    (corrector_pb2.CorrectRequest(), metadata),
                    (request_of(sway(name="defect")), metadata),
                    (request_of(sway()), []),
                    (request_of(sway()), [("authorization", "Bearer wrong-token-0123456789")]),
                ):
                    with pytest.raises(grpc.RpcError):
                        stub.Correct(request, metadata=sent)
                with pytest.raises(grpc.RpcError):
                    stub.Score(corrector_pb2.ScoreRequest(), metadata=metadata)
                with pytest.raises(grpc.RpcError):
                    stub.Correct(request_of(sway()), metadata=metadata, timeout=0.02)
                answers = [request_of(sway(16, seed), id=str(seed)) for seed in range(3)]
                assert len(list(stub.CorrectStream(iter(answers), metadata=metadata))) == 3
                lines = _lines(caplog, 8)
    assert [(line["client"], line["status"], line["frames"]) for line in lines] == [
        ("alice", "OK", 20),
        ("alice", "INVALID_ARGUMENT", 0),
        ("alice", "INTERNAL", 0),
        ("unknown", "UNAUTHENTICATED", 0),
        ("unknown", "UNAUTHENTICATED", 0),
        ("alice", "PERMISSION_DENIED", 0),
        ("alice", "CANCELLED", 0),
        ("alice", "OK", 48),
    ]
    assert lines[0]["request_id"] == "job-1" and lines[0]["method"].endswith("CorrectorService/Correct")
    assert 0.05 <= lines[0]["seconds"] < 5
    assert "token-0123456789" not in caplog.text and "a secret" not in caplog.text.replace("a secret of the", "")


def test_the_id_that_a_client_is_told_is_that_of_the_line_and_of_the_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="motion.rpc"):
        with served(SmoothingCorrector()) as address, plain_stub(address) as stub:
            with pytest.raises(grpc.RpcError) as failed:
                stub.Correct(request_of(sway(name="defect")), metadata=[("x-request-id", "job-9")])
            (line,) = _lines(caplog, 1)
    assert line["request_id"] == "job-9" and (failed.value.details() or "").endswith("under job-9")
    assert "failed, request id job-9" in caplog.text


def test_without_tokens_the_client_is_the_host(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="motion.rpc"):
        with served(SmoothingCorrector()) as address, plain_stub(address) as stub:
            stub.Describe(corrector_pb2.DescribeCorrectorRequest())
            assert _lines(caplog, 1)[0]["client"] == "127.0.0.1"
