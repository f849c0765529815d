"""Where a service is: HOST:PORT."""

from __future__ import annotations

import errno
import os
import socket

from motion.errors import InvalidInput


def split_address(address: str, field: str = "address") -> tuple[str, int]:
    """The host and the port of `HOST:PORT`; an IPv6 host keeps its brackets.

    Raises:
        InvalidInput: on `field`, it is not of this form.
    """
    host, colon, port = address.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not (colon and host) or (":" in host and not bracketed) or any(c.isspace() or c == "/" for c in host):
        raise InvalidInput.of(field, f"is {address!r}; must be HOST:PORT, for example 127.0.0.1:50051")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise InvalidInput.of(field, f"is {address!r}, with the port {port!r}; must be a number from 0 to 65535")
    return host, int(port)


def check_listenable(address: str) -> None:
    """Ask the system whether `address` can be listened on, for the reason that gRPC does not give.

    Raises:
        InvalidInput: on `listen`, with that reason.
    """
    host, port = split_address(address, "listen")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "the port is in use"
        else:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
        raise InvalidInput.of("listen", f"cannot listen on {address}: {reason}") from error
