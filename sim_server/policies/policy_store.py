"""Loading of policies by name or by folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from motion.errors import NotFound
from motion.shell.assets import asset_path
from sim_server.policies.policy import BASE, ZERO, BasePolicy, Policy, ZeroPolicy, check_policy_name
from sim_server.policies.policy_folder import read_policy

DEFAULT = "plumb-1"
"""The policy of a corrector that is given none."""
PROPOSER = "plumb-2"
"""The policy that proposes for the default one, which was not trained to do without assist."""
_SHIPPED = (DEFAULT, PROPOSER)


def policy_names() -> tuple[str, ...]:
    """Return the policies that can be loaded by name."""
    return (*_SHIPPED, BASE, ZERO)


def load_policy(name: str) -> Policy:
    """Load the policy with a name, or the one in a folder; an empty name means the default.

    Raises:
        NotFound: no policy has this name, and there is no such folder.
        InvalidInput: the policy in the folder is damaged or has another observation version.
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


def load_policies(default: str | Policy = "") -> tuple[Policy, dict[str, Policy]]:
    """Load the policies of a corrector.

    Args:
        default: the default policy: its name, its folder, or the policy itself.

    Returns:
        The default policy, and all policies by name, the default one among them.

    Raises:
        NotFound: there is no such policy.
        InvalidInput: the policy in a folder is damaged, or the default policy has the name of one that is not learned.
    """
    chosen = load_policy(default) if isinstance(default, str) else default
    if not isinstance(chosen, BasePolicy | ZeroPolicy):
        check_policy_name(chosen.name)
    policies = {name: chosen if name == chosen.name else load_policy(name) for name in policy_names()}
    return chosen, policies | {chosen.name: chosen}


def proposer_for(policy: Policy, policies: Mapping[str, Policy]) -> Policy | None:
    """Return the policy whose actions are tried without assist, in a search and on the ladder.

    Args:
        policy: the policy that was asked for.
        policies: all policies by name, as `load_policies` returns them.

    Returns:
        The policy itself, for the default one `PROPOSER`, and None for one that is not learned.
    """
    if not policy.learned:
        return None
    return policies[PROPOSER] if policy.name == DEFAULT else policy
