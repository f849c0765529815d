"""The corrector over HTTP: the same answers as over gRPC, behind the same tokens, rights, limits and TLS."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from certificate_factory import Authority
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.rpc import wire
from motion.rpc.http_json import format_message
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import Limits, Quotas, ServerSecurity
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.service import services

SERVICE = "/motion.v1.CorrectorService"
TOKENS = "t" * 24 + " alice correct\n" + "s" * 24 + " bob score\n"


@contextmanager
def _gateway(caplog: pytest.LogCaptureFixture, **settings: Any) -> Iterator[tuple[str, str]]:
    """Serve a corrector, and yield the address for HTTP with its scheme, and that for gRPC."""
    wanted = replace(ServerSettings("127.0.0.1:0", http_port=0), **settings)
    with caplog.at_level(logging.INFO, "motion.rpc.server"):
        with serving(services(SmoothingCorrector()), wanted) as address:
            (line,) = [record.getMessage() for record in caplog.records if "HTTP on" in record.getMessage()]
            yield line.removeprefix("HTTP on "), address


def _post(url: str, document: object, context: ssl.SSLContext | None = None, **headers: str) -> tuple[int, Any, Any]:
    """Return the status, the document and the headers of an answer."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"} | named)
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def _request() -> corrector_pb2.CorrectRequest:
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway()), seed=3)


def test_a_motion_has_the_same_correction_over_http_and_grpc(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog) as (url, address), grpc.insecure_channel(address) as channel:
        expected = corrector_pb2_grpc.CorrectorServiceStub(channel).Correct(_request())
        status, document, headers = _post(f"{url}{SERVICE}/Correct", format_message(_request()))
        lists = _post(f"{url}{SERVICE}/Correct", format_message(_request(), lists=True))[1]
    assert status == 200 and headers["x-request-id"]
    assert document == json.loads(json.dumps(format_message(expected)))
    positions = np.array(lists["motion"]["positions"], np.float32)
    assert positions.tobytes() == wire.unpack_tensor(expected.motion.positions).tobytes()


