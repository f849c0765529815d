"""Certificates for tests: an authority, and certificates that it signs."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

x509: Any = pytest.importorskip("cryptography.x509", reason="cryptography is missing (install the extra `dev`)")
hashes: Any = pytest.importorskip("cryptography.hazmat.primitives.hashes")
serialization: Any = pytest.importorskip("cryptography.hazmat.primitives.serialization")
ec: Any = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")

_HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM files."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates for `localhost`, 127.0.0.1 and the name that they are given.

    Args:
        folder: where the files are written.
        name: name of the authority.
    """

    def __init__(self, folder: Path, name: str = "authority"):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.cert = folder / f"{name}.crt"
        authority = x509.BasicConstraints(ca=True, path_length=None)
        signed = _builder(self._name, self._name, self._key, -1, 24).add_extension(authority, critical=True)
        self._certificate = signed.sign(self._key, hashes.SHA256())
        self.cert.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        begins_h: float = -1,
        ends_h: float = 24,
        usage: str = "",
        passphrase: str = "",
        host: str = "127.0.0.1",
    ) -> Pair:
        """Write a certificate and its key.

        Args:
            name: common name, DNS name, and stem of the files.
            begins_h: first hour of its validity, from now.
            ends_h: last hour.
            usage: `server` or `client` for a certificate that is for this side alone.
            passphrase: passphrase of the key.
            host: an address that it is for.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(host))]
        builder = _builder(_named(name), self._name, key, begins_h, ends_h)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage:
            purpose = {
                "server": x509.oid.ExtendedKeyUsageOID.SERVER_AUTH,
                "client": x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH,
            }[usage]
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else None
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        signed = builder.sign(self._key, hashes.SHA256())
        pair.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                locked or serialization.NoEncryption(),
            )
        )
        return pair


def _named(name: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])


def _builder(subject: Any, issuer: Any, key: Any, begins_h: float, ends_h: float) -> Any:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now + begins_h * _HOUR).not_valid_after(now + ends_h * _HOUR)
