"""A checkpoint in memory, ready to be sampled from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generator.diffusion.process import make_process
from generator.diffusion.sampling import Sampler, per_sample_noise
from generator.model.mdm import MDM
from generator.text.encoders import text_encoder
from generator.text.text_batch import TextBatch
from generator.training.batching import padded_length, sampling_windows
from generator.training.checkpoint import Checkpoint
from generator.training.feature_codec import decode_positions
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from motion.cpu import single_threaded_blas
from motion.motion import DEFAULT_FPS, Motion

_BATCH_SIZE = 16
_BATCHES_IN_WINDOW = 4


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
class LoadedModel:
    """A checkpoint in memory.

    Attributes:
        model: the network, on the device that samples are computed on.
        normalizer: normalizer of its features.
        settings: settings of the model.
        device: where samples are computed.
    """

    model: MDM
    normalizer: Normalizer
    settings: Settings
    device: torch.device

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, precision: torch.dtype, compiled: bool) -> LoadedModel:
        """Build the network of a checkpoint.

        Args:
            checkpoint: what to load.
            device: where to compute.
            precision: type of the weights and of the computation.
            compiled: compile the network by `torch.compile`.

        Raises:
            InvalidInput: if the checkpoint's weights do not fit its settings.
        """
        model = checkpoint.model().to(device, precision).eval()
        if compiled:
            model.compile()
        return cls(model, checkpoint.normalizer, checkpoint.settings, device)

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
        """
        encoder = text_encoder(self.settings.text_encoder)
        for window in sampling_windows(lengths, _BATCH_SIZE, _BATCHES_IN_WINDOW):
            if window.stop <= start_index:
                continue
            motions: dict[int, Motion] = {}
            for rows in window.batches:
                if max(rows) < start_index:
                    continue
                text = TextBatch.from_arrays(encoder.encode([prompts[row] for row in rows])).to(self.device)
                positions = self._sample_batch(text, [lengths[row] for row in rows], seed, rows, how)
                for row, values in zip(rows, positions, strict=True):
                    motions[row] = Motion(values, DEFAULT_FPS, caption=prompts[row])
            for row in range(max(window.start, start_index), window.stop):
                yield motions[row]

    def _sample_batch(
        self, text: TextBatch, lengths: list[int], seed: int, rows: Sequence[int], how: SamplingSettings
    ) -> list[np.ndarray]:
        """Return the positions (length, 22, 3) of each motion of a batch."""
        # A model that attends to padding must see as much of it as in training, with noise in it.
        masked = self.settings.mask_frames
        frames = padded_length(max(lengths)) if masked else max(self.settings.max_frames, max(lengths))
        valid = (torch.arange(frames)[None] < torch.tensor(lengths)[:, None]).to(self.device)
        seeds = [_noise_seed(seed, row) for row in rows]
        noise = per_sample_noise(seeds, lengths if masked else [frames] * len(rows), frames, self.device)
        process = make_process(self.settings)
        features = process.sample(self.model, text, valid, noise, how.steps, how.guidance, how.sampler).cpu().numpy()
        with single_threaded_blas():  # the products of one motion are too small for several threads
            return [
                decode_positions(self.normalizer.denormalize(each[:length]))
                for each, length in zip(features, lengths, strict=True)
            ]


def _noise_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)
