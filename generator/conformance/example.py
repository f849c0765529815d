"""The smallest generator, to copy from: the motion whose caption is nearest to the prompt, with a little noise."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from scipy.interpolate import interp1d
from scipy.ndimage import gaussian_filter1d

from generator.sample_request import MAX_FRAMES, MIN_FRAMES, check_request
from generator.text.hashed_ngrams import HashedNgrams
from generator.training.feature_codec import check_trainable
from motion.errors import InvalidInput, NotFound
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions


class RetrievalGenerator:
    """Satisfies `motion.protocols.Generator`; its checkpoints are the sets themselves, in memory."""

    def __init__(self) -> None:
        self._known: dict[str, MotionSet] = {}  # sets and checkpoints
        self._ids: tuple[str, ...] = ()

    def describe(self) -> GeneratorInfo:
        return GeneratorInfo("retrieval", "1", 20.0, MIN_FRAMES, MAX_FRAMES, self._ids, "".join(self._ids[-1:]), "cpu")

    def sample(self, prompts: Sequence[str], lengths: Sequence[int], seed: int = 0,
               options: SampleOptions | None = None, start_index: int = 0) -> Iterator[Motion]:  # fmt: skip
        check_request(prompts, lengths, seed, options or SampleOptions(), start_index)
        motions = self._found((options and options.checkpoint) or self.describe().default_checkpoint)
        return (_made(motions, prompts[i], lengths[i], (seed, i)) for i in range(start_index, len(prompts)))

    def upload(self, dataset: MotionSet) -> str:
        check_trainable(dataset)
        return self._known.setdefault(dataset.content_id(), dataset).content_id()

    def fit(self, dataset: str, init: str, steps: int, seed: int = 0, settings: Mapping[str, str] | None = None,
            progress: Callable[[FitProgress], None] | None = None) -> str:  # fmt: skip
        if steps < 1 or settings:
            raise InvalidInput.of("steps", f"is {steps}, with {settings or {}}; must be at least 1, without settings")
        motions, _ = self._found(dataset), init and self._found(init)
        identity = f"{dataset}-{init or 'new'}-{steps}-{seed}"
        self._known[identity], self._ids = motions, tuple(dict.fromkeys((*self._ids, identity)))
        return identity

    def _found(self, identity: str) -> MotionSet:
        if identity in self._known:
            return self._known[identity]
        raise NotFound(f"there is no set or checkpoint {identity!r}")


def _made(motions: MotionSet, prompt: str, length: int, seed: tuple[int, int]) -> Motion:
    vector = HashedNgrams().vector
    nearness = [max(vector(caption) @ vector(prompt) for caption in captions) for captions in motions.captions]
    found = motions.motions[int(np.argmax(nearness))].positions
    noise = gaussian_filter1d(np.random.default_rng(seed).normal(0, 0.02, (length, 22, 3)), 4, axis=0)
    stretched = interp1d(np.linspace(0, 1, len(found)), found, axis=0)(np.linspace(0, 1, length))
    return Motion(stretched + noise, caption=prompt)
