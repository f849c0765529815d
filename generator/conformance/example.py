"""A small generator to copy from: it returns the training motion whose caption is most similar to the prompt.

The motion is stretched to the requested length, and smooth noise is added to it. That makes a poor generator, but it
does everything that the contract asks of one: `plumb-gen check` passes. To serve your own, write a class with the same
four methods and call `generator.service.serve(YourGenerator(), "0.0.0.0:50052", insecure=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from scipy.interpolate import interp1d
from scipy.ndimage import gaussian_filter1d

from generator.sample_request import MAX_FRAMES, MIN_FRAMES, check_sample_request
from generator.text.hashed_ngrams import HashedNgrams
from generator.training.feature_codec import check_trainable
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.skeleton import NUM_JOINTS

_NOISE_M = 0.02
_NOISE_SMOOTHING_FRAMES = 4


class RetrievalGenerator:
    """A generator that satisfies `motion.protocols.Generator`; its checkpoints are the data sets, kept in memory."""

    def __init__(self) -> None:
        self._datasets: dict[str, MotionSet] = {}
        self._checkpoints: dict[str, MotionSet] = {}

    def describe(self) -> GeneratorInfo:
        """Describe the generator; the checkpoint that was trained last is the default."""
        ids = tuple(self._checkpoints)
        return GeneratorInfo(
            name="retrieval",
            version="1",
            fps=20.0,
            min_frames=MIN_FRAMES,
            max_frames=MAX_FRAMES,
            checkpoints=ids,
            default_checkpoint=ids[-1] if ids else "",
            device="cpu",
        )

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Return one motion per prompt, in order, from `start_index` on.

        Motion i is a function of the checkpoint, prompt i, length i, the seed and i, and of nothing else. So a client
        whose connection broke gets the same motions when it asks again from where it stopped.

        Args:
            prompts: texts, one per motion.
            lengths: frames of each motion.
            seed: seed of the request.
            options: the checkpoint; guidance and steps have no meaning here.
            start_index: index of the first motion to return.

        Raises:
            InvalidInput: if a prompt or a length is invalid.
            NotFound: if there is no such checkpoint.
        """
        options = options or SampleOptions()
        check_sample_request(prompts, lengths, seed, options, start_index)
        identity = options.checkpoint or self.describe().default_checkpoint
        if identity not in self._checkpoints:
            raise NotFound(f"there is no checkpoint {identity!r}")
        motions = self._checkpoints[identity]
        # The request is checked when `sample` is called; the motions are computed one by one as they are taken.
        indices = range(start_index, len(prompts))
        return (_retrieve(motions, prompts[index], lengths[index], (seed, index)) for index in indices)

    def upload(self, dataset: MotionSet) -> str:
        """Keep a data set and return its id, a digest of its content.

        Args:
            dataset: motions with captions.

        Raises:
            InvalidInput: if there are fewer than two motions, or an invalid one.
        """
        check_trainable(dataset)
        identity = dataset.content_id()
        self._datasets[identity] = dataset
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
        """Train a checkpoint and return its id, which is a function of the arguments.

        There is nothing to train here: the checkpoint is the data set.

        Args:
            dataset: id of an uploaded data set.
            init: id of the checkpoint to start from; empty to train from scratch.
            steps: training steps.
            seed: seed of everything random.
            settings: settings that differ from the defaults; this generator has none.
            progress: a real training would call it after every step, and let its exceptions pass.

        Raises:
            InvalidInput: if `steps` or a setting is invalid.
            NotFound: if there is no such data set or checkpoint.
        """
        if steps < 1:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1")
        if settings:
            raise InvalidInput.of(f"settings.{min(settings)}", "is unknown; this generator has no settings")
        if dataset not in self._datasets:
            raise NotFound(f"there is no data set {dataset!r}")
        if init and init not in self._checkpoints:
            raise NotFound(f"there is no checkpoint {init!r}")
        identity = f"{dataset}-{init or 'new'}-{steps}-{seed}"
        self._checkpoints.setdefault(identity, self._datasets[dataset])
        return identity


def _retrieve(motions: MotionSet, prompt: str, length: int, seed: tuple[int, int]) -> Motion:
    """Return the motion whose caption is most similar to the prompt, stretched to a length, with smooth noise."""
    encode = HashedNgrams().vector
    similarity = [max(encode(caption) @ encode(prompt) for caption in captions) for captions in motions.captions]
    positions = motions.motions[int(np.argmax(similarity))].positions
    stretched = interp1d(np.linspace(0, 1, len(positions)), positions, axis=0)(np.linspace(0, 1, length))
    noise = np.random.default_rng(seed).normal(0, _NOISE_M, (length, NUM_JOINTS, 3))
    return Motion(stretched + gaussian_filter1d(noise, _NOISE_SMOOTHING_FRAMES, axis=0), caption=prompt)
