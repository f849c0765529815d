"""Search before help: where a body would fall, many perturbed futures are tried side by side before it gets any assist.

The motion is simulated without assist, with feet that are put where the body can come to rest over them (see
`balance`). Where the body leaves its reference all the same, the simulation goes back to a little before that moment,
and a population of perturbations is tried from there to a little after it: a few numbers at every knot, linear between
them. The cross-entropy method (Rubinstein and Kroese, "The cross-entropy method", 2004) moves the population towards
the candidates that stay closest to the reference, and that end where the body can still come to rest over its feet: a
body that is close but on its way out falls a moment later. The best candidate is settled, and the motion goes on from
its end. Each further failure at about the same place goes back further. After a few of them that window is allowed a
little assist, more with each further one, and searched again; a motion that has help anywhere gets fewer tries.

Candidates are rollouts like any other: the engine simulates them in whatever slots are free, and the result depends on
the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from motion.array_types import FloatArray
from sim_server.body.humanoid import CONTROL_FPS
from sim_server.engine.ladder import AssistPlan, climb_ladder
from sim_server.engine.perturbation import PERTURBATION_SIZE, interpolate_knots, knots_for
from sim_server.engine.rollout import Path, Rollout, StepControl
from sim_server.policies.policy import Policy

_LOST_M = 0.2  # mean joint distance to the reference above which a body is searched a better way
_BACK_STEPS = 14  # control steps from the failure back to the start of the first search there
_BACK_MORE = 8  # control steps more with each further failure there,
_LONGEST_BACK = 40  # up to this many
_AHEAD_STEPS = 10  # control steps after the failure that a candidate has to survive
_SAME_PLACE_STEPS = 6  # a failure this close after the last one is at the same place
_FREE_TRIES = 4  # searches at one place before a motion without assist gets any there
_TRIES_WITH_ASSIST = 2  # the same for a motion that has assist somewhere, before that window gets a higher rung
_KEPT_SHARE = 6  # one of so many candidates shapes the next population
_LEAST_KEPT = 4
_SPREAD = 0.1  # added to the standard deviation of the next population
_DISTANCE_WEIGHT = 4.0  # of the squared distance [1/m²], relative to a step that is missed
_END_WEIGHT = 4.0  # the same of the error of the capture point at the end of the window
_CAPTURE_S = 0.3  # the capture point lies ahead of the pelvis by its velocity times this, as in `balance`
_CHANGE_WEIGHT = 0.02


@dataclass(frozen=True)
class SearchSettings:
    """How hard to search.

    Attributes:
        candidates: candidates of one population.
        rounds: populations of one search.
        failures: failures of one motion after which the search is given up for the ladder, for each 10 s of it.
    """

    candidates: int = 24
    rounds: int = 2
    failures: int = 40


def search_ways(
    path: Path, plan: AssistPlan, policy: Policy, settings: SearchSettings, seed: int
) -> Iterator[list[Rollout]]:
    """Simulate a motion from where its path ends, and search where the body leaves its reference.

    Args:
        path: the way of the motion; extended to its end.
        plan: the rung of each control step; raised where searching was in vain.
        policy: what acts on top of the analytic controller.
        settings: how hard to search.
        seed: seed of the candidates.

    Yields:
        Rollouts that may run side by side.
    """
    rng = np.random.default_rng(seed)
    steps = path.reference.steps
    budget = max(1, round(settings.failures * max(1.0, steps / 200)))
    place, tries, back = -steps, 0, _BACK_STEPS

    def rollout(stop: int, knots: FloatArray | None = None) -> Rollout:
        controls = [StepControl(policy, plan.rung_at(step).limit_n, _LOST_M) for step in range(path.step, stop)]
        values = None if knots is None else interpolate_knots(knots, stop - path.step)
        return Rollout(path.reference, path.step, path.snapshot, controls, values, balances=True)

    while not path.done:
        trunk = rollout(steps)
        yield [trunk]
        path.extend(trunk, len(trunk) - trunk.failed)
        if not trunk.failed:
            continue
        failed_step = path.step
        plan.attempts += 1
        budget -= 1
        if budget < 0:
            break
        if failed_step <= place + _SAME_PLACE_STEPS:
            tries, back = tries + 1, min(back + _BACK_MORE, _LONGEST_BACK)
        else:
            tries, back = 1, _BACK_STEPS
        place = max(place, failed_step)
        start, stop = max(0, failed_step - back), min(steps, failed_step + _AHEAD_STEPS)
        most = _TRIES_WITH_ASSIST if plan.highest_limit_n else _FREE_TRIES
        if tries > most and plan.raise_window(start, stop, failed_step):
            tries, back = _TRIES_WITH_ASSIST - 1, _BACK_STEPS
        path.cut(start)
        population = _Population(stop - start, settings.candidates, rng)
        for _ in range(settings.rounds):
            candidates = [rollout(stop, knots) for knots in population.knots]
            yield candidates
            population.learn(candidates)
        assert population.best is not None
        path.extend(population.best, len(population.best) - population.best.failed)
    if not path.done:
        yield from climb_ladder(path, plan, policy)


class _Population:
    """Candidates of the cross-entropy method, for a window of some control steps."""

    def __init__(self, steps: int, size: int, rng: np.random.Generator) -> None:
        self._rng, self._size, self._steps = rng, size, steps
        shape = knots_for(steps), PERTURBATION_SIZE
        self._mean, self._deviation = np.zeros(shape), np.ones(shape)
        self._least = np.inf
        self.best: Rollout | None = None
        self.knots = self._draw()

    def learn(self, candidates: Sequence[Rollout]) -> None:
        """Keep the best candidate, and draw the next population around the better ones."""
        costs = np.array([self._cost(rollout, knots) for rollout, knots in zip(candidates, self.knots, strict=True)])
        order = np.argsort(costs, kind="stable")
        if costs[order[0]] < self._least:
            self._least, self.best = costs[order[0]], candidates[order[0]]
        kept = self.knots[order[: max(_LEAST_KEPT, self._size // _KEPT_SHARE)]]
        self._mean, self._deviation = kept.mean(0), kept.std(0) + _SPREAD
        self.knots = self._draw()

    def _draw(self) -> FloatArray:
        """Return candidates (size, knots, 6); the first one is the mean."""
        noise = self._rng.standard_normal((self._size, *self._mean.shape))
        noise[0] = 0
        return self._mean + self._deviation * noise

    def _cost(self, rollout: Rollout, knots: FloatArray) -> float:
        """Return how bad a candidate is: squared distances, one for each step that it missed, and where it ends."""
        distance = np.minimum(rollout.distances, 1.0)
        missed = self._steps - len(rollout) + rollout.failed
        end = _END_WEIGHT * min(capture_error(rollout) ** 2, 1.0)
        return float(_DISTANCE_WEIGHT * (distance**2).sum() + missed + end + _CHANGE_WEIGHT * (knots**2).mean())


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
