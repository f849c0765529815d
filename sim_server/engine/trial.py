"""A trial: the way to simulate a motion that its effort allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from motion.protocols import CorrectionOptions
from sim_server.engine.ladder import AssistPlan, climb_ladder
from sim_server.engine.rollout import Path, Rollout
from sim_server.engine.search import SearchSettings, search_ways
from sim_server.policies.policy import ZERO, BasePolicy, Policy

_ANALYTIC = BasePolicy()
_SEARCHES = {"standard": SearchSettings(), "thorough": SearchSettings(candidates=64, rounds=3, failures=100)}


@dataclass(frozen=True)
class Trial:
    """The way to simulate a motion.

    Attributes:
        policy: what acts on top of the analytic controller on the ladder.
        search: how hard to search before the assist is raised; None for the ladder alone.
        proposer: the policy whose actions are tried without assist, beside those of the analytic controller in a search
            and after it on the ladder; None for none.
    """

    policy: Policy
    search: SearchSettings | None = None
    proposer: Policy | None = None

    @classmethod
    def of(cls, policy: Policy, options: CorrectionOptions, proposer: Policy | None = None) -> Trial:
        """Return the trial of a motion by its effort.

        The policy `zero` is a baseline without a controller that a search could act on; it has the ladder at any
        effort.
        """
        return cls(policy, None if policy.name == ZERO else _SEARCHES.get(options.effort), proposer)

    def plan_assist(self, options: CorrectionOptions, steps: int) -> AssistPlan:
        """Return the plan of a motion with some control steps, with all of them on the lowest rung."""
        if self.search is not None:
            return AssistPlan.create(options, steps)
        return AssistPlan.create(options, steps, self.policy, self.proposer)

    def start(self, path: Path, plan: AssistPlan, seed: int) -> Iterator[list[Rollout]]:
        """Return the rollouts that settle a path, as `climb_ladder` and `search_ways` yield them."""
        if self.search is None:
            return climb_ladder(path, plan)
        # The analytic controller shakes less where it does; a learned policy finds a way where it does not.
        policies = (_ANALYTIC,) if self.proposer is None else (_ANALYTIC, self.proposer)
        return search_ways(path, plan, policies, self.search, seed)
