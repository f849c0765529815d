"""Addresses of services, HOST:PORT."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from motion.errors import InvalidInput


def split_address(address: str, field: str = "address") -> tuple[str, int]:
    """Split `HOST:PORT` into the host and the port; an IPv6 host keeps its brackets.

    Args:
        address: for example `127.0.0.1:50051` or `[::1]:50051`.
        field: name of the address in errors.

    Raises:
        InvalidInput: the address is not of this form.
    """
    host, colon, port = address.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not (colon and host) or (":" in host and not bracketed) or any(c.isspace() or c == "/" for c in host):
        raise InvalidInput.of(field, f"is {address!r}; must be HOST:PORT, for example 127.0.0.1:50051")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise InvalidInput.of(field, f"is {address!r}, with the port {port!r}; must be a number from 0 to 65535")
    return host, int(port)


def is_loopback(target: str) -> bool:
    """Return whether all addresses of a target are on this machine, so that what is sent does not leave it.

    Args:
        target: HOST:PORT, or a gRPC target.
    """
    scheme, colon, rest = target.partition(":")
    if scheme in ("unix", "unix-abstract") and colon:
        return True
    if scheme in ("ipv4", "ipv6") and colon:
        return all(_is_loopback_host(address) for address in rest.removeprefix("///").split(","))
    if scheme == "dns" and colon:
        target = rest.rpartition("/")[2]
    return _is_loopback_host(target)


def count_addresses(target: str) -> int:
    """Return the number of addresses in a target; a name counts as one, however many it stands for.

    Args:
        target: HOST:PORT, or a gRPC target.
    """
    return target.count(",") + 1 if target.startswith(("ipv4:", "ipv6:")) else 1


def _is_loopback_host(address: str) -> bool:
    host = address.strip().rpartition(":")[0].strip("[]")
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_can_listen(address: str) -> None:
    """Check that a server can listen on `address`.

    gRPC only reports that it could not; a socket of our own gives the reason.

    Raises:
        InvalidInput: on the field `listen`, with the reason.
    """
    host, port = split_address(address, "listen")
    try:
        family, kind, protocol, _, socket_address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(socket_address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "the port is in use"
        else:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
        raise InvalidInput.of("listen", f"cannot listen on {address}: {reason}") from error
