"""Running all conformance checks on a generator service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import grpc

from generator.conformance.generator_checks import CHECKS, PREREQUISITES, Failure
from generator.conformance.service_checks import WIRE_CHECKS
from motion.errors import PlumbError, ServiceUnavailable
from motion.rpc.client_security import ClientSecurity
from motion.rpc.denials import PermissionDenied, Unauthenticated
from motion.rpc.generator_client import RemoteGenerator


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: name of the check.
        failure: why it failed; None if it passed.
        skipped: names of the checks that were not run because they rely on this one.
    """

    name: str
    failure: str | None = None
    skipped: tuple[str, ...] = ()


def run_checks(address: str, security: ClientSecurity | None = None) -> Iterator[CheckResult]:
    """Run the checks one after the other, and stop at the first whose failure makes the others fail too.

    Args:
        address: HOST:PORT of the generator service.
        security: how to connect; None for what the environment says.

    Raises:
        ServiceUnavailable: if there is no server at the address.
        Unauthenticated: if the server does not know the token.
        PermissionDenied: if the token does not allow what is checked.
    """
    with RemoteGenerator(address, security=security) as generator:
        generator_checks = [(check.__name__, partial(check, generator)) for check in CHECKS]
        wire_checks = [(check.__name__, partial(check, address, security)) for check in WIRE_CHECKS]
        checks = generator_checks + wire_checks
        prerequisites = {check.__name__ for check in PREREQUISITES}
        for index, (name, check) in enumerate(checks):
            try:
                check()
            except (Unauthenticated, PermissionDenied):
                raise
            # Any other error that a service answers with is a failure too. Only without a server, which the first
            # check finds out, is there nothing to check.
            except (Failure, PlumbError, grpc.RpcError) as failure:
                if index == 0 and isinstance(failure, ServiceUnavailable):
                    raise
                skipped = tuple(other for other, _ in checks[index + 1 :]) if name in prerequisites else ()
                yield CheckResult(name, str(failure), skipped)
                if skipped:
                    return
            else:
                yield CheckResult(name)
