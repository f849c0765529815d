"""Files of certificates that cannot work are refused in one sentence that names them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import pytest
from certificate_factory import Authority, Pair

from motion.errors import InvalidInput
from motion.rpc.certificates import CertificateFiles, ServerCertificates, read_authorities


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _read(pair: Pair, side: Literal["server", "client"] = "server") -> tuple[bytes, bytes]:
    return CertificateFiles(pair.cert, pair.key, side, "--tls-cert").read()


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_good_certificate_is_returned_as_it_is_in_the_files(
    authority: Authority, side: Literal["server", "client"]
) -> None:
    pair = authority.issue("good", usage=side)
    assert _read(pair, side) == (pair.key.read_bytes(), pair.cert.read_bytes())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"begins_h": -2, "ends_h": -1}, "the certificate has expired"),
        ({"begins_h": 1}, "the certificate is not yet valid"),
        ({"passphrase": "secret"}, "the key has a passphrase; must have none"),
        ({"usage": "client"}, "the certificate is not for a server"),
    ],
)
def test_a_certificate_that_no_client_would_take_is_refused(
    authority: Authority, wrong: dict[str, object], reason: str
) -> None:
    pair = authority.issue("wrong", **wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInput) as refused:
        _read(pair)
    assert str(refused.value) == f"--tls-cert: cannot use {pair.cert} with the key {pair.key}: {reason}"


def test_a_certificate_for_servers_is_none_for_clients(authority: Authority) -> None:
    with pytest.raises(InvalidInput, match="the certificate is not for a client"):
        _read(authority.issue("server", usage="server"), "client")


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    mine, other = authority.issue("mine"), authority.issue("other")
    with pytest.raises(InvalidInput, match=r"the key is not that of the certificate$"):
        _read(Pair(mine.cert, other.key))


def test_what_is_no_pem_file_is_refused(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue("mine")
    der, missing = tmp_path / "der", tmp_path / "missing"
    der.write_bytes(b"\x30\x82\x01\x00")
    text = tmp_path / "text"
    text.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "utf-8")
    with pytest.raises(InvalidInput, match="must be a PEM file"):
        _read(Pair(der, pair.key))
    with pytest.raises(InvalidInput, match="No such file"):
        _read(Pair(pair.cert, missing))
    with pytest.raises(InvalidInput, match="cannot use"):
        _read(Pair(text, pair.key))
    with pytest.raises(InvalidInput, match=r"^--client-ca: cannot use .*text: "):
        read_authorities(text, "--client-ca")
    with pytest.raises(InvalidInput, match="cannot use"):
        read_authorities(pair.key, "--client-ca")


def test_a_change_for_the_worse_is_logged_and_changes_nothing(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    pair = authority.issue("server")
    certificates = ServerCertificates(CertificateFiles(pair.cert, pair.key, "server", "--tls-cert"), None)
    assert certificates._changed() is None
    authority.issue("server", ends_h=-0.5)
    with caplog.at_level(logging.WARNING):
        assert certificates._changed() is None
    assert "the certificates stay as they were: --tls-cert" in caplog.text and "expired" in caplog.text
    authority.issue("server")
    assert certificates._changed() is not None and certificates._changed() is None
