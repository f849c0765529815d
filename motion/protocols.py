"""The two contracts of Plumb: what a corrector and a generator can do, in-process or over the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Protocol, runtime_checkable

import numpy as np

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Correction

MOST_EFFORT = 4


@dataclass(frozen=True)
class CorrectionOptions:
    """How to correct.

    Attributes:
        policy: which policy; empty means the corrector's default.
        assist: "auto" raises the limit of the root force rung by rung, only when a motion would otherwise fall;
            "none" allows no force; a number is the limit in newtons (and, for the torque, in newton metres).
        effort: how many ways of correcting each motion are tried, 1 to `MOST_EFFORT`; the best is returned.
    """

    policy: str = ""
    assist: str | float = "auto"
    effort: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.assist, str):
            if self.assist not in ("auto", "none"):
                raise InvalidInput.of("assist", f"is {self.assist!r}; must be 'auto', 'none' or a number of newtons")
        elif not (np.isfinite(self.assist) and self.assist >= 0):
            raise InvalidInput.of("assist", f"is {self.assist}; a limit in newtons must be finite and not negative")
        if not isinstance(self.effort, Integral) or not 1 <= self.effort <= MOST_EFFORT:
            raise InvalidInput.of("effort", f"is {self.effort}; must be a whole number from 1 to {MOST_EFFORT}")


@dataclass(frozen=True)
class CorrectorInfo:
    """What a corrector says about itself."""

    name: str
    default_policy: str
    policies: tuple[str, ...]
    mujoco: str
    version: str
    min_frames: int
    max_frames: int
    fps: float
    assist_ladder_n: tuple[float, ...]


@runtime_checkable
class Corrector(Protocol):
    """Takes motions and hands back the nearest motions that a body can do.

    `correct` is a pure function of each motion, the options and the seed: order and company change nothing. It takes
    `Motion`s or arrays, (frames, 22, 3) positions in metres or (frames, 263) HumanML3D features, and answers in the
    same order. An input that is no motion raises `InvalidInput`, its fields under `motions[i]`; a motion that cannot
    be simulated comes back with status FAILED.
    """

    def describe(self) -> CorrectorInfo: ...

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Correction]: ...


@dataclass(frozen=True)
class GeneratorInfo:
    """What a generator says about itself."""

    name: str
    version: str
    fps: float
    min_frames: int
    max_frames: int
    checkpoints: tuple[str, ...]
    default_checkpoint: str
    device: str


@dataclass(frozen=True)
class SampleOptions:
    """How to sample; None leaves a value to the model.

    Attributes:
        checkpoint: checkpoint id; empty means the generator's default.
        guidance: classifier-free guidance scale; 1 is none.
        steps: denoising steps.
    """

    checkpoint: str = ""
    guidance: float | None = None
    steps: int | None = None


@dataclass(frozen=True)
class FitProgress:
    """One line of a fit's progress."""

    step: int
    steps: int
    loss: float


@runtime_checkable
class Generator(Protocol):
    """Makes motions from words, and can be trained further.

    `sample` yields one motion a prompt, in order, from `start_index` on; sample i is a function of (checkpoint,
    prompt i, length i, options, seed, i). `upload` gives a data set an id made from its content. `fit` is idempotent:
    the checkpoint id is a function of its arguments; one that was cut off goes on from its last saved step.
    """

    def describe(self) -> GeneratorInfo: ...

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]: ...

    def upload(self, dataset: MotionSet) -> str: ...

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str: ...
