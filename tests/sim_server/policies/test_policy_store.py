"""Which policies there are by name, and which one proposes in a search."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from motion.errors import NotFound
from sim_server.policies.policy import Policy
from sim_server.policies.policy_store import load_policies, load_policy, policy_names, proposer_for


@dataclass
class Own:
    name: str = "own"
    assist_threshold_m: float = 0.1
    learned: bool = True

    act = None


def test_every_name_is_that_of_a_policy() -> None:
    assert [load_policy(name).name for name in policy_names()] == list(policy_names())
    with pytest.raises(NotFound, match="plumb-1, plumb-2, base, zero"):
        load_policy("plumb-3")


@pytest.mark.parametrize(
    ("name", "proposer"), [("plumb-1", "plumb-2"), ("plumb-2", "plumb-2"), ("base", None), ("zero", None)]
)
def test_what_proposes_in_a_search(name: str, proposer: str | None) -> None:
    policy, policies = load_policies(name)
    found = proposer_for(policy, policies)
    assert (found.name if found else None) == proposer


def test_a_policy_of_ones_own_proposes_itself() -> None:
    own: Policy = Own()  # type: ignore[assignment]
    assert proposer_for(own, load_policies()[1]) is own
