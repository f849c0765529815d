"""One fit from beginning to end: a data set and a start become a checkpoint, kept along the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch

from generator.store import Store, request_id
from generator.text.encoders import text_encoder
from generator.training.checkpoint import Checkpoint, new_model, tensors_of
from generator.training.feature_codec import motion_features
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from generator.training.trainer import Trainer, TrainingSet
from motion import __version__
from motion.errors import InvalidInput
from motion.motion_set import MotionSet
from motion.protocols import FitProgress

_MODEL = "mdm-1"  # changes when the same request would end in other weights
_SAVING_SHARE = 0.02
_LOSSES_IN_CARD = 50
_LARGEST = 1e6  # no weight of a network that was not lost is anywhere near


@dataclass(frozen=True)
class FitRequest:
    """What determines a checkpoint: the data set's id, that of the checkpoint to start from (empty for none), optimizer
    steps, seed and settings."""

    dataset: str
    init: str
    steps: int
    seed: int
    settings: Settings

    def card(self) -> dict[str, object]:
        return {"model": _MODEL, **asdict(self)}

    def identity(self) -> str:
        """The id of the checkpoint that answers it."""
        return request_id(self.card())


def fit(
    request: FitRequest,
    motions: MotionSet,
    start: Checkpoint | None,
    store: Store,
    device: torch.device,
    save_seconds: float,
    progress: Callable[[FitProgress], None] | None = None,
) -> Checkpoint:
    """Train, from where an earlier call was cut off if one was.

    The state is kept in `store` every `save_seconds`, less often where that takes long, and when `progress` raises.

    Raises:
        InvalidInput: the weights ran away: a loss is not finite, or one of them is beyond 1e6.
    """
    settings, identity = request.settings, request.identity()
    normalizer, data = training_set(motions, settings, start.normalizer if start else None)
    model = start.model() if start else new_model(settings, request.seed)
    trainer = Trainer(model, data, settings, request.steps, request.seed, device)
    if kept := store.partial(identity):
        trainer.restore(*kept)
    elif start and settings.keep_optimizer and start.settings.keep_optimizer:
        trainer.take_moments(store.optimizer(start.id))
    due = time.monotonic() + save_seconds
    losses: list[float] = []

    def keep() -> None:
        nonlocal due
        began = time.monotonic()
        store.save_partial(identity, trainer.state(), trainer.step)
        now = time.monotonic()
        due = now + max(save_seconds, (now - began) / _SAVING_SHARE)

    while trainer.step < request.steps:
        losses.append(trainer.advance())
        if not math.isfinite(losses[-1]):
            raise _ran_away(settings, trainer.step)  # before its state is kept, to be taken up again
        if progress is not None:
            try:
                progress(FitProgress(trainer.step, request.steps, losses[-1]))
            except BaseException:
                keep()
                raise
        if time.monotonic() >= due and trainer.step < request.steps:
            keep()
    made: Mapping[str, object] = {
        "normalizer": "inherited" if start else "of the data set",
        "motions": len(motions),
        "loss": float(np.mean(losses[-_LOSSES_IN_CARD:])) if losses else None,
        "torch": torch.__version__,
        "version": __version__,
    }
    weights = trainer.weights()
    if not all(weight.abs().max() < _LARGEST for weight in weights.values()):
        raise _ran_away(settings, trainer.step)  # the loss is of the weights before the last step
    if settings.keep_optimizer:
        store.save_optimizer(identity, trainer.moments())
    if start:
        weights = {name: torch.lerp(start.weights[name], weight, settings.extrapolation)
                   for name, weight in weights.items()}  # fmt: skip
    return Checkpoint(identity, tensors_of(weights, normalizer), {**request.card(), **made})


def _ran_away(settings: Settings, step: int) -> InvalidInput:
    return InvalidInput.of("settings.lr", f"is {settings.lr:g}; the weights ran away by step {step}: must be smaller")


def training_set(
    motions: MotionSet, settings: Settings, normalizer: Normalizer | None
) -> tuple[Normalizer, TrainingSet]:
    """The motions as a model sees them, with the normaliser given or, where there is none, their own."""
    features = motion_features(motions, settings.max_frames)
    normalizer = normalizer or Normalizer.of(features)
    encoder = text_encoder(settings.text_encoder)
    texts = [encoder.encode([text for text in captions if text.strip()]) for captions in motions.captions]
    return normalizer, TrainingSet([normalizer.normalized(each) for each in features], texts)
