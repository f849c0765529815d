"""The motion diffusion model as a generator."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generator.diffusion import denoise
from generator.features import MIN_FRAMES, Normalizer, check_trainable, motion_features, positions_of
from generator.mdm import MDM
from generator.settings import Settings
from generator.store import Checkpoint, Store, read_checkpoint, request_id
from generator.text import text_encoder
from generator.training import Trainer, TrainingSet
from motion import __version__
from motion.assets import asset_path
from motion.dataset import MotionSet
from motion.errors import InvalidInput, NotFound, Violation
from motion.motion import DEFAULT_FPS, Motion
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions

DEFAULT_GUIDANCE = 2.5
LONGEST_PROMPT = 1000
SHIPPED = "demo"
_MAX_FRAMES = 196
_SAMPLE_BATCH = 32
_SAVE_SECONDS = 10.0
_LOADED_AT_MOST = 4


@dataclass(frozen=True, eq=False)
class _Loaded:
    model: MDM
    normalizer: Normalizer
    settings: Settings


class DiffusionGenerator:
    """MDM over a folder of data sets and checkpoints; satisfies `motion.protocols.Generator`.

    Args:
        store: the folder.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        threads: of torch on the CPU; 0 leaves them as they are.
        settings: of models that are trained from scratch, where a fit says nothing else.
    """

    def __init__(self, store: Path, device: str = "auto", threads: int = 0, settings: Settings | None = None):
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        self._store = Store(store)
        self._settings = settings or Settings()
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def describe(self) -> GeneratorInfo:
        checkpoints = self._store.checkpoints()
        shipped = _shipped()
        known = ([SHIPPED] if shipped else []) + checkpoints
        return GeneratorInfo(
            name="mdm",
            version=__version__,
            fps=DEFAULT_FPS,
            min_frames=MIN_FRAMES,
            max_frames=_MAX_FRAMES,
            checkpoints=tuple(known),
            default_checkpoint=checkpoints[-1] if checkpoints else SHIPPED if shipped else "",
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

        Sampled in batches whose bounds depend on the whole request alone; `start_index` begins anew with the batch
        that holds it, so that its motions are the same to the bit.

        Raises:
            InvalidInput: a prompt, a length or an option is out of bounds.
            NotFound: no such checkpoint.
        """
        options = options or SampleOptions()
        _check_sample(prompts, lengths, seed, options, start_index)
        loaded = self._load(options.checkpoint or self.describe().default_checkpoint)
        steps = options.steps or loaded.settings.diffusion_steps
        if steps > loaded.settings.diffusion_steps:
            raise InvalidInput.of("steps", f"is {steps}; the model has {loaded.settings.diffusion_steps}")
        guidance = DEFAULT_GUIDANCE if options.guidance is None else options.guidance
        return self._sampled(loaded, list(prompts), list(lengths), seed, steps, guidance, start_index)

    def _sampled(
        self,
        loaded: _Loaded,
        prompts: list[str],
        lengths: list[int],
        seed: int,
        steps: int,
        guidance: float,
        start_index: int,
    ) -> Iterator[Motion]:
        encoder = text_encoder(loaded.settings.text_encoder)
        for start in range(start_index - start_index % _SAMPLE_BATCH, len(prompts), _SAMPLE_BATCH):
            rows = range(start, min(start + _SAMPLE_BATCH, len(prompts)))
            text = torch.from_numpy(encoder.encode([prompts[row] for row in rows])).to(self._device)
            frames = torch.tensor([lengths[row] for row in rows])
            valid = (torch.arange(int(frames.max()))[None] < frames[:, None]).to(self._device)
            generators = [torch.Generator().manual_seed(_noise_seed(seed, row)) for row in rows]
            features = denoise(loaded.model, text, valid, generators, loaded.settings.diffusion_steps, steps, guidance)
            restored = loaded.normalizer.restored(features.cpu().numpy())
            for row, values in zip(rows, restored, strict=True):
                if row >= start_index:
                    positions = positions_of(values[: lengths[row]])
                    yield Motion(positions, DEFAULT_FPS, caption=prompts[row])

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

        What `progress` raises stops the fit at a step's end; what is done by then is kept.

        Raises:
            InvalidInput: `steps`, `seed` or a setting is out of bounds.
            NotFound: no such data set or checkpoint.
        """
        if steps < 1:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1")
        if seed < 0:
            raise InvalidInput.of("seed", f"is {seed}; must not be negative")
        start = self._checkpoint(init) if init else None
        base = Settings(**start.card["settings"]) if start else self._settings
        chosen = base.with_texts(settings or {}, fixed=start is not None)
        motions = self._store.dataset(dataset)
        request = {"model": "mdm-1", "dataset": dataset, "init": init, "steps": steps, "seed": seed,
                   "settings": chosen.to_json()}  # fmt: skip
        identity = request_id(request)
        if not self._store.has_checkpoint(identity):
            checkpoint = self._train(identity, motions, start, steps, seed, chosen, request, progress)
            self._store.publish(checkpoint)
        return identity

    def _train(
        self,
        identity: str,
        motions: MotionSet,
        start: Checkpoint | None,
        steps: int,
        seed: int,
        settings: Settings,
        request: dict[str, Any],
        progress: Callable[[FitProgress], None] | None,
    ) -> Checkpoint:
        features = motion_features(motions, settings.max_frames)
        normalizer = Normalizer.from_tensors(start.weights) if start else Normalizer.of(features)
        encoder = text_encoder(settings.text_encoder)
        data = TrainingSet(
            [normalizer.normalized(each) for each in features],
            [encoder.encode([text for text in texts if text.strip()]) for texts in motions.captions],
        )
        model = _new_model(settings, seed) if start is None else _model_of(start, settings)
        trainer = Trainer(model, data, settings, seed, self._device)
        kept = self._store.partial(identity)
        if kept is not None:
            trainer.restore(*kept)
        saved = time.monotonic()
        losses: list[float] = []

        def each(step: int, loss: float) -> None:
            nonlocal saved
            losses.append(loss)
            if progress is not None:
                try:
                    progress(FitProgress(step, steps, loss))
                except BaseException:
                    self._store.save_partial(identity, trainer.state(), step)
                    raise
            if time.monotonic() - saved > _SAVE_SECONDS and step < steps:
                self._store.save_partial(identity, trainer.state(), step)
                saved = time.monotonic()

        trainer.run(steps, each)
        card = {**request, "normalizer": "of the first data set" if start is None else "inherited",
                "motions": len(motions), "torch": torch.__version__, "version": __version__,
                "last_loss": float(np.mean(losses[-50:])) if losses else None}  # fmt: skip
        return Checkpoint(identity, trainer.weights() | normalizer.tensors(), card)

    def _checkpoint(self, identity: str) -> Checkpoint:
        if identity == SHIPPED and (shipped := _shipped()):
            return read_checkpoint(shipped)
        if not identity:
            raise NotFound("there is no checkpoint yet; train one first (plumb-gen train)")
        return self._store.checkpoint(identity)

    def _load(self, identity: str) -> _Loaded:
        with self._lock:
            if identity not in self._loaded:
                checkpoint = self._checkpoint(identity)
                settings = Settings(**checkpoint.card["settings"])
                model = _model_of(checkpoint, settings).to(self._device).eval()
                self._loaded[identity] = _Loaded(model, Normalizer.from_tensors(checkpoint.weights), settings)
            self._loaded.move_to_end(identity)
            while len(self._loaded) > _LOADED_AT_MOST:
                self._loaded.popitem(last=False)
            return self._loaded[identity]


def _shipped() -> Path | None:
    try:
        return asset_path(f"models/{SHIPPED}")
    except NotFound:
        return None


def _empty_model(settings: Settings) -> MDM:
    return MDM(settings.layers, settings.width, settings.heads, settings.ff, settings.dropout, settings.mask_frames)


def _new_model(settings: Settings, seed: int) -> MDM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _empty_model(settings)


def _model_of(checkpoint: Checkpoint, settings: Settings) -> MDM:
    """The network with a checkpoint's weights.

    Raises:
        InvalidInput: weights are missing, unknown, or of another shape; each is named.
    """
    model = _empty_model(settings)
    weights = {name: value for name, value in checkpoint.weights.items() if not name.startswith("normalizer.")}
    expected = model.state_dict()
    wrong = [Violation(name, "is missing from the checkpoint") for name in expected.keys() - weights.keys()]
    wrong += [
        Violation(name, "is in the checkpoint, but not in the model") for name in weights.keys() - expected.keys()
    ]
    wrong += [
        Violation(name, f"has shape {tuple(weights[name].shape)}; the model needs {tuple(expected[name].shape)}")
        for name in expected.keys() & weights.keys()
        if weights[name].shape != expected[name].shape
    ]
    if wrong:
        raise InvalidInput(sorted(wrong, key=lambda violation: violation.field)[:10])
    model.load_state_dict(weights)
    return model


def _noise_seed(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)


def _check_sample(
    prompts: Sequence[str], lengths: Sequence[int], seed: int, options: SampleOptions, start_index: int
) -> None:
    wrong = []
    if not prompts:
        wrong.append(Violation("prompts", "are none; there must be at least one"))
    if len(lengths) != len(prompts):
        wrong.append(Violation("lengths", f"are {len(lengths)} for {len(prompts)} prompts; must be one each"))
    for index, prompt in enumerate(prompts):
        if not prompt.strip() or len(prompt) > LONGEST_PROMPT:
            wrong.append(
                Violation(f"prompts[{index}]", f"has {len(prompt)} characters; must have 1 to {LONGEST_PROMPT}")
            )
    for index, length in enumerate(lengths):
        if not MIN_FRAMES <= length <= _MAX_FRAMES:
            wrong.append(Violation(f"lengths[{index}]", f"is {length}; must be between {MIN_FRAMES} and {_MAX_FRAMES}"))
    if seed < 0:
        wrong.append(Violation("seed", f"is {seed}; must not be negative"))
    if not 0 <= start_index <= len(prompts):
        wrong.append(Violation("start_index", f"is {start_index}; must be between 0 and {len(prompts)}"))
    if options.steps is not None and options.steps < 1:
        wrong.append(Violation("steps", f"is {options.steps}; must be at least 1"))
    if options.guidance is not None and not (np.isfinite(options.guidance) and options.guidance >= 0):
        wrong.append(Violation("guidance", f"is {options.guidance}; must be finite and not negative"))
    if wrong:
        raise InvalidInput(wrong[:10])
