"""Servers with TLS, client certificates and tokens: who gets in, who does not, and what they are told."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from certificate_factory import Authority
from corrector_calls import request_of, served
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway
from swaying_generator import SwayingGenerator

from generator.service import services as generator_services
from motion.errors import InvalidInput, PlumbError, ServiceUnavailable
from motion.motion_set import MotionSet
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.denials import PermissionDenied, Unauthenticated
from motion.rpc.generator_client import RemoteGenerator
from motion.rpc.server import ServerSettings, serving
from motion.rpc.server_settings import ServerSecurity
from motion.v1 import corrector_pb2, corrector_pb2_grpc

ALICE, BOB, EVE, ROOT = (f"{name}-token-0123456789" for name in ("alice", "bob", "eve", "root"))
TOKENS = f"{ALICE} alice correct\n{BOB} bob score,sample\n{ROOT} root admin\n"


@pytest.fixture(autouse=True)
def few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few attempts: a connection that is refused stays so, and five attempts take seconds."""
    monkeypatch.setattr("motion.rpc.channel.MAX_ATTEMPTS", 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("security")
    (folder / "tokens").write_text(TOKENS, "utf-8")
    return folder


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Iterator[str]:
    pair = authority.issue("server.test")
    with served(SmoothingCorrector(), security=ServerSecurity(pair.cert, pair.key)) as address:
        yield address


@pytest.fixture(scope="module")
def mutual(authority: Authority) -> Iterator[str]:
    pair = authority.issue("mutual.test")
    with served(SmoothingCorrector(), security=ServerSecurity(pair.cert, pair.key, authority.cert)) as address:
        yield address


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[str]:
    with served(SmoothingCorrector(), security=ServerSecurity(tokens=folder / "tokens")) as address:
        yield address


def corrects(address: str, **security: Any) -> bool:
    with RemoteCorrector(address, security=ClientSecurity(**security)) as client:
        return len(client.correct([sway()])) == 1


def test_a_client_that_knows_the_authority_is_answered(tls: str, authority: Authority) -> None:
    assert corrects(tls, ca=authority.cert)
    assert corrects(tls.replace("127.0.0.1", "localhost"), ca=authority.cert)


def test_several_addresses_need_the_name_in_the_certificate(tls: str, authority: Authority) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        target = f"ipv4:127.0.0.1:{dead.getsockname()[1]},{tls}"
    assert corrects(target, ca=authority.cert, server_name="server.test")


def test_other_authorities_and_clear_text_get_no_answer(tls: str, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable):
        corrects(tls)
    for security in (
        {"ca": Authority(tmp_path, "other").cert},
        {"ca": "public"},
        {"ca": authority.cert, "server_name": "another.test"},
    ):
        with pytest.raises(ServiceUnavailable, match=r"^no TLS connection to the sim server at"):
            corrects(tls, **security)


def test_mutual_tls_answers_only_clients_with_a_certificate_of_the_authority(
    mutual: str, authority: Authority, tmp_path: Path
) -> None:
    mine, other = authority.issue("client"), Authority(tmp_path, "other").issue("client")
    assert corrects(mutual, ca=authority.cert, cert=mine.cert, key=mine.key)
    for security in ({}, {"cert": other.cert, "key": other.key}):
        with pytest.raises(ServiceUnavailable):
            corrects(mutual, ca=authority.cert, **security)


def test_a_new_certificate_is_used_without_a_restart(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue("changing.test")
    with served(SmoothingCorrector(), security=ServerSecurity(pair.cert, pair.key)) as address:
        assert corrects(address, ca=authority.cert)
        other = Authority(tmp_path, "other")
        new = other.issue("changing.test")
        pair.key.write_bytes(new.key.read_bytes())
        pair.cert.write_bytes(new.cert.read_bytes())
        assert corrects(address, ca=other.cert)
        with pytest.raises(ServiceUnavailable):
            corrects(address, ca=authority.cert)


@pytest.mark.parametrize("token", [None, EVE, ALICE[:-1]])
def test_calls_without_a_known_token_are_unauthenticated(guarded: str, token: str | None) -> None:
    with pytest.raises(Unauthenticated, match=f"^the sim server at {guarded} does not accept the call: the"):
        corrects(guarded, token=token)


def test_rights_are_those_of_the_token(guarded: str) -> None:
    assert corrects(guarded, token=ALICE) and corrects(guarded, token=ROOT)
    with pytest.raises(PermissionDenied, match=r"bob has no right to .*/Correct; needs the right correct, and has sa"):
        corrects(guarded, token=BOB)
    with RemoteCorrector(guarded, security=ClientSecurity(token=ALICE)) as client:
        assert client.describe().name == "smoothing"
        with pytest.raises(PermissionDenied, match="score"):
            client.score([sway()])
    with RemoteCorrector(guarded, security=ClientSecurity(token=BOB)) as client:
        assert len(client.score([sway()])) == 1


def test_rights_of_a_generator(folder: Path) -> None:
    dataset = MotionSet((sway(40, name="a"),), ((),))
    settings = ServerSettings("127.0.0.1:0", drain_seconds=0.0, security=ServerSecurity(tokens=folder / "tokens"))
    with serving(generator_services(SwayingGenerator()), settings) as address:
        with RemoteGenerator(address, security=ClientSecurity(token=BOB)) as client:
            assert client.describe().name == "swaying" and len(list(client.sample(["sways"], [40]))) == 1
            with pytest.raises(PermissionDenied, match="UploadDataset"):
                client.upload(dataset)
            with pytest.raises(PermissionDenied, match="needs the right fit"):
                client.fit("a", "", 1)
        with RemoteGenerator(address, security=ClientSecurity(token=ROOT)) as client:
            assert client.fit(client.upload(dataset), "", 2)
        with RemoteGenerator(address) as client, pytest.raises(Unauthenticated):
            list(client.sample(["sways"], [40]))


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", ALICE)],
        [("authorization", f"Basic {ALICE}")],
        [("authorization", f"Bearer {ALICE}"), ("authorization", f"Bearer {ROOT}")],
        [("authorization", "")],
        [("authorization", "Bearer ")],
        [("authorization-bin", b"Bearer")],
    ],
)
def test_other_authorizations_are_unauthenticated(guarded: str, headers: list[tuple[str, str | bytes]]) -> None:
    with grpc.insecure_channel(guarded) as channel, pytest.raises(grpc.RpcError) as failed:
        corrector_pb2_grpc.CorrectorServiceStub(channel).Correct(request_of(sway()), metadata=headers)
    assert failed.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert ALICE not in failed.value.details()


