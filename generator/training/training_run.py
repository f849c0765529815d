"""Training runs: a data set and a start checkpoint become a checkpoint, with the state saved along the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch

from generator.dataset_store import request_id
from generator.store import Store
from generator.text.encoders import text_encoder
from generator.training.checkpoint import Checkpoint, checkpoint_tensors, initialize_model
from generator.training.data_parallel import process_group
from generator.training.feature_codec import encode_motions
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingData
from motion import __version__
from motion.cpu import single_threaded_blas
from motion.errors import InvalidInput
from motion.motion_set import MotionSet
from motion.protocols import FitProgress

_MODEL = "mdm-1"  # to be changed whenever the same request would result in other weights
_LATER_SETTINGS = {"shards": 1, "fused": False}
_MAX_SAVING_SHARE = 0.02
_LOSSES_IN_CARD = 50
_MAX_WEIGHT = 1e6  # far beyond any weight of a network whose training has not diverged


@dataclass(frozen=True)
class TrainingRequest:
    """Everything that determines a checkpoint.

    Attributes:
        dataset: id of the data set.
        init: the checkpoint to start from: its id, with a digest of its content unless the id implies it; empty to
            train from scratch.
        steps: optimizer steps.
        seed: seed of everything random.
        settings: settings of the model and its training.
    """

    dataset: str
    init: str
    steps: int
    seed: int
    settings: Settings

    def card(self) -> dict[str, object]:
        """Return the request as it is written into the checkpoint's card.

        Settings that were added later are left out at their defaults, so that earlier requests keep their ids.
        """
        settings = self.settings.to_json()
        for name, default in _LATER_SETTINGS.items():
            if settings[name] == default:
                del settings[name]
        return {"model": _MODEL, **asdict(self), "settings": settings}

    def identity(self) -> str:
        """Return the id of the checkpoint that the request results in."""
        return request_id(self.card())


def train(
    request: TrainingRequest,
    motions: MotionSet,
    start: Checkpoint | None,
    store: Store,
    device: torch.device,
    save_seconds: float,
    progress: Callable[[FitProgress], None] | None = None,
) -> Checkpoint:
    """Train a model, or continue a training run that was interrupted.

    Processes that `torchrun` has started share the work; all get the same checkpoint, and the first saves the states.

    Args:
        request: what to train, and how.
        motions: the data set of the request.
        start: the checkpoint to start from; None to train from scratch.
        store: where the state of the run is saved.
        device: where to compute.
        save_seconds: time between two saves. They become rarer if saving is slow, and the state is also saved when
            `progress` raises.
        progress: called after every step. An exception that it raises ends the run.

    Raises:
        InvalidInput: if the training diverges: a loss is not finite, or a weight is beyond 1e6.
    """
    settings, identity = request.settings, request.identity()
    normalizer, data = prepare_training_data(motions, settings, start.normalizer if start else None)
    model = start.model() if start else initialize_model(settings, request.seed)
    processes = process_group(device)
    trainer = Trainer(model, data, settings, request.steps, request.seed, device, processes)
    if saved := store.partial(identity):
        trainer.restore(*saved)
    elif start and settings.keep_optimizer and start.settings.keep_optimizer:
        trainer.load_moments(store.optimizer(start.id))
    processes.wait_for_all()  # before one of them saves another state
    losses = _run(trainer, request, store if processes.is_main else None, save_seconds, progress)
    weights = trainer.weights()
    # The loss of the last step is that of the weights before it, so it does not tell about the result.
    if not all(weight.abs().max() < _MAX_WEIGHT for weight in weights.values()):
        raise _diverged(settings, trainer.step)
    if settings.keep_optimizer and processes.is_main:
        store.save_optimizer(identity, trainer.moments())
    if start:
        weights = {
            name: torch.lerp(start.weights[name], weight, settings.extrapolation) for name, weight in weights.items()
        }
    provenance: Mapping[str, object] = {
        "normalizer": "inherited" if start else "of the data set",
        "motions": len(motions),
        "loss": float(np.mean(losses[-_LOSSES_IN_CARD:])) if losses else None,
        "torch": torch.__version__,
        "version": __version__,
    }
    return Checkpoint(identity, checkpoint_tensors(weights, normalizer), {**request.card(), **provenance})


def _run(
    trainer: Trainer,
    request: TrainingRequest,
    store: Store | None,
    save_seconds: float,
    progress: Callable[[FitProgress], None] | None,
) -> list[float]:
    """Take the remaining steps and return their losses; states are saved if there is a store."""
    identity = request.identity()
    next_save = time.monotonic() + save_seconds
    losses: list[float] = []

    def save() -> None:
        nonlocal next_save
        if store is None:
            return
        start = time.monotonic()
        store.save_partial(identity, trainer.state(), trainer.step)
        end = time.monotonic()
        next_save = end + max(save_seconds, (end - start) / _MAX_SAVING_SHARE)

    while trainer.step < request.steps:
        losses.append(trainer.advance())
        # A diverged state is never saved; the next attempt would continue from it.
        if not math.isfinite(losses[-1]):
            raise _diverged(request.settings, trainer.step)
        if progress is not None:
            try:
                progress(FitProgress(trainer.step, request.steps, losses[-1]))
            except BaseException:
                save()
                raise
        if time.monotonic() >= next_save and trainer.step < request.steps:
            save()
    return losses


def _diverged(settings: Settings, step: int) -> InvalidInput:
    return InvalidInput.of("settings.lr", f"is {settings.lr:g}; training diverged by step {step}: must be smaller")


def prepare_training_data(
    motions: MotionSet, settings: Settings, normalizer: Normalizer | None
) -> tuple[Normalizer, TrainingData]:
    """Encode motions and captions for a model.

    Args:
        motions: data set to train on.
        settings: settings of the model.
        normalizer: normalizer of the start checkpoint; None to compute that of the data set.

    Returns:
        The normalizer, and the normalised features with the encoded captions.
    """
    with single_threaded_blas():  # the products of one motion are too small for several threads
        features = encode_motions(motions, settings.max_frames)
        normalizer = normalizer or Normalizer.from_features(features)
    encoder = text_encoder(settings.text_encoder)
    texts = [encoder.encode([text for text in captions if text.strip()]) for captions in motions.captions]
    return normalizer, TrainingData([normalizer.normalize(each) for each in features], texts)
