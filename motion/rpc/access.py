"""Who makes a call, and whether they may."""

from __future__ import annotations

import re

import grpc.aio

from motion.rpc.denials import PermissionDenied, Unauthenticated
from motion.rpc.tokens import RIGHTS, Client, TokenFile

FORWARDED_CLIENT = "x-plumb-client"
"""Metadata with the name of who made a call over HTTP; only calls by the socket of the server's own gateway have it."""

# A method that is not here needs `admin`; one with None is for every client that is known.
_RIGHTS_OF_METHODS = {
    "/motion.v1.CorrectorService/Describe": None,
    "/motion.v1.CorrectorService/Correct": "correct",
    "/motion.v1.CorrectorService/CorrectStream": "correct",
    "/motion.v1.CorrectorService/Score": "score",
    "/motion.v1.CorrectorService/ScoreStream": "score",
    "/motion.v1.GeneratorService/Describe": None,
    "/motion.v1.GeneratorService/Sample": "sample",
    "/motion.v1.GeneratorService/UploadDataset": "fit",
    "/motion.v1.GeneratorService/Fit": "fit",
}


def identify(context: grpc.aio.ServicerContext, tokens: TokenFile | None) -> Client:
    """Return who makes a call: the client of its token or, without tokens, whoever connected, with all rights.

    Args:
        context: the call.
        tokens: the tokens that the server accepts; None if it asks for none.

    Raises:
        Unauthenticated: the call carries no token, several, or one that is unknown.
    """
    if tokens is None:
        return Client(_connected_name(context), frozenset(RIGHTS))
    headers = [value for key, value in context.invocation_metadata() or () if key == "authorization"]
    if not headers:
        raise Unauthenticated("the call has no token; must have the metadata `authorization: Bearer TOKEN`")
    scheme, _, token = str(headers[0]).partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer":
        raise Unauthenticated("the call has another authorization than one bearer token; must have one")
    client = tokens.find(token.strip())
    if client is None:
        raise Unauthenticated("the token of the call is unknown; must be one that the server's operator gave out")
    return client


def check_right(client: Client, method: str) -> None:
    """Check that a client may call a method.

    Args:
        client: who calls.
        method: full name, such as `/motion.v1.CorrectorService/Correct`.

    Raises:
        PermissionDenied: the client lacks the right.
    """
    right = _RIGHTS_OF_METHODS.get(method, "admin")
    if right is not None and not client.may(right):
        rights = ", ".join(sorted(client.rights))
        raise PermissionDenied(f"{client.name} has no right to {method}; needs the right {right}, and has {rights}")


def _connected_name(context: grpc.aio.ServicerContext) -> str:
    """Return the name in the certificate of who connected, or else the host."""
    names = context.auth_context().get("x509_common_name") or ()
    for name in names:
        return re.sub(r"[^\w.@-]", "_", name.decode("utf-8", "replace"), flags=re.ASCII)[:64] or "unnamed"
    peer = context.peer()  # ipv4:127.0.0.1:47790, ipv6:%5B::1%5D:47790 or unix:
    kind, _, address = peer.partition(":")
    if kind == "unix":  # a socket that only the gateway of this process can reach
        return next((str(v) for k, v in context.invocation_metadata() or () if k == FORWARDED_CLIENT), "http")
    return address.rpartition(":")[0] or kind