def test_who_calls_is_settled_before_the_request_is_read(guarded: str) -> None:
    """A client that may not call gets its answer without having sent what it would have the server decode."""
    answered = threading.Event()

    def never() -> Iterator[bytes]:
        answered.wait(10)
        yield b""

    with grpc.insecure_channel(guarded) as channel, pytest.raises(grpc.RpcError) as failed:
        channel.stream_unary(f"/{services_name()}/Correct")(never(), timeout=5)
    answered.set()
    assert failed.value.code() == grpc.StatusCode.UNAUTHENTICATED


def services_name() -> str:
    return corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name


def test_health_needs_no_token_and_reflection_needs_admin(guarded: str) -> None:
    requests = [reflection_pb2.ServerReflectionRequest(list_services="")]
    with grpc.insecure_channel(guarded) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=services_name()))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflect = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        for token, code in (("", grpc.StatusCode.UNAUTHENTICATED), (ALICE, grpc.StatusCode.PERMISSION_DENIED)):
            metadata = [("authorization", f"Bearer {token}")] if token else []
            with pytest.raises(grpc.RpcError) as failed:
                next(reflect(iter(requests), metadata=metadata))
            assert failed.value.code() == code
        found = next(reflect(iter(requests), metadata=[("authorization", f"bearer {ROOT}")]))
        assert services_name() in {service.name for service in found.list_services_response.service}


def test_a_token_that_was_removed_or_added_counts_at_the_next_call(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(TOKENS, "utf-8")
    with served(SmoothingCorrector(), security=ServerSecurity(tokens=path)) as address:
        assert corrects(address, token=ALICE)
        path.write_text(f"{EVE} eve correct\n", "utf-8")
        assert corrects(address, token=EVE)
        with pytest.raises(Unauthenticated):
            corrects(address, token=ALICE)


def test_a_token_and_a_certificate_are_both_needed_where_both_are_asked_for(authority: Authority, folder: Path) -> None:
    pair, mine = authority.issue("both.test"), authority.issue("client")
    security = ServerSecurity(pair.cert, pair.key, authority.cert, folder / "tokens")
    shown = {"ca": authority.cert, "cert": mine.cert, "key": mine.key}
    with served(SmoothingCorrector(), security=security) as address:
        assert corrects(address, token=ALICE, **shown)
        with pytest.raises(Unauthenticated):
            corrects(address, **shown)
        with pytest.raises(ServiceUnavailable):
            corrects(address, ca=authority.cert, token=ALICE)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_a_server_does_not_listen_to_other_machines_in_the_clear(listen: str, folder: Path) -> None:
    for security in (ServerSecurity(), ServerSecurity(tokens=folder / "tokens")):
        with pytest.raises(InvalidInput, match=rf"^listen: {re.escape(listen)} can be reached from other machines"):
            with serving({}, ServerSettings(listen, security=security)):
                pass


def test_a_server_listens_to_other_machines_with_tls_or_by_leave(authority: Authority) -> None:
    pair = authority.issue("server.test")
    for security in (ServerSecurity(pair.cert, pair.key), ServerSecurity(insecure=True)):
        with serving({}, ServerSettings("0.0.0.0:0", security=security)) as address:
            assert address.startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tls_cert": "server.test.crt"}, "--tls-cert"),
        ({"tls_key": "server.test.key"}, "--tls-cert"),
        ({"client_ca": "authority.crt"}, "--client-ca"),
        ({"tls_cert": "missing", "tls_key": "server.test.key"}, "--tls-cert"),
        ({"tls_cert": "server.test.crt", "tls_key": "server.test.key", "client_ca": "tokens"}, "--client-ca"),
        ({"tokens": "missing"}, "--tokens"),
    ],
)
def test_files_that_cannot_work_are_refused_at_the_start(
    authority: Authority, folder: Path, given: dict[str, str], field: str
) -> None:
    authority.issue("server.test")
    security = ServerSecurity(**{name: folder / file for name, file in given.items()})
    with pytest.raises(PlumbError, match=f"^{field}: "), serving({}, ServerSettings("127.0.0.1:0", security=security)):
        pass
