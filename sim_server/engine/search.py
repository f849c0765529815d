"""Search before help: where a body would fall, many perturbed futures are tried side by side before it gets any assist.

The motion is simulated without assist, with feet that are put where the body can come to rest over them (see
`balance`). Where the body leaves its reference all the same, the simulation goes back to a little before that moment,
and a population of perturbations is tried from there to a little after it: a few numbers at every knot, linear between
them. Candidates take turns between the analytic controller, which shakes less, and the learned policy, which finds ways
where that has none. The cross-entropy method (see `population`) moves the population towards the candidates that stay
closest to the reference, and that end where the body can still come to rest over its feet: a body that is close but on
its way out falls a moment later. The best candidate is settled, and the motion goes on from its end. Each further
failure at about the same place goes back further.

After a few of them candidates may have assist there: up to the rung above what was not enough, and a rung more with
each further failure. How much a candidate has is one more number at each knot, the level: an index into the rungs of
the ladder, fractions between two of them. Each newton costs something, so that the search finds where in the window the
assist is needed, and how little is enough. A motion that has assist anywhere gets fewer tries without.

Candidates are rollouts like any other: the engine simulates them in whatever slots are free, and the result depends on
the seed alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from motion.array_types import FloatArray
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.engine.ladder import AssistPlan, climb_ladder
from sim_server.engine.perturbation import PERTURBATION_SIZE, interpolate_knots, knots_for
from sim_server.engine.population import Population
from sim_server.engine.rollout import Path, Rollout, StepControl
from sim_server.policies.policy import Policy

_LEVEL = PERTURBATION_SIZE  # the column of a knot that has the level of the assist
_LOST_M = 0.2  # mean joint distance to the reference above which a body is searched a better way
_BACK_STEPS = 14  # control steps from the failure back to the start of the first search there
_BACK_MORE = 8  # control steps more with each further failure there,
_LONGEST_BACK = 40  # up to this many
_AHEAD_STEPS = 10  # control steps after the failure that a candidate has to survive
_JUST_BEFORE_STEPS = 4  # control steps before a failure whose assist was not enough
_SAME_PLACE_STEPS = 6  # a failure this close after the last one is at the same place
_FREE_TRIES = 4  # searches without more assist at one place, for a motion that has none yet
_TRIES_WITH_ASSIST = 2  # the same for a motion that has assist somewhere
_MORE_ROUNDS = 1  # of a search with more assist: that some assist is enough is found first, then how little
_LEVEL_DEVIATION = 0.35  # of the level of the whole window and of each knot, in rungs
_SETTLED_M = 0.1  # error of the capture point at the end of a window below which one population is enough
_DISTANCE_WEIGHT = 4.0  # of the squared distance [1/m²], relative to a step that is missed
_END_WEIGHT = 4.0  # the same of the error of the capture point at the end of the window
_ASSIST_WEIGHT = 0.003  # the same of the assist force in one step [1/N]
_CHANGE_WEIGHT = 0.02
_CAPTURE_S = 0.3  # the capture point lies ahead of the pelvis by its velocity times this, as in `balance`


@dataclass(frozen=True)
class SearchSettings:
    """How hard to search.

    Attributes:
        candidates: candidates of one population.
        rounds: populations of one search, at most.
        failures: failures of one motion after which the search is given up for the ladder, for each 10 s of it.
        tries: failures at one place after which a motion that may have no more assist is not searched any more.
    """

    candidates: int = 24
    rounds: int = 2
    failures: int = 40
    tries: int = 8


@dataclass
class _Place:
    """Where a motion has failed, and what was tried there.

    Attributes:
        step: the control step of the latest failure there.
        tries: searches without more assist.
        tries_with_assist: searches with more assist.
        rung: the rung at or below the lowest level just before the first failure after which more assist was allowed.
    """

    step: int
    tries: int = 0
    tries_with_assist: int = 0
    rung: int = 0

    def fail_again(self, failed_step: int, plan: AssistPlan) -> None:
        """Decide by a failure here what is tried next."""
        self.step = max(self.step, failed_step)
        most = _TRIES_WITH_ASSIST if plan.highest_limit_n else _FREE_TRIES
        if self.tries < most or not plan.can_rise:
            self.tries += 1
            return
        if not self.tries_with_assist:
            self.rung = int(plan.rung_of_step[max(0, failed_step - _JUST_BEFORE_STEPS) : failed_step + 1].min())
        self.tries_with_assist += 1

    @property
    def back(self) -> int:
        """Control steps from the latest failure back to the start of the search."""
        return min(_BACK_STEPS + _BACK_MORE * ((self.tries_with_assist or self.tries) - 1), _LONGEST_BACK)


def search_ways(
    path: Path, plan: AssistPlan, policies: Sequence[Policy], settings: SearchSettings, seed: int
) -> Iterator[list[Rollout]]:
    """Simulate a motion from where its path ends, and search where the body leaves its reference.

    Args:
        path: the way of the motion; extended to its end.
        plan: the rung of each control step; changed where searching was in vain.
        policies: what acts on top of the analytic controller: the first one on the way itself, each in turn in the
            candidates of a search.
        settings: how hard to search.
        seed: seed of the candidates.

    Yields:
        Rollouts that may run side by side.
    """
    yield from _Search(path, plan, policies, settings, np.random.default_rng(seed)).run()


@dataclass
class _Search:
    """The search of one motion; its attributes are the arguments of `search_ways`, with a source of randomness."""

    path: Path
    plan: AssistPlan
    policies: Sequence[Policy]
    settings: SearchSettings
    rng: np.random.Generator

    def run(self) -> Iterator[list[Rollout]]:
        """Settle the whole motion; yields as `search_ways` does."""
        path, plan = self.path, self.plan
        steps = path.reference.steps
        budget = max(1, round(self.settings.failures * max(1.0, steps / 200)))
        place = _Place(-steps)
        while not path.done:
            trunk = self._rollout(self.policies[0], plan.rung_of_step[path.step :])
            yield [trunk]
            path.extend(trunk, len(trunk) - trunk.failed)
            if not trunk.failed:
                continue
            plan.attempts += 1
            budget -= 1
            failed_step = path.step
            if failed_step > place.step + _SAME_PLACE_STEPS:
                place = _Place(failed_step)
            place.fail_again(failed_step, plan)
            if budget < 0 or (place.tries > self.settings.tries and not plan.can_rise):
                break
            start, stop = max(0, failed_step - place.back), min(steps, failed_step + _AHEAD_STEPS)
            path.cut(start)
            best, levels = yield from self._search_window(place, stop)
            plan.rung_of_step[start:stop] = levels
            path.extend(best, len(best) - best.failed)
        if not path.done:
            plan.begin_ladder()
            yield from climb_ladder(path, plan)

    def _search_window(self, place: _Place, stop: int) -> Generator[list[Rollout], None, tuple[Rollout, FloatArray]]:
        """Search the best way from where the path ends up to a control step.

        Returns:
            The best candidate, and the level of the assist in each control step up to `stop`.
        """
        helps = place.tries_with_assist > 0
        steps = stop - self.path.step
        highest = self.plan.rung_of_step[self.path.step : stop]
        deviation = np.zeros((1 + knots_for(steps), PERTURBATION_SIZE + 1))  # of a part of all knots, and of each knot
        deviation[1:, :_LEVEL] = 1
        if helps:
            highest = np.maximum(highest, min(place.rung + place.tries_with_assist, len(self.plan.rungs) - 1))
            deviation[:, _LEVEL] = _LEVEL_DEVIATION
        population = Population(self.settings.candidates, deviation, self.rng)
        least, best, levels = np.inf, None, highest
        for _ in range(self.settings.rounds + helps * _MORE_ROUNDS):
            knots = population.candidates[:, :1] + population.candidates[:, 1:]
            values = np.array([interpolate_knots(each, steps) for each in knots])
            tried = np.clip(highest + values[..., _LEVEL], 0, highest)
            turns = zip(cycle(self.policies), tried, values[..., :_LEVEL], strict=False)
            rollouts = [self._rollout(*each) for each in turns]
            yield rollouts
            changes = (knots[..., :_LEVEL] ** 2).mean((1, 2))
            costs = np.array([_cost(*each, steps) for each in zip(rollouts, changes, strict=True)])
            index = int(np.argmin(costs))
            if costs[index] < least:
                least, best, levels = costs[index], rollouts[index], tried[index]
            assert best is not None
            if not helps and not best.failed and capture_error(best) < _SETTLED_M:
                break
            population.learn(costs)
        assert best is not None
        return best, levels

    def _rollout(self, policy: Policy, levels: FloatArray, perturbation: FloatArray | None = None) -> Rollout:
        """Return a rollout from where the path ends, with the level of the assist in each of its control steps."""
        controls = [StepControl(policy, limit, _LOST_M) for limit in self.plan.limits_n(levels).tolist()]
        path = self.path
        return Rollout(path.reference, path.step, path.snapshot, controls, perturbation, balances=True)


def _cost(rollout: Rollout, change: float, steps: int) -> float:
    """Return how bad a candidate is: its distances, one for each step that it missed, where it ends, and its assist.

    Args:
        rollout: the candidate's rollout.
        change: mean square of the perturbation at its knots.
        steps: control steps of the window.
    """
    distance = np.minimum(rollout.distances, 1.0)
    missed = steps - len(rollout) + rollout.failed
    end = _END_WEIGHT * min(capture_error(rollout) ** 2, 1.0)
    # That of the failed step may not be a number.
    assists = np.reshape(rollout.assists[: len(rollout) - rollout.failed], (-1, 6))
    assist = _ASSIST_WEIGHT * np.linalg.norm(assists[:, :3], axis=-1).sum()
    return float(_DISTANCE_WEIGHT * (distance**2).sum() + missed + end + assist + _CHANGE_WEIGHT * change)


def capture_error(rollout: Rollout) -> float:
    """Return the horizontal distance of the capture point from that of the reference after the last step [m].

    It is 0 for a rollout of one step, of which no velocity is known, and for one whose state diverged.
    """
    if len(rollout) < 2 or not np.isfinite(rollout.distances[-1]):
        return 0.0
    frame = rollout.start + len(rollout)
    before, after = np.array(rollout.joints[-2:])[:, 0] - rollout.reference.positions[frame - 1 : frame + 1, 0]
    error = after + _CAPTURE_S * CONTROL_FPS * (after - before)
    return float(np.hypot(error[0], error[2]))
