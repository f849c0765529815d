"""A trial: one way to simulate a motion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from motion.protocols import CorrectionOptions
from sim_server.engine.ladder import AssistPlan, climb_ladder
from sim_server.engine.rollout import Path, Rollout
from sim_server.engine.search import SearchSettings, search_ways
from sim_server.policies.policy import BasePolicy, Policy


@dataclass(frozen=True)
class Trial:
    """One way to simulate a motion.

    Attributes:
        policy: what acts on top of the analytic controller; a search leaves it out.
        threshold_scale: factor on the distance at which the ladder raises the assist.
        search: how hard to search before the assist is raised; None for the ladder alone.
    """

    policy: Policy
    threshold_scale: float = 1.0
    search: SearchSettings | None = None

    def plan_assist(self, options: CorrectionOptions, steps: int) -> AssistPlan:
        """Return the plan of a motion with some control steps, with all of them on the lowest rung."""
        return AssistPlan.create(options, steps, self.policy.learned and self.search is None)

    def start(self, path: Path, plan: AssistPlan, seed: int) -> Iterator[list[Rollout]]:
        """Return the rollouts that settle a path, as `climb_ladder` and `search_ways` yield them."""
        if self.search is None:
            return climb_ladder(path, plan, self.policy, self.threshold_scale)
        # Perturbations of the analytic controller need fewer tries than those of the policies that there are.
        return search_ways(path, plan, BasePolicy(), self.search, seed)