def test_curl_can_correct_a_motion(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    (tmp_path / "motion.json").write_text(json.dumps({"motion": {"positions": sway().positions.tolist(), "fps": 20}}))
    with _gateway(caplog) as (url, _):
        command = [curl, "--silent", "--fail-with-body", f"{url}{SERVICE}/Correct", "--json", "@motion.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=30)
    answer = json.loads(done.stdout)
    assert answer["report"]["detailed_status"] == "OK"
    assert np.array(answer["motion"]["positions"]).shape == sway().positions.shape


def test_bad_requests_are_answered_field_by_field(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog) as (url, _):
        status, document, _ = _post(f"{url}{SERVICE}/Correct", {"motion": {"fps": 20, "positions": [[[0, 0, 0]]]}})
        assert (status, document["code"]) == (400, "invalid_argument")
        fields = [each["field"] for each in document["details"][0]["debug"]["field_violations"]]
        assert fields == ["motion.positions"]
        assert _post(f"{url}{SERVICE}/Correct", b"{")[0] == 400
        assert _post(f"{url}{SERVICE}/Correct", b"{}", Content_Type="text/plain")[0] == 415
        assert _post(f"{url}{SERVICE}/Nothing", {})[0] == 404
        assert _post(f"{url}/elsewhere", {})[0] == 404
        assert _post(f"{url}{SERVICE}/CorrectStream", {})[0] == 501
        assert _post(f"{url}{SERVICE}/Describe", {})[1]["name"] == "smoothing"


def test_tokens_and_rights_hold_over_http(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(TOKENS)
    caplog.set_level(logging.INFO, "motion.rpc.call_log")
    with _gateway(caplog, security=ServerSecurity(tokens=file), log="text") as (url, _):
        correct = f"{url}{SERVICE}/Correct"
        assert _post(correct, format_message(_request()), Authorization="Bearer " + "t" * 24)[0] == 200
        status, document, headers = _post(correct, b"not even JSON")
        assert (status, document["code"], headers["WWW-Authenticate"]) == (401, "unauthenticated", "Bearer")
        line = f"id={headers['x-request-id']} "
        while line not in caplog.text:  # it is written after the answer has gone
            time.sleep(0.01)
        assert "UNAUTHENTICATED" in caplog.text
        assert _post(correct, {}, Authorization="Bearer " + "x" * 24)[0] == 401
        assert _post(correct, {}, Authorization="Bearer " + "s" * 24)[0] == 403


def test_limits_hold_over_http_and_clients_are_told_apart_by_host(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(message_bytes=100_000, client=Quotas(seconds=sway().duration * 1.5))
    with _gateway(caplog, limits=limits, log="text") as (url, _):
        status, document, _ = _post(f"{url}{SERVICE}/Correct", b" " * 200_000)
        assert (status, document["code"]) == (413, "resource_exhausted")
        caplog.set_level(logging.INFO, "motion.rpc.call_log")
        assert _post(f"{url}{SERVICE}/Correct", format_message(_request()))[0] == 200
        status, document, _ = _post(f"{url}{SERVICE}/Correct", format_message(_request()))
        assert (status, document["code"]) == (429, "resource_exhausted")
    assert "127.0.0.1" in document["message"]  # whose quota it is


def test_a_client_cannot_say_over_grpc_that_it_is_another_one(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(client=Quotas(seconds=sway().duration * 1.5))
    with _gateway(caplog, limits=limits) as (_, address), grpc.insecure_channel(address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        stub.Correct(_request(), metadata=[("x-plumb-client", "somebody")])
        with pytest.raises(grpc.RpcError) as refused:
            stub.Correct(_request(), metadata=[("x-plumb-client", "somebody else")])
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # pyright: ignore[reportAttributeAccessIssue]


def test_tls_holds_over_http(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    trusting = ssl.create_default_context(cafile=str(authority.cert))
    with _gateway(caplog, security=ServerSecurity(tls_cert=pair.cert, tls_key=pair.key)) as (url, _):
        assert url.startswith("https://")
        url = url.replace("127.0.0.1", "localhost")
        assert _post(f"{url}{SERVICE}/Describe", {}, trusting)[0] == 200
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            _post(f"{url}{SERVICE}/Describe", {}, ssl.create_default_context())


def test_pages_of_other_origins_may_call_only_if_they_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog, http_origins=("https://a.example",)) as (url, _):
        for origin, allowed in (("https://a.example", "https://a.example"), ("https://b.example", None)):
            headers = _post(f"{url}{SERVICE}/Describe", {}, Origin=origin)[2]
            assert headers["Access-Control-Allow-Origin"] == allowed
        preflight = urllib.request.Request(
            f"{url}{SERVICE}/Correct", method="OPTIONS", headers={"Origin": "https://a.example"}
        )
        with urllib.request.urlopen(preflight, timeout=20) as answer:
            assert answer.status == 204 and "content-type" in answer.headers["Access-Control-Allow-Headers"]


def test_a_page_cannot_reach_a_local_server_under_a_name_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog) as (url, _):
        for host, status in (("evil.example:80", 403), ("evil.example", 403), ("localhost:1", 200), ("[::1]", 200)):
            assert _post(f"{url}{SERVICE}/Describe", {}, Host=host)[0] == status


def test_health_is_answered_without_a_token(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(TOKENS)
    with _gateway(caplog, security=ServerSecurity(tokens=file)) as (url, _):
        with urllib.request.urlopen(f"{url}/healthz", timeout=20) as answer:
            assert json.loads(answer.read()) == {SERVICE.strip("/"): "SERVING"}


def test_a_document_that_does_not_arrive_ends_the_call(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog, limits=Limits(read_seconds=0.2)) as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            head = f"POST {SERVICE}/Correct HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            client.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 503 ")


def test_a_deadline_holds_over_http(caplog: pytest.LogCaptureFixture) -> None:
    with _gateway(caplog) as (url, _):
        status, document, _ = _post(f"{url}{SERVICE}/Correct", format_message(_request()), Connect_Timeout_Ms="0")
        assert (status, document["code"]) in ((504, "deadline_exceeded"), (503, "unavailable"))
        assert _post(f"{url}{SERVICE}/Describe", {}, Connect_Timeout_Ms="soon")[0] == 400


def test_there_is_no_http_unless_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "motion.rpc.server"):
        with serving(services(SmoothingCorrector())):
            pass
    assert not [record for record in caplog.records if "HTTP" in record.getMessage()]
