"""Running all conformance checks on the service of a corrector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import grpc

from motion.errors import PlumbError, ServiceUnavailable
from motion.rpc.client_security import ClientSecurity
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.denials import PermissionDenied, Unauthenticated
from sim_server.conformance.corrector_checks import CHECKS
from sim_server.conformance.corrector_service_checks import WIRE_CHECKS


@dataclass(frozen=True)
class CorrectorCheckResult:
    """The result of one check.

    Attributes:
        name: name of the check.
        failure: why it failed; None if it passed.
        skipped: names of the checks that were not run, since this one failed.
    """

    name: str
    failure: str | None = None
    skipped: tuple[str, ...] = ()


def run_corrector_checks(
    address: str, security: ClientSecurity | None = None, keep_going: bool = False
) -> Iterator[CorrectorCheckResult]:
    """Run the checks one after the other, and stop at the first that fails, which may be the cause of others.

    Args:
        address: HOST:PORT of the service.
        security: how to connect; None for what the environment says.
        keep_going: whether the checks after a failure are run too.

    Raises:
        ServiceUnavailable: there is no sim server at the address.
        Unauthenticated: the server does not know the token.
        PermissionDenied: the token does not allow what is checked.
    """
    with RemoteCorrector(address, security=security) as corrector:
        checks: list[tuple[str, Callable[[], None]]] = [
            *((check.__name__, partial(check, corrector)) for check in CHECKS),
            *((check.__name__, partial(check, address, security)) for check in WIRE_CHECKS),
        ]
        for index, (name, check) in enumerate(checks):
            try:
                check()
            except (Unauthenticated, PermissionDenied):
                raise
            # Any other error that a service answers with is a failure too. Only without a server, which the first
            # check finds out, is there nothing to check.
            except (PlumbError, grpc.RpcError) as failure:
                if index == 0 and isinstance(failure, ServiceUnavailable):
                    raise
                skipped = () if keep_going else tuple(other for other, _ in checks[index + 1 :])
                yield CorrectorCheckResult(name, str(failure), skipped)
                if not keep_going:
                    return
            else:
                yield CorrectorCheckResult(name)
