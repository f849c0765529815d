"""Policies by name or by folder."""

from __future__ import annotations

from pathlib import Path

from motion.errors import NotFound
from motion.shell.assets import asset_path
from sim_server.policies.learned_policy import read_policy
from sim_server.policies.policy import BASE, ZERO, BasePolicy, Policy, ZeroPolicy

DEFAULT = "plumb-1"
_SHIPPED = (DEFAULT,)


def policy_names() -> tuple[str, ...]:
    """The policies that can be asked for by name."""
    return (*_SHIPPED, BASE, ZERO)


def load_policy(name: str) -> Policy:
    """The policy called `name`, or the one in a folder of that path; empty means the default.

    Raises:
        NotFound: there is none of that name, and no such folder.
        InvalidInput: the folder's policy is of another observation version, or is none.
    """
    name = name or DEFAULT
    if name == BASE:
        return BasePolicy()
    if name == ZERO:
        return ZeroPolicy()
    if name in _SHIPPED:
        return read_policy(asset_path(f"policies/{name}"))
    if Path(name).is_dir():
        return read_policy(Path(name))
    raise NotFound(f"no policy {name!r}; there is {', '.join(policy_names())}, or the folder of one")
