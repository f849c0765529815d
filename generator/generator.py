"""The motion diffusion model as a generator, and flow matching with the same network."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from generator.diffusion.process import process_of
from generator.diffusion.sampling import SAMPLERS, Noise, Sampler, own_noise
from generator.model.mdm import MDM
from generator.sample_request import MAX_FRAMES, MIN_FRAMES, SEEDS, check_request
from generator.store import Store
from generator.text.encoders import text_encoder
from generator.text.text_batch import TextBatch
from generator.training.batching import padded, sampling_windows
from generator.training.checkpoint import Checkpoint, content_digest, read_checkpoint, write_checkpoint
from generator.training.feature_codec import check_trainable, positions_of
from generator.training.fitting import FitRequest, fit
from generator.training.normalizer import Normalizer
from generator.training.settings import PRECISIONS, Settings
from motion import __version__
from motion.errors import InvalidInput
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.shell.assets import asset_path

DEFAULT_GUIDANCE = 2.5
_SHIPPED = ("flow", "mdm")
"""Ids of the checkpoints that come with Plumb, the default last."""
_BATCH, _BATCHES = 16, 4  # of sampling: motions computed together, and how many such are sorted by length
_LOADED_AT_MOST = 4


_Made = Callable[[TextBatch, torch.Tensor, Noise], torch.Tensor]
"""Features out of texts, which frames are valid, and noise."""


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A checkpoint ready to sample from."""

    model: MDM
    normalizer: Normalizer
    settings: Settings


