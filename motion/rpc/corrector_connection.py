"""What both clients of a sim server begin with: a connection, and how many calls of which urgency use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from motion.errors import InvalidInput
from motion.rpc.address import count_addresses
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_messages import MAX_PRIORITY, SERVICE
from motion.v1 import corrector_pb2_grpc

CALLS_PER_SERVER = 64
"""Concurrent calls for each server whose address is known; a server has 32 slots, and others wait in its queue."""


class CorrectorConnection:
    """A connection to a sim server, or to several.

    Args:
        address: HOST:PORT, or a gRPC target. `ipv4:HOST:PORT,HOST:PORT` and names with several addresses
            (`dns:///sim:50051`) are used in turn, without those that are dead or about to end.
        timeout: seconds that one motion may take, including its time in the queue; None for no limit.
        in_flight: maximum number of concurrent calls; None for 64 for each address in `address`.
        security: TLS, certificate and token; None for what the variables PLUMB_CA and so on say.
        priority: order of these motions among all that the same client has waiting on a server, from -100 to 100:
            higher ones come first. It puts them before no other client's, and changes no correction.

    Raises:
        InvalidInput: the address is malformed, the security does not go with it, or the priority is out of range.
            Whether there is a server only shows in the first call.
    """

    _open_channel: ClassVar[Callable[[str, str, ClientSecurity | None], Any]]

    def __init__(
        self,
        address: str,
        *,
        timeout: float | None = None,
        in_flight: int | None = None,
        security: ClientSecurity | None = None,
        priority: int = 0,
    ):
        if not abs(priority) <= MAX_PRIORITY:
            raise InvalidInput.of("priority", f"is {priority}; must be from -{MAX_PRIORITY} to {MAX_PRIORITY}")
        self._peer = f"sim server at {address}"
        self._timeout = timeout
        self._priority = priority
        self._in_flight = in_flight or CALLS_PER_SERVER * count_addresses(address)
        self._channel: Any = type(self)._open_channel(address, SERVICE, security)
        # The stubs of both kinds of channels have the same methods.
        self._stub: Any = corrector_pb2_grpc.CorrectorServiceStub(self._channel)
