"""The motion diffusion model, or flow matching with the same network, as a generator."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from generator.checkpoint_library import CheckpointLibrary
from generator.diffusion.process import make_process
from generator.diffusion.sampling import SAMPLERS, Sampler
from generator.loaded_model import LoadedModel, SamplingSettings
from generator.model.guidance import CPU_CHUNK
from generator.sample_request import MAX_FRAMES, MIN_FRAMES, SEED_LIMIT, check_sample_request
from generator.shared_batches import Lanes
from generator.store import Store
from generator.text.hashed_ngrams import HashedNgrams
from generator.text.known_words import stems, unknown_prompts
from generator.torch_runtime import resolve_device, set_torch_threads
from generator.training.checkpoint import write_checkpoint
from generator.training.data_parallel import is_main_process, local_device_name
from generator.training.feature_codec import check_trainable
from generator.training.memory_estimate import check_training_memory, parameter_count
from generator.training.settings import PRECISIONS, Settings
from generator.training.training_run import TrainingRequest, train
from motion import __version__
from motion.cpu import usable_cores
from motion.errors import InvalidInput
from motion.motion import DEFAULT_FPS, Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions

DEFAULT_GUIDANCE = 2.5
MAX_TRAINING_STEPS = 100_000_000
_MAX_LOADED = 4
_SAVED_COPIES = 8  # of the weights: the state of the run (weights, average, two moments), twice while it is replaced


class DiffusionGenerator:
    """A generator with a folder of data sets and checkpoints; satisfies `motion.protocols.Generator`.

    Args:
        store: the folder.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        threads: CPU threads of torch in this process. 0 for half of the usable cores: a small model gains little from
            more, and a corrector on the same machine needs the others.
        settings: default settings of models that are trained from scratch.
        sampler: see `generator.diffusion.sampling`.
        save_seconds: time between two saves of a training run.
        precision: "float32" or "bfloat16" to sample in; "auto" is bfloat16 on a GPU and float32 on a CPU. On CPUs with
            bfloat16 instructions it is twice as fast for wide networks; on other CPUs it is slower.
        compiled: compile networks by `torch.compile`.
        rows: samples of a batch, of one request or of several; 0 for 1 on a CPU and, on a GPU, as many as its memory
            holds. It changes the bytes of samples by rounding.

    Attributes:
        parallel_samples: how many requests a service should sample at the same time, so that batches are full.

    Raises:
        InvalidInput: if the device, sampler, precision, number of threads or of rows is invalid.
    """

    parallel_samples = 64

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
        rows: int = 0,
    ):
        if sampler not in SAMPLERS:
            raise InvalidInput.of("sampler", f"is {sampler!r}; must be one of {', '.join(SAMPLERS)}")
        if precision not in ("auto", *PRECISIONS):
            raise InvalidInput.of("precision", f"is {precision!r}; must be auto, {' or '.join(PRECISIONS)}")
        if rows < 0 or (rows > CPU_CHUNK and rows % CPU_CHUNK):
            raise InvalidInput.of("rows", f"is {rows}; must be at most {CPU_CHUNK}, or a multiple of it")
        set_torch_threads(threads)
        self._device = resolve_device(local_device_name(device))
        low_precision = precision == "bfloat16" or (precision == "auto" and self._device.type == "cuda")
        self._precision = torch.bfloat16 if low_precision else torch.float32
        self._compiled = compiled
        self._rows = rows
        # Torch's threads wait by spinning, so there must not be more of them than cores.
        lanes = max(1, usable_cores() // torch.get_num_threads()) if self._device.type == "cpu" else 1
        self._lanes = Lanes(lanes)
        self._store = Store(store)
        self._library = CheckpointLibrary(self._store)
        self._settings = settings or Settings()
        self._sampler: Sampler = sampler
        self._save_seconds = save_seconds
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._lock = threading.Lock()

    def describe(self) -> GeneratorInfo:
        """Describe the generator; `max_frames` is that of the default checkpoint."""
        default = self._library.default()
        try:
            max_frames = self._max_frames(default)
        except InvalidInput:
            # A damaged card must not hide the other checkpoints; sampling from this one reports the damage.
            max_frames = MAX_FRAMES
        return GeneratorInfo(
            name=make_process(self._settings).name,
            version=__version__,
            fps=DEFAULT_FPS,
            min_frames=MIN_FRAMES,
            max_frames=max_frames,
            checkpoints=self._library.ids(),
            default_checkpoint=default,
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
        """Sample motions at 20 frames/s, in the order of the prompts.

        Each motion is a function of its own prompt, length and index, bytes included: neither the index that a client
        starts from, nor the other prompts, nor other clients, whose samples may be in the same batch, change it.

        Args:
            prompts: texts, one per motion.
            lengths: frames of each motion.
            seed: seed of the request.
            options: checkpoint, guidance and steps.
            start_index: index of the first motion to return.

        Raises:
            InvalidInput: if a prompt, a length or an option is invalid.
            NotFound: if there is no such checkpoint.
        """
        options = options or SampleOptions()
        identity = options.checkpoint or self._library.default()
        check_sample_request(prompts, lengths, seed, options, start_index, self._max_frames(identity))
        loaded = self._load(identity)
        process = make_process(loaded.settings)
        steps = options.steps or process.default_steps
        if steps > process.max_steps:
            raise InvalidInput.of("steps", f"is {steps}; must be at most {process.max_steps}, the steps of this model")
        guidance = DEFAULT_GUIDANCE if options.guidance is None else options.guidance
        how = SamplingSettings(steps, guidance, self._sampler)
        return loaded.sample(list(prompts), list(lengths), seed, how, start_index)

    def upload(self, dataset: MotionSet) -> str:
        """Store a data set and return its id, a digest of its content.

        Raises:
            InvalidInput: if a model cannot be trained on it.
        """
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
        """Train a model and return the id of its checkpoint, a digest of the arguments.

        A request that was answered before is answered at once. One that was interrupted continues from its saved state.

        Args:
            dataset: id of an uploaded data set.
            init: id of the checkpoint to start from, whose normalizer is kept; empty to train from scratch.
            steps: optimizer steps.
            seed: seed of everything random.
            settings: settings that differ from those of `init` or, without one, of this generator.
            progress: called after every step. An exception that it raises ends the training, whose state is saved.

        Raises:
            InvalidInput: if `steps`, `seed` or a setting is invalid, or the training diverges.
            NotFound: if there is no such data set or checkpoint.
        """
        if not 1 <= steps <= MAX_TRAINING_STEPS:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1 and at most {MAX_TRAINING_STEPS}")
        if not 0 <= seed < SEED_LIMIT:
            raise InvalidInput.of("seed", f"is {seed}; must be at least 0 and below 2^63")
        chosen = self.training_settings(init, settings or {})
        if chosen.extrapolation != 1 and not init:
            reason = f"is {chosen.extrapolation:g}; must be 1 without a checkpoint to start from"
            raise InvalidInput.of("settings.extrapolation", reason)
        request = TrainingRequest(dataset, self._library.origin(init), steps, seed, chosen)
        identity = request.identity()
        if not self._store.has_whole_checkpoint(identity):
            check_training_memory(chosen, self._device)
            self._store.check_writable(_SAVED_COPIES * 4 * parameter_count(chosen))
            motions = self._store.dataset(dataset)
            start = self._library.read(init) if init else None
            trained = train(request, motions, start, self._store, self._device, self._save_seconds, progress)
            if is_main_process():
                self._store.publish(trained)
        return identity

    def training_settings(self, init: str, settings: Mapping[str, str]) -> Settings:
        """Return the settings of a training run.

        Args:
            init: id of the checkpoint to start from; empty to train from scratch.
            settings: settings that differ from those of `init` or, without one, of this generator.

        Raises:
            InvalidInput: if a setting is invalid.
            NotFound: if there is no such checkpoint.
        """
        # Extrapolation is not inherited: it was applied to the weights of `init` alone.
        base = replace(self._library.settings(init), extrapolation=1.0) if init else self._settings
        return base.with_texts(settings, fixed=bool(init))

    def open_checkpoint(self, folder: Path) -> str:
        """Add the checkpoint in a folder for as long as this object lives, and return its id.

        The default checkpoint stays what it was, and a checkpoint that ships or is stored keeps its id.

        Raises:
            NotFound: if there is no checkpoint in the folder.
            InvalidInput: if a file is damaged.
        """
        identity = self._library.open(folder)
        with self._lock:
            self._loaded.pop(identity, None)  # the folder may have changed since it was last opened
        return identity

    def resolve_checkpoint(self, name: str) -> str:
        """Return the id for a name from a command line: an id, or the path of a folder, which is opened.

        Ids take precedence: the folder `mdm` in the working directory is `./mdm`.

        Raises:
            NotFound: if the folder does not hold a checkpoint.
            InvalidInput: if a file is damaged.
        """
        is_folder = name and name not in self._library.ids() and Path(name).is_dir()
        return self.open_checkpoint(Path(name)) if is_folder else name

    def unknown_prompts(self, prompts: Sequence[str], checkpoint: str) -> list[str]:
        """Return the prompts of which a checkpoint knows no word, so that its samples do not follow them.

        Raises:
            NotFound: if there is no such checkpoint.
            InvalidInput: if a file is damaged.
        """
        # A pretrained encoder knows more words than the captions of the motions hold.
        learned = self._library.settings(checkpoint).text_encoder == HashedNgrams.name
        captions = self._library.captions(checkpoint) if learned else None
        return unknown_prompts(prompts, None if captions is None else stems(captions))

    def copy_checkpoint(self, identity: str, folder: Path) -> None:
        """Write a checkpoint into a folder, which is created if necessary.

        Raises:
            NotFound: if there is no such checkpoint.
            InvalidInput: if the folder cannot be written.
        """
        checkpoint = self._library.read(identity)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_checkpoint(folder, checkpoint)
        except OSError as error:
            raise InvalidInput.of(str(folder), f"cannot be written: {error.strerror or error}") from error

    def _max_frames(self, identity: str) -> int:
        """Return the most frames that a checkpoint can sample: HumanML3D's, or more if it was trained on more."""
        return max(MAX_FRAMES, self._library.settings(identity).max_frames)

    def _load(self, identity: str) -> LoadedModel:
        with self._lock:
            if identity not in self._loaded:
                checkpoint = self._library.read(identity)
                self._loaded[identity] = LoadedModel(
                    checkpoint, self._device, self._precision, self._compiled, self._rows, self._lanes
                )
            self._loaded.move_to_end(identity)
            while len(self._loaded) > _MAX_LOADED:
                self._loaded.popitem(last=False)
            return self._loaded[identity]
