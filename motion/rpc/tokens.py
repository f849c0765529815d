"""The file of the tokens that a server accepts, with the name, the rights and the quotas of their clients.

One client a line, in fields with spaces between them; lines that start with `#` are comments:

    TOKEN NAME RIGHTS [calls=N] [seconds=N]

`TOKEN` is the text that the client sends, or `sha256:` and the hexadecimal digest of it. `RIGHTS` are some of
`RIGHTS` here, with commas between them. `calls` and `seconds` are the `Quotas` of the client. Several lines may have
one name, so that a new token works before the old one is removed.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from motion.errors import InvalidInput
from motion.rpc.server_settings import Quotas
from motion.rpc.watched_files import WatchedFiles

_log = logging.getLogger(__name__)

RIGHTS = ("correct", "score", "sample", "fit", "admin")
"""What a client may have the right to; `admin` includes all others."""
MIN_TOKEN_LENGTH = 16
"""Fewest characters of a token."""
_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Client:
    """Who makes a call.

    Attributes:
        name: name in the log, under which the quotas count.
        rights: some of `RIGHTS`.
        quotas: what the client may use; None for the server's defaults.
    """

    name: str
    rights: frozenset[str]
    quotas: Quotas | None = None

    def may(self, right: str) -> bool:
        """Return whether the client has a right."""
        return right in self.rights or "admin" in self.rights


class TokenFile:
    """The clients of a file of tokens, which is read again whenever it changes.

    A file that is wrong when the server starts is refused. One that becomes wrong later is reported in the log, and the
    clients that were known before stay.

    Args:
        path: the file.

    Raises:
        InvalidInput: the file cannot be read, or a line is wrong. No token is ever in the text.
    """

    def __init__(self, path: Path):
        self._path = path
        self._watched = WatchedFiles([path])
        self._clients = read_tokens(path)

    def find(self, token: str) -> Client | None:
        """Return the client of a token, None if there is none, in a time that does not depend on the token."""
        self._reload()
        digest = _digest(token)
        found = None
        for known, client in self._clients:
            if hmac.compare_digest(digest, known):
                found = client
        return found

    def _reload(self) -> None:
        if not self._watched.have_changed():
            return
        try:
            self._clients = read_tokens(self._path)
            _log.info("tokens of %d clients read again", len({client.name for _, client in self._clients}))
        except InvalidInput as error:
            _log.warning("the tokens stay as they were: %s", error)


def read_tokens(path: Path) -> list[tuple[bytes, Client]]:
    """Read a file of tokens.

    Returns:
        The SHA-256 digest of each token, with its client.

    Raises:
        InvalidInput: the file cannot be read, or a line is wrong.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidInput.of("--tokens", f"cannot read {path}: {reason}") from error
    entries = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            entries.append(_entry(line.split(), f"line {number} of {path}"))
    if not entries:
        raise InvalidInput.of("--tokens", f"{path} has no token; must have a line TOKEN NAME RIGHTS for each client")
    if len({digest for digest, _ in entries}) < len(entries):
        raise InvalidInput.of("--tokens", f"{path} has one token twice; each must be of one client")
    return entries


def _entry(fields: list[str], where: str) -> tuple[bytes, Client]:
    if len(fields) < 3:
        raise InvalidInput.of("--tokens", f"{where} has {len(fields)} fields; must be TOKEN NAME RIGHTS")
    token, name, rights = fields[:3]
    if _DIGEST.fullmatch(token):
        digest = bytes.fromhex(token.partition(":")[2])
    elif len(token) < MIN_TOKEN_LENGTH or token.startswith("sha256:"):
        wanted = f"{MIN_TOKEN_LENGTH} characters or more, or sha256: with 64 hexadecimal digits"
        raise InvalidInput.of("--tokens", f"{where} has a token of {len(token)} characters; must have {wanted}")
    else:
        digest = _digest(token)
    if not _NAME.fullmatch(name):
        raise InvalidInput.of("--tokens", f"{where} has a name with other characters than letters, digits and . _ - @")
    given = frozenset(rights.split(","))
    if unknown := sorted(given - set(RIGHTS)):
        raise InvalidInput.of("--tokens", f"{where} has the right {unknown[0]!r}; must be some of {', '.join(RIGHTS)}")
    return digest, Client(name, given, _quotas(fields[3:], where))


def _quotas(fields: list[str], where: str) -> Quotas | None:
    if not fields:
        return None
    values: dict[str, int] = {}
    for each in fields:
        key, _, value = each.partition("=")
        if key not in ("calls", "seconds") or not (value.isascii() and value.isdigit() and int(value)):
            raise InvalidInput.of("--tokens", f"{where} has {each!r}; must be calls=N or seconds=N with N above 0")
        values[key] = int(value)
    return Quotas(**values)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
