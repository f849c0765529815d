"""The protocols of Plumb: corrector, scorer and generator. In-process classes and network clients implement them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from motion.correction_options import DEFAULT_EFFORT, EFFORTS, MAX_EFFORT, Assist, CorrectionOptions, Effort
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Correction
from motion.score import Score

__all__ = [
    "DEFAULT_EFFORT",
    "EFFORTS",
    "MAX_EFFORT",
    "Assist",
    "CorrectionOptions",
    "Corrector",
    "CorrectorInfo",
    "Effort",
    "FitProgress",
    "Generator",
    "GeneratorInfo",
    "ProgressCallback",
    "SampleOptions",
    "Scorer",
]

ProgressCallback = Callable[[float, int], None]
"""Function of (done, all) that a corrector or scorer calls to report its progress, counted in motions.

`done` never falls and ends at `all`. It may include the shares of motions that are under way.
"""


@dataclass(frozen=True)
class CorrectorInfo:
    """Description of a corrector.

    Attributes:
        name: name of the corrector.
        default_policy: name of the policy that is used if the options name none.
        policies: names of all policies.
        mujoco: version of MuJoCo; empty if the corrector does not simulate.
        version: version of the program.
        min_frames: fewest frames of a motion, counted at `fps`.
        max_frames: most frames of a motion, counted at `fps`.
        fps: control rate, frames per second. Motions at other rates are resampled, and resampled back afterwards.
        assist_ladder_n: the limits of the assist that "auto" tries in turn, N; the torque has the same numbers in N m.
    """

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
    """Makes motions physically plausible: returns the nearest motions that a body can perform."""

    def describe(self) -> CorrectorInfo:
        """Return the corrector's name, policies and limits."""
        ...

    def correct(
        self,
        motions: Sequence[Motion | np.ndarray],
        seed: int = 0,
        options: CorrectionOptions | None = None,
        progress: ProgressCallback | None = None,
    ) -> list[Correction]:
        """Correct motions, each independently of the others.

        A correction is a pure function of the motion, the options and the seed: it does not depend on the order of the
        motions nor on the other motions of the call.

        Args:
            motions: `Motion` objects or arrays at 20 fps: positions (frames, 22, 3) in metres, or HumanML3D features
                (frames, 263).
            seed: random seed.
            options: how to correct; None for the defaults.
            progress: called with the numbers of motions (done, all); see `ProgressCallback`.

        Returns:
            One correction per motion, in the same order. A motion that cannot be simulated has the status FAILED.

        Raises:
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
            NotFound: the policy does not exist.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """Measures how far motions are from what a body can do, without correcting them."""

    def score(self, motions: Sequence[Motion | np.ndarray], progress: ProgressCallback | None = None) -> list[Score]:
        """Score motions, each independently of the others.

        Args:
            motions: as for `Corrector.correct`.
            progress: called with the numbers of motions (done, all); see `ProgressCallback`.

        Returns:
            One score per motion, in the same order.

        Raises:
            InvalidInput: a motion is malformed; the field starts with `motions[i]`.
        """
        ...


@dataclass(frozen=True)
class GeneratorInfo:
    """Description of a generator.

    Attributes:
        name: name of the generator.
        version: version of the program.
        fps: frame rate of the samples.
        min_frames: fewest frames of a sample.
        max_frames: most frames of a sample.
        checkpoints: ids of all checkpoints.
        default_checkpoint: id of the checkpoint that is used if the options name none; empty if there is none.
        device: device that the model runs on, such as `cpu` or `cuda:0`.
    """

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
    """How to sample.

    Attributes:
        checkpoint: id of the checkpoint; empty for the generator's default.
        guidance: scale of classifier-free guidance, where 1 means no guidance; None for the checkpoint's default.
        steps: number of denoising steps; None for the checkpoint's default.
    """

    checkpoint: str = ""
    guidance: float | None = None
    steps: int | None = None


@dataclass(frozen=True)
class FitProgress:
    """The state of a training run.

    Attributes:
        step: number of optimizer steps that are done.
        steps: number of all steps.
        loss: training loss at this step.
    """

    step: int
    steps: int
    loss: float


@runtime_checkable
class Generator(Protocol):
    """Generates motions from text, and can be trained on a data set."""

    def describe(self) -> GeneratorInfo:
        """Return the generator's name, checkpoints and limits."""
        ...

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Generate one motion per prompt.

        Sample i is a pure function of the checkpoint, prompt i, length i, the options, the seed and i. A stream that
        was interrupted can therefore be resumed with `start_index`.

        Args:
            prompts: descriptions of the motions.
            lengths: number of frames of each motion.
            seed: random seed.
            options: how to sample; None for the defaults.
            start_index: index of the first motion to generate; the ones before it are skipped.

        Yields:
            The motions in the order of the prompts, from `start_index` on.

        Raises:
            InvalidInput: a prompt, a length or an option is out of range.
            NotFound: the checkpoint does not exist.
        """
        ...

    def upload(self, dataset: MotionSet) -> str:
        """Store a data set for `fit` and return its id, which is computed from its content."""
        ...

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train a checkpoint on a data set.

        The id of the checkpoint is a function of all arguments. Calling again with the same arguments returns the
        finished checkpoint, or resumes an interrupted training from its last saved step.

        Args:
            dataset: id that `upload` returned.
            init: id of the checkpoint to start from; empty to start from random weights.
            steps: number of optimizer steps.
            seed: random seed.
            settings: settings of the generator's own by name, such as the learning rate; None for the defaults.
            progress: called now and then with the state of the training.

        Returns:
            The id of the new checkpoint.

        Raises:
            InvalidInput: a setting is unknown or out of range, or the data set cannot be trained on.
            NotFound: the data set or the checkpoint does not exist.
        """
        ...