class DiffusionGenerator:
    """MDM, or a flow, over a folder of data sets and checkpoints; satisfies `motion.protocols.Generator`.

    Args:
        store: the folder.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        threads: of torch on the CPU; 0 for half of the cores: a small model gains little from more, and two programs
            that both want every core slow each other down many times over.
        settings: of models that are trained from scratch, where a fit says nothing else.
        sampler: see `generator.diffusion.sampling`.
        save_seconds: time between two states that a fit keeps.
        precision: what sampling computes in, "float32" or "bfloat16"; "auto" is the latter on a GPU. On CPUs it is
            twice as fast for wide networks where they have instructions for it, and slower where they have none.
        compiled: compile networks by `torch.compile`.

    Raises:
        InvalidInput: there is no such device, sampler, precision or number of threads.
    """

    def __init__(
        self,
        store: Path,
        device: str = "auto",
        threads: int = 0,
        settings: Settings | None = None,
        sampler: Sampler = "auto",
        save_seconds: float = 10.0,
        precision: str = "auto",
        compiled: bool = False,
    ):
        if sampler not in SAMPLERS:
            raise InvalidInput.of("sampler", f"is {sampler!r}; must be one of {', '.join(SAMPLERS)}")
        if threads < 0:
            raise InvalidInput.of("threads", f"is {threads}; must not be negative")
        torch.set_num_threads(threads or max(1, len(os.sched_getaffinity(0)) // 2))
        if precision not in ("auto", *PRECISIONS):
            raise InvalidInput.of("precision", f"is {precision!r}; must be auto, {' or '.join(PRECISIONS)}")
        self._device = torch_device(device)
        rough = precision == "bfloat16" or (precision == "auto" and self._device.type == "cuda")
        self._precision = torch.bfloat16 if rough else torch.float32
        self._compiled = compiled
        self._store = Store(store)
        self._settings = settings or Settings()
        self._sampler: Sampler = sampler
        self._save_seconds = save_seconds
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._lock = threading.Lock()
        self._folders = {name: asset_path(f"models/{name}") for name in _SHIPPED}

    def describe(self) -> GeneratorInfo:
        known = [*self._folders, *self._store.checkpoints()]
        return GeneratorInfo(
            name=process_of(self._settings).name,
            version=__version__,
            fps=DEFAULT_FPS,
            min_frames=MIN_FRAMES,
            max_frames=MAX_FRAMES,
            checkpoints=tuple(known),
            default_checkpoint=known[-1],
            device=str(self._device),
        )

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Motions of `lengths` frames, at 20 frames/s, in the order of the prompts.

        Computed in batches that depend on the whole request alone; `start_index` begins anew with those that hold a
        motion from there on, so that they are the same to the bit.

        Raises:
            InvalidInput: a prompt, a length or an option is out of bounds.
            NotFound: no such checkpoint.
        """
        options = options or SampleOptions()
        check_request(prompts, lengths, seed, options, start_index)
        loaded = self._load(options.checkpoint or self.describe().default_checkpoint)
        process = process_of(loaded.settings)
        steps = options.steps or process.usual_steps
        if steps > process.most_steps:
            raise InvalidInput.of("steps", f"is {steps}; must be at most {process.most_steps}, the steps of this model")
        guidance = DEFAULT_GUIDANCE if options.guidance is None else options.guidance

        def made(text: TextBatch, valid: torch.Tensor, noise: Noise) -> torch.Tensor:
            return process.sample(loaded.model, text, valid, noise, steps, guidance, self._sampler)

        return self._sampled(loaded, list(prompts), list(lengths), seed, made, start_index)

    def open_checkpoint(self, folder: Path) -> str:
        """Have the checkpoint in `folder` beside those of the store, while this object lives; its id.

        Raises:
            NotFound: there is none.
            InvalidInput: a file is damaged.
        """
        identity = read_checkpoint(folder.resolve()).id
        self._folders[identity] = folder.resolve()
        with self._lock:
            self._loaded.pop(identity, None)  # may be another by now
        return identity

    def copy_checkpoint(self, identity: str, folder: Path) -> None:
        """Put the two files of a checkpoint into `folder`.

        Raises:
            NotFound: there is no such checkpoint.
            InvalidInput: the folder cannot be written.
        """
        checkpoint = self._checkpoint(identity)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_checkpoint(folder, checkpoint)
        except OSError as error:
            raise InvalidInput.of(str(folder), f"cannot be written: {error.strerror or error}") from error

    def upload(self, dataset: MotionSet) -> str:
        """Raises InvalidInput where nothing can be learned from the set."""
        check_trainable(dataset)
        return self._store.put_dataset(dataset)

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train for `steps` steps on an uploaded set, from checkpoint `init` or, where that is empty, from scratch.

        What `progress` raises stops the fit at a step's end; what is done by then is kept. Training from a checkpoint
        starts with its weights and keeps its normaliser, with a new optimizer.

        Raises:
            InvalidInput: `steps`, `seed` or a setting is out of bounds, or the weights ran away from all numbers.
            NotFound: no such data set or checkpoint.
        """
        if steps < 1:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1")
        if not 0 <= seed < SEEDS:
            raise InvalidInput.of("seed", f"is {seed}; must be at least 0 and below 2^63")
        start = self._checkpoint(init) if init else None
        chosen = self.settings_of(init, settings or {})
        if chosen.extrapolation != 1 and not init:
            said = f"is {chosen.extrapolation:g}; without a checkpoint to start from there is nothing to go away from"
            raise InvalidInput.of("settings.extrapolation", said)
        request = FitRequest(dataset, self._origin(init), steps, seed, chosen)
        motions = self._store.dataset(dataset)
        identity = request.identity()
        if not self._store.has_checkpoint(identity):
            self._store.publish(fit(request, motions, start, self._store, self._device, self._save_seconds, progress))
        return identity

    def settings_of(self, init: str, settings: Mapping[str, str]) -> Settings:
        """The settings of a fit from checkpoint `init` or, where that is empty, from scratch. Raises as `fit`."""
        # A checkpoint's settings go on; that its weights were moved is said of it alone.
        base = replace(self._checkpoint(init).settings, extrapolation=1.0) if init else self._settings
        return base.with_texts(settings, fixed=bool(init))

    def _sampled(
        self, loaded: _Loaded, prompts: list[str], lengths: list[int], seed: int, made: _Made, start_index: int
    ) -> Iterator[Motion]:
        encoder = text_encoder(loaded.settings.text_encoder)
        for window in sampling_windows(lengths, _BATCH, _BATCHES):
            if window.stop <= start_index:
                continue
            done: dict[int, Motion] = {}
            for rows in window.batches:
                if max(rows) < start_index:
                    continue
                text = TextBatch.of(encoder.encode([prompts[row] for row in rows])).to(self._device)
                features = self._features(loaded, text, [lengths[row] for row in rows], seed, rows, made)
                for row, values in zip(rows, features, strict=True):
                    done[row] = Motion(positions_of(values), DEFAULT_FPS, caption=prompts[row])
            for row in range(max(window.start, start_index), window.stop):
                yield done[row]

    def _features(
        self, loaded: _Loaded, text: TextBatch, lengths: list[int], seed: int, rows: Sequence[int], made: _Made
    ) -> list[np.ndarray]:
        """Features (length, 263) of one batch."""
        # A model that sees padded frames sees all that there were in training, and noise in them.
        hidden = loaded.settings.mask_frames
        frames = padded(max(lengths)) if hidden else max(loaded.settings.max_frames, max(lengths))
        valid = torch.arange(frames)[None] < torch.tensor(lengths)[:, None]
        seeds = [_noise_seed(seed, row) for row in rows]
        noise = own_noise(seeds, lengths if hidden else [frames] * len(rows), frames, self._device)
        features = made(text, valid.to(self._device), noise).cpu().numpy()
        return [loaded.normalizer.restored(each[:n]) for each, n in zip(features, lengths, strict=True)]

    def _checkpoint(self, identity: str) -> Checkpoint:
        folder = self._folders.get(identity)
        return read_checkpoint(folder) if folder else self._store.checkpoint(identity, tuple(self._folders))

    def _origin(self, init: str) -> str:
        """What a request says it starts from: an id of the store says it all; the name of a folder does not say what is
        in it now."""
        folder = self._folders.get(init)
        return f"{init}@{content_digest(folder)}" if folder else init

    def _load(self, identity: str) -> _Loaded:
        with self._lock:
            if identity not in self._loaded:
                checkpoint = self._checkpoint(identity)
                model = checkpoint.model().to(self._device, self._precision).eval()
                if self._compiled:
                    model.compile()
                self._loaded[identity] = _Loaded(model, checkpoint.normalizer, checkpoint.settings)
            self._loaded.move_to_end(identity)
            while len(self._loaded) > _LOADED_AT_MOST:
                self._loaded.popitem(last=False)
            return self._loaded[identity]


def torch_device(name: str) -> torch.device:
    """The device called `name`, where "auto" is a GPU if there is one.

    Raises:
        InvalidInput: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInput.of("device", f"is {name!r}, which cannot be used ({reason}); must be cpu or auto") from error


def _noise_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)
