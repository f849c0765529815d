"""Certificates and keys of servers and clients: checked with a rehearsed handshake, and read again when they change."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import grpc

from motion.errors import InvalidInput
from motion.rpc.watched_files import WatchedFiles

_log = logging.getLogger(__name__)

_INVALID_PURPOSE = 26  # X509_V_ERR_INVALID_PURPOSE of OpenSSL
_OWN_REASONS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "NO_START_LINE": "must be a PEM file, with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
    "EE_KEY_TOO_SMALL": "the key is too short; must be RSA of 2048 bits or more, or an elliptic curve",
}


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate with its private key, and where they are from.

    Attributes:
        cert: PEM file of the certificate, and those of the authorities between it and the root.
        key: PEM file of the private key, without a passphrase.
        side: who shows the certificate.
        field: name of the certificate in errors, such as `--tls-cert`.
    """

    cert: Path
    key: Path
    side: Literal["server", "client"]
    field: str

    def read(self) -> tuple[bytes, bytes]:
        """Check the files and return what gRPC takes: the key and the certificate.

        Raises:
            InvalidInput: a file cannot be read or is not PEM, the key is not that of the certificate, or the
                certificate is expired, not valid yet, or not for this side.
        """
        key, cert = read_pem(self.key, self.field), read_pem(self.cert, self.field)
        names = f"{self.cert} with the key {self.key}"
        if b"ENCRYPTED" in key:
            raise InvalidInput.of(self.field, f"cannot use {names}: the key has a passphrase; must have none")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        shows, checks = (server, client) if self.side == "server" else (client, server)
        try:
            for context in {server, shows}:
                context.load_cert_chain(self.cert, self.key, password="")
        except (ssl.SSLError, OSError) as error:
            raise InvalidInput.of(self.field, f"cannot use {names}: {_reason(error)}") from error
        client.verify_mode = server.verify_mode = ssl.CERT_NONE
        checks.verify_mode = ssl.CERT_REQUIRED
        # The certificate is its own authority here: whether the other side trusts its issuer is for that side to say.
        checks.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            checks.load_verify_locations(cadata=cert.decode("ascii"))
            _rehearse(server, client)
        except (ssl.SSLError, ValueError) as error:
            other_side = getattr(error, "verify_code", 0) == _INVALID_PURPOSE
            reason = f"the certificate is not for a {self.side}" if other_side else _reason(error)
            raise InvalidInput.of(self.field, f"cannot use {names}: {reason}") from error
        return key, cert


def _rehearse(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """Let two contexts shake hands in memory.

    Raises:
        ssl.SSLError: one of them refuses the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_side=False),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):  # flights of a handshake, at most
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass


def read_authorities(path: Path, field: str) -> bytes:
    """Read a PEM file of authorities.

    Args:
        path: the file.
        field: its name in errors.

    Raises:
        InvalidInput: it cannot be read, or it is not a PEM file of certificates.
    """
    pem = read_pem(path, field)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInput.of(field, f"cannot use {path}: {_reason(error)}") from error
    return pem


def read_pem(path: Path, field: str) -> bytes:
    """Read a PEM file.

    Raises:
        InvalidInput: on `field`, if the file cannot be read or is not PEM.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput.of(field, f"cannot read {path}: {error.strerror or error}") from error
    if b"-----BEGIN " not in content or not content.isascii():
        raise InvalidInput.of(field, f"cannot use {path}: {_OWN_REASONS['NO_START_LINE']}")
    return content


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return _OWN_REASONS.get(error.reason or "", (error.reason or str(error)).replace("_", " ").lower())
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return _OWN_REASONS["NO_START_LINE"]


class ServerCertificates:
    """The certificates of a server, which are read again whenever a file changes.

    Files that are wrong when the server starts are refused. Those that become wrong later are reported in the log, and
    the server goes on with what it had. Connections that are open stay as they are.

    Args:
        files: the server's own certificate.
        client_ca: PEM file of the authorities of clients; None to ask clients for no certificate.

    Raises:
        InvalidInput: a file is wrong.
    """

    def __init__(self, files: CertificateFiles, client_ca: Path | None):
        self._files = files
        self._client_ca = client_ca
        self._watched = WatchedFiles([files.cert, files.key, *([client_ca] if client_ca else [])])
        self._first = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """Return the credentials for gRPC, which asks for changes at each handshake."""
        return grpc.dynamic_ssl_server_credentials(self._first, self._changed, self._client_ca is not None)

    def _changed(self) -> Any:
        if not self._watched.have_changed():
            return None
        try:
            changed = self._read()
        except InvalidInput as error:
            _log.warning("the certificates stay as they were: %s", error)
            return None
        _log.info("certificates read again")
        return changed

    def _read(self) -> grpc.ServerCertificateConfiguration:
        authorities = read_authorities(self._client_ca, "--client-ca") if self._client_ca else None
        return grpc.ssl_server_certificate_configuration([self._files.read()], authorities)
