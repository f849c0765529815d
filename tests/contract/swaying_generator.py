"""A fast generator of swaying bodies, whose fits can be observed and interrupted."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from swaying_body import sway

from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions


class SwayingGenerator:
    """A generator that satisfies the contract as far as its tests need; a fit only counts its steps.

    Args:
        step_seconds: duration of a step of a fit.

    Attributes:
        datasets: uploaded data sets by id.
        steps_done: steps of all fits together.
        sampled: motions computed, whether or not a client took them.
        closed_samples: calls of `sample` that have ended.
        fitting: fits that are running.
        most_fitting: most fits that ran at the same time.
    """

    def __init__(self, step_seconds: float = 0.0):
        self.step_seconds = step_seconds
        self.steps_done = 0
        self.sampled = 0
        self.closed_samples = 0
        self.fitting = 0
        self.most_fitting = 0
        self.datasets: dict[str, MotionSet] = {}
        self._saved: dict[str, int] = {}
        self._checkpoints = ["first"]
        self._lock = threading.Lock()

    def describe(self) -> GeneratorInfo:
        return GeneratorInfo("swaying", "1", 20.0, 4, 196, tuple(self._checkpoints), "first", "cpu")

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        options = options or SampleOptions()
        if len(prompts) != len(lengths):
            raise InvalidInput.of("lengths", f"are {len(lengths)} for {len(prompts)} prompts; must be one each")
        checkpoint = options.checkpoint or "first"
        if checkpoint not in self._checkpoints:
            raise NotFound(f"no checkpoint {checkpoint!r}; there is {', '.join(self._checkpoints)}")
        return self._sampled(prompts, lengths, (checkpoint, seed, options.guidance, options.steps), start_index)

    def upload(self, dataset: MotionSet) -> str:
        if not len(dataset):
            raise InvalidInput.of("motions", "are none; a set must have at least one")
        identity = dataset.content_id()
        self.datasets[identity] = dataset
        return identity

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        if dataset not in self.datasets:
            raise NotFound(f"no data set {dataset!r}; there is {', '.join(self.datasets)}")
        if steps < 1:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1")
        if unknown := set(settings or {}) - {"lr"}:
            raise InvalidInput.of(f"settings.{min(unknown)}", "is unknown; there is lr")
        with self._lock:
            self.fitting += 1
            self.most_fitting = max(self.most_fitting, self.fitting)
        try:
            identity = _digest(dataset, init, steps, seed, sorted((settings or {}).items()))
            for step in range(self._saved.get(identity, 0) + 1, steps + 1):
                time.sleep(self.step_seconds)
                self.steps_done += 1
                self._saved[identity] = step
                if progress:
                    progress(FitProgress(step, steps, 1.0 / step))
        finally:
            with self._lock:
                self.fitting -= 1
        if identity not in self._checkpoints:
            self._checkpoints.append(identity)
        return identity

    def _sampled(
        self, prompts: Sequence[str], lengths: Sequence[int], rest: tuple[object, ...], start: int
    ) -> Iterator[Motion]:
        try:
            for index in range(start, len(prompts)):
                self.sampled += 1
                digest = _digest(prompts[index], *rest, index)
                yield sway(lengths[index], int(digest, 16), caption=prompts[index])
        finally:
            self.closed_samples += 1


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
