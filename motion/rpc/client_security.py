"""How a client connects: with TLS, with a certificate of its own, with a token; from arguments or the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio

from motion.errors import InvalidInput
from motion.rpc.address import is_loopback
from motion.rpc.certificates import CertificateFiles, read_authorities
from motion.rpc.token_bearers import TokenBearer, async_token_bearers

PUBLIC_CA = "public"
"""Value of `ca` for the public authorities, which gRPC knows."""


@dataclass(frozen=True)
class ClientSecurity:
    """How a client connects to a server.

    Attributes:
        ca: PEM file of the authorities that the server's certificate must be from, or `public` for those that everybody
            trusts; None for clear text.
        cert: PEM file of the client's own certificate, for servers that ask for one; None to show none.
        key: PEM file of its private key.
        token: the token of the client; None to send none.
        server_name: name in the server's certificate, if it is not that in the address.
        insecure: whether a token may be sent in clear text to another host.
    """

    ca: str | Path | None = None
    cert: Path | None = None
    key: Path | None = None
    token: str | None = field(default=None, repr=False)
    server_name: str | None = None
    insecure: bool = False

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, *, with_token: bool = True
    ) -> ClientSecurity:
        """Return what the variables PLUMB_CA, _CERT, _KEY, _TOKEN, _TOKEN_FILE, _SERVER_NAME and _INSECURE say.

        Args:
            environment: the variables. An empty one counts as absent.
            with_token: whether the token is taken from there.

        Raises:
            InvalidInput: the file of the token cannot be read, or PLUMB_INSECURE is not 0 or 1.
        """
        values = {name: environment.get(f"PLUMB_{name}") or None for name in ("CA", "CERT", "KEY", "TOKEN")}
        insecure = environment.get("PLUMB_INSECURE") or "0"
        if insecure not in ("0", "1"):
            raise InvalidInput.of("PLUMB_INSECURE", f"is {insecure!r}; must be 0 or 1")
        token = values["TOKEN"] if with_token else None
        if with_token and token is None and (file := environment.get("PLUMB_TOKEN_FILE")):
            token = read_token(Path(file), "PLUMB_TOKEN_FILE")
        cert, key = values["CERT"], values["KEY"]
        return cls(
            ca=values["CA"],
            cert=Path(cert) if cert else None,
            key=Path(key) if key else None,
            token=token,
            server_name=environment.get("PLUMB_SERVER_NAME") or None,
            insecure=insecure == "1",
        )

    def open_channel(self, address: str, options: list[tuple[str, str | int]]) -> grpc.Channel:
        """Return a channel that connects in this way.

        Args:
            address: a gRPC target.
            options: further options of the channel.

        Raises:
            InvalidInput: a file is wrong, or the token would be sent in clear text to another host.
        """
        credentials, options = self._checked(address), self._with_name(options)
        if credentials is None:
            channel = grpc.insecure_channel(address, options=options)
        else:
            channel = grpc.secure_channel(address, credentials, options=options)
        return grpc.intercept_channel(channel, TokenBearer(self.token)) if self.token else channel

    def open_async_channel(
        self,
        address: str,
        options: list[tuple[str, str | int]],
        interceptors: Sequence[grpc.aio.ClientInterceptor] = (),
    ) -> grpc.aio.Channel:
        """Return a channel of `grpc.aio` that connects in this way; see `open_channel`.

        Args:
            address: a gRPC target.
            options: further options of the channel.
            interceptors: what its calls pass before the token is added; such a channel takes none later.

        Raises:
            InvalidInput: as for `open_channel`.
        """
        credentials, options = self._checked(address), self._with_name(options)
        passed = [*interceptors, *(async_token_bearers(self.token) if self.token else ())]
        if credentials is None:
            return grpc.aio.insecure_channel(address, options=options, interceptors=passed)
        return grpc.aio.secure_channel(address, credentials, options=options, interceptors=passed)

    def _with_name(self, options: list[tuple[str, str | int]]) -> list[tuple[str, str | int]]:
        if self.ca is not None and self.server_name:
            return [*options, ("grpc.ssl_target_name_override", self.server_name)]
        return options

    def _checked(self, address: str) -> grpc.ChannelCredentials | None:
        """Check that the values go together, and return the credentials; None for clear text."""
        if self.token is not None:
            _check_token(self.token, "token")
        if (self.cert is None) != (self.key is None):
            raise InvalidInput.of("cert", "is without a key, or the key without it; must be both or none")
        if self.ca is None:
            if self.cert is not None:
                raise InvalidInput.of("cert", f"is without a ca; must be with the server's, or {PUBLIC_CA!r}")
            if self.token and not (self.insecure or is_loopback(address)):
                text = "would be sent in clear text to another host; must be with a ca (or insecure, on a private link)"
                raise InvalidInput.of("token", text)
            return None
        authorities = None if self.ca == PUBLIC_CA else read_authorities(Path(str(self.ca)), "ca")
        key, cert = None, None
        if self.cert and self.key:
            key, cert = CertificateFiles(self.cert, self.key, "client", "cert").read()
        return grpc.ssl_channel_credentials(authorities, key, cert)


def read_token(path: Path, field: str) -> str:
    """Return the token in a file.

    Args:
        path: the file.
        field: what named the file, for errors.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidInput.of(field, f"cannot read {path}: {reason}") from error


def _check_token(token: str, field: str) -> None:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput.of(field, "has other characters than visible ASCII; must be one token and nothing else")
