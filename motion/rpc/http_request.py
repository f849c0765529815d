"""What a request over HTTP says of its call: who makes it, until when, and for whom."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from motion.errors import InvalidInput
from motion.rpc.access import FORWARDED_CLIENT
from motion.rpc.address import is_loopback
from motion.rpc.denials import PermissionDenied

_FORWARDED = ("authorization", "x-request-id", "traceparent", "tracestate")
_Metadata = tuple[tuple[str, str], ...]


class HttpCaller:
    """What `motion.rpc.access.identify` asks of a call.

    Args:
        metadata: the metadata of the call.
    """

    def __init__(self, metadata: _Metadata):
        self._metadata = metadata

    def invocation_metadata(self) -> _Metadata:
        """Return the metadata of the call."""
        return self._metadata

    def auth_context(self) -> dict[str, Any]:
        """Return nothing: the name in a certificate is in the metadata."""
        return {}

    def peer(self) -> str:
        """Return the socket of the gateway."""
        return "unix:"


def call_metadata(request: web.Request) -> _Metadata:
    """Return the metadata of the gRPC call for a request, with a request id if it has none, and who made it."""
    headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
    headers.setdefault("x-request-id", uuid.uuid4().hex[:12])
    return (*headers.items(), (FORWARDED_CLIENT, _client_name(request)))


def call_timeout(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a call may take, None for no limit.

    Raises:
        InvalidInput: the header is no number.
    """
    text = headers.get("Connect-Timeout-Ms")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidInput.of("Connect-Timeout-Ms", f"is {text!r:.40}; must be a number of milliseconds")
    return int(text) / 1000


def check_host(headers: Mapping[str, str]) -> None:
    """Check that a request to this machine was meant for it.

    Otherwise a web page could reach a server without tokens under a name of its own that resolves to this machine.

    Raises:
        PermissionDenied: the host that the request names is another one.
    """
    host = headers.get("Host", "")
    if not is_loopback(host if re.search(r":\d+$", host) else f"{host}:80"):
        raise PermissionDenied(f"the request is for {host!r:.80}; must be for localhost, as this server has no tokens")


def _client_name(request: web.Request) -> str:
    """Return the name in the certificate of who connected, or else the host."""
    certificate: Any = request.transport.get_extra_info("peercert") if request.transport else None
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return re.sub(r"[^\w.@-]", "_", value, flags=re.ASCII)[:64] or "unnamed"
    return request.remote or "unknown"
