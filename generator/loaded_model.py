"""A checkpoint in memory, ready to be sampled from.

A sample is a function of its own prompt, length, seed and index: its bytes do not depend on the other samples of its
batch, which may be of other clients. For that, all batches have the same number of rows, free rows hold copies, and
the number of frames depends on each sample alone. The same kernels then compute a row in the same order of operations
whatever stands in the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generator.diffusion.process import make_process
from generator.diffusion.sampling import Sampler, per_sample_noise
from generator.shared_batches import Lanes, SharedBatches
from generator.text.encoders import text_encoder
from generator.text.text_batch import TextBatch
from generator.torch_runtime import total_memory
from generator.training.batching import padded_length
from generator.training.checkpoint import Checkpoint
from generator.training.feature_codec import decode_positions
from generator.training.settings import Settings
from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput
from motion.motion import DEFAULT_FPS, Motion

_MAX_ROWS = 64
_MEMORY_SHARE = 0.1  # of a device, for the activations of a batch
_WIDE_MULTIPLE = 64  # of frames in batches of several rows: fewer shapes, so that samples find company


@dataclass(frozen=True)
class SamplingSettings:
    """How to sample from a model.

    Attributes:
        steps: sampling steps.
        guidance: scale of classifier-free guidance; 1 is none.
        sampler: see `generator.diffusion.sampling`.
    """

    steps: int
    guidance: float
    sampler: Sampler


@dataclass(frozen=True, eq=False)
class _Sample:
    """One sample of a request: its encoded text (tokens, dim), frames, seed of its noise, and how to sample it."""

    text: np.ndarray
    length: int
    seed: int
    how: SamplingSettings


def batch_rows(settings: Settings, device: torch.device) -> int:
    """Return the rows of a batch: 1 on a CPU, where more gain a tenth at most, and as many as fit on a GPU.

    It depends on the memory that a device has, not on what is free, so that equal devices give equal bytes.

    Args:
        settings: settings of the model.
        device: where samples are computed.
    """
    if device.type == "cpu":
        return 1
    tokens = settings.max_frames + 1
    values = 8 * settings.width + 2 * settings.ff + settings.heads * tokens
    row_bytes = 2 * 4 * tokens * values  # with and without text, in float32
    fitting = int(_MEMORY_SHARE * total_memory(device)) // row_bytes
    return 2 ** max(0, min(_MAX_ROWS, fitting).bit_length() - 1)


class LoadedModel:
    """A checkpoint in memory.

    Args:
        checkpoint: what to load.
        device: where to compute.
        precision: type of the weights and of the computation.
        compiled: compile the network by `torch.compile`.
        rows: samples of a batch; 0 for `batch_rows`. On a CPU, more than `CPU_CHUNK` must be a multiple of it.
        lanes: limits the batches that the device computes at the same time.

    Attributes:
        settings: settings of the model.

    Raises:
        InvalidInput: if the checkpoint's weights do not fit its settings.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device,
        precision: torch.dtype,
        compiled: bool,
        rows: int,
        lanes: Lanes,
    ):
        self.settings = checkpoint.settings
        self._model = checkpoint.model().to(device, precision).eval()
        if compiled:
            self._model.compile()
        self._normalizer = checkpoint.normalizer
        self._device = device
        self._rows = rows or batch_rows(self.settings, device)
        self._batches = SharedBatches(self._sample_batch, self._rows, lanes)

    def sample(
        self, prompts: Sequence[str], lengths: Sequence[int], seed: int, how: SamplingSettings, start_index: int
    ) -> Iterator[Motion]:
        """Sample the motions of a request, in order, from `start_index` on.

        Args:
            prompts: texts, one per motion.
            lengths: frames of each motion.
            seed: seed of the request.
            how: steps, guidance and sampler.
            start_index: index of the first motion to return.

        Raises:
            InvalidInput: if a sample is not finite.
        """
        encoder = text_encoder(self.settings.text_encoder)
        indices = range(start_index, len(prompts))

        def samples() -> Iterator[tuple[Hashable, _Sample]]:
            for index in indices:
                (text,) = encoder.encode([prompts[index]])
                shape = (how, self._frames(lengths[index]), len(text))
                yield shape, _Sample(text, lengths[index], _noise_seed(seed, index), how)

        for index, positions in zip(indices, self._batches.stream(samples()), strict=True):
            if not np.isfinite(positions).all():
                reason = f"is {how.guidance:g}, which makes numbers of prompt {index} that are not finite"
                raise InvalidInput.of("guidance", f"{reason}; must be less")
            yield Motion(positions, DEFAULT_FPS, caption=prompts[index])

    def _frames(self, length: int) -> int:
        """Return the frames that a motion is computed with: a function of its length, whatever its company."""
        # A model that attends to padding must see as much of it as in training, with noise in it.
        if not self.settings.mask_frames:
            return max(self.settings.max_frames, length)
        return padded_length(length) if self._rows == 1 else -(-length // _WIDE_MULTIPLE) * _WIDE_MULTIPLE

    def _sample_batch(self, samples: Sequence[_Sample]) -> list[np.ndarray]:
        """Return the positions (length, 22, 3) of each sample of a batch of one shape."""
        rows = [*samples, *[samples[0]] * (self._rows - len(samples))]
        how, frames = samples[0].how, self._frames(samples[0].length)
        lengths = [row.length for row in rows]
        text = TextBatch.from_arrays([row.text for row in rows]).to(self._device)
        valid = (torch.arange(frames)[None] < torch.tensor(lengths)[:, None]).to(self._device)
        noisy = lengths if self.settings.mask_frames else [frames] * len(rows)
        noise = per_sample_noise([row.seed for row in rows], noisy, frames, self._device)
        process = make_process(self.settings)
        features = process.sample(self._model, text, valid, noise, how.steps, how.guidance, how.sampler).cpu().numpy()
        with single_threaded_blas():  # the products of one motion are too small for several threads
            return [
                decode_positions(self._normalizer.denormalize(each[: sample.length]))
                for each, sample in zip(features, samples, strict=False)
            ]


def _noise_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)
