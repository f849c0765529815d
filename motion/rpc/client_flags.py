"""The flags of the commands that call a server: TLS, certificate and token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

if TYPE_CHECKING:
    from motion.rpc.client_security import ClientSecurity


@dataclass(frozen=True, kw_only=True)
class ClientFlags:
    """Base class of the commands that call a server; a flag that is not given leaves its variable in force."""

    ca: Annotated[str | None, arg(metavar="FILE|public")] = None
    """PEM file of the authorities of the server's certificate, or `public` for those that everybody trusts; by default
    PLUMB_CA, and without it clear text."""
    cert: Annotated[Path | None, arg(metavar="FILE")] = None
    """PEM file of the client's own certificate, for servers that ask for one; by default PLUMB_CERT."""
    key: Annotated[Path | None, arg(metavar="FILE")] = None
    """PEM file of its private key; by default PLUMB_KEY."""
    token_file: Annotated[Path | None, arg(metavar="FILE")] = None
    """File with the client's token and nothing else; by default PLUMB_TOKEN_FILE or PLUMB_TOKEN."""

    def client_security(self) -> ClientSecurity:
        """Return how to connect, by the flags and, where they are silent, by the variables PLUMB_CA and so on.

        Raises:
            InvalidInput: the file of the token cannot be read, or a variable is wrong.
        """
        # gRPC takes long to import, and help texts do without it.
        from motion.rpc.client_security import ClientSecurity, read_token

        given: dict[str, Any] = {
            name: value for name in ("ca", "cert", "key") if (value := getattr(self, name)) is not None
        }
        if self.token_file is not None:
            given["token"] = read_token(self.token_file, "--token-file")
        return replace(ClientSecurity.from_environment(with_token=self.token_file is None), **given)

    def security_words(self) -> list[str]:
        """Return the flags that were given, as words of a command line."""
        names = ("ca", "cert", "key", "token_file")
        given = [(name, value) for name in names if (value := getattr(self, name)) is not None]
        return [word for name, value in given for word in (f"--{name.replace('_', '-')}", str(value))]
