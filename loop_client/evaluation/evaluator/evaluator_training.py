"""Training of the evaluator: an autoencoder of movements first, then embeddings of motions and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from loop_client.evaluation.evaluator.evaluator import Evaluator
from loop_client.evaluation.evaluator.networks import (
    MOVEMENT_FEATURES,
    MOVEMENT_FRAMES,
    MotionEncoder,
    MovementEncoder,
    TextEncoder,
)
from loop_client.evaluation.evaluator.words import HashedWords, encode, tokenize
from loop_client.evaluation.torch_threads import single_threaded_torch
from motion.errors import InvalidInput
from motion.humanml3d.features import mean_std, positions_to_features
from motion.motion_set import MotionSet

_WINDOW = 24  # frames that movements are learned from
_EMPHASIS = 5.0  # of root and foot contacts; the published evaluator also divides their deviation
_MIN_STD = 1e-6  # features that hardly vary are not scaled up
_ROOT, _CONTACTS = slice(0, 4), slice(259, 263)
_SMOOTHNESS_WEIGHT = 1e-3  # of the terms for sparse and for smooth movements


@dataclass(frozen=True)
class EvaluatorSettings:
    """Sizes of the networks and length of their training.

    Attributes:
        movement: channels and size of movements; 512 in the published evaluator.
        hidden: width of the motion encoder's GRU; 1024 in the published evaluator.
        text: width of the text encoder's GRU; 512 in the published evaluator.
        size: dimensions of an embedding; 512 in the published evaluator.
        movement_steps: optimizer steps of the autoencoder of movements.
        steps: optimizer steps of the embeddings.
        batch: motions in a batch.
        rate: learning rate.
        seed: seed of everything random.
    """

    movement: int = 224
    hidden: int = 224
    text: int = 224
    size: int = 128
    movement_steps: int = 1500
    steps: int = 2500
    batch: int = 64
    rate: float = 5e-4
    seed: int = 0


class _MovementDecoder(nn.Module):
    """Decodes movements (batch, steps, size) to features (batch, frames, 259); only training needs it."""

    def __init__(self, hidden: int, size: int):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose1d(size, hidden, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose1d(hidden, MOVEMENT_FEATURES, 4, 2, 1),
        )
        self.out_net = nn.Linear(MOVEMENT_FEATURES, MOVEMENT_FEATURES)

    def forward(self, movements: Tensor) -> Tensor:
        return self.out_net(self.main(movements.transpose(1, 2)).transpose(1, 2))


def train_evaluator(
    motions: MotionSet,
    settings: EvaluatorSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluator:
    """Train an evaluator on motions with captions; equal sets and settings give equal weights.

    Movements are learned by an autoencoder of windows of 24 frames, with an L1 loss and small terms for sparsity and
    smoothness, as published. Embeddings are learned by the cross-entropy of squared distances (van den Oord et al.,
    "Representation learning with contrastive predictive coding", 2018): each text should be nearer to its own motion
    than to the others of its batch, and each motion to its own text. The published margin loss sees only one other
    motion at a time. Motions with an equal caption do not count as others. Each step uses one caption of each motion
    and a random part of at least two thirds of its frames.

    Args:
        motions: motions with captions; those without, or with too few frames, are left out.
        settings: sizes and lengths of training; None for the defaults.
        progress: called with the number of steps so far and the number of all steps.

    Raises:
        InvalidInput: fewer than two motions have captions and enough frames.
    """
    settings, words = settings or EvaluatorSettings(), HashedWords()
    usable = [
        (positions_to_features(motion.positions), captions)
        for motion, captions in zip(motions.motions, motions.captions, strict=True)
        if captions and len(motion) > _WINDOW
    ]
    if len(usable) < 2:
        raise InvalidInput.of("motions", f"has {len(usable)} motions with captions and more than {_WINDOW} frames")
    mean, std = mean_std([features for features, _ in usable])
    std = std.copy()
    std[_ROOT] /= _EMPHASIS
    std[_CONTACTS] /= _EMPHASIS
    std = np.where(std > _MIN_STD, std, 1.0).astype(np.float32)
    clips = [((features - mean) / std).astype(np.float32) for features, _ in usable]
    texts = [captions for _, captions in usable]
    all_steps = settings.movement_steps + settings.steps

    def report(step: int) -> None:
        if progress:
            progress(step, all_steps)

    with single_threaded_torch(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        rng = np.random.default_rng(settings.seed)
        movement = MovementEncoder(settings.movement, settings.movement)
        _train_movements(movement, clips, settings, rng, report)
        motion = MotionEncoder(settings.movement, settings.hidden, settings.size)
        text = TextEncoder(settings.text, settings.size)
        card = {
            "kind": "text-to-motion evaluator",
            "words": words.name,
            **asdict(settings),
            "trained_on": {"content_id": motions.content_id(), "motions": len(clips)},
            "torch": torch.__version__,
        }
        evaluator = Evaluator(movement.eval(), motion, text, mean.astype(np.float32), std, words, card)
        _train_embeddings(evaluator, clips, texts, settings, rng, report)
    motion.eval()
    text.eval()
    return evaluator


def _train_movements(
    encoder: MovementEncoder,
    clips: Sequence[np.ndarray],
    settings: EvaluatorSettings,
    rng: np.random.Generator,
    report: Callable[[int], None],
) -> None:
    decoder = _MovementDecoder(settings.movement, settings.movement)
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(weights, settings.rate)
    lengths = np.array([len(clip) for clip in clips], float)
    for step in range(settings.movement_steps):
        chosen = rng.choice(len(clips), settings.batch, p=lengths / lengths.sum())
        starts = [int(rng.integers(len(clips[index]) - _WINDOW + 1)) for index in chosen]
        windows = np.stack(
            [clips[index][start : start + _WINDOW, :-4] for index, start in zip(chosen, starts, strict=True)]
        )
        windows = torch.from_numpy(windows)
        movements = encoder(windows)
        loss = nn.functional.l1_loss(decoder(movements), windows)
        loss = loss + _SMOOTHNESS_WEIGHT * (
            movements.abs().mean() + (movements[:, 1:] - movements[:, :-1]).abs().mean()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(step + 1)


def _train_embeddings(
    evaluator: Evaluator,
    clips: Sequence[np.ndarray],
    texts: Sequence[Sequence[str]],
    settings: EvaluatorSettings,
    rng: np.random.Generator,
    report: Callable[[int], None],
) -> None:
    weights = [*evaluator.motion.parameters(), *evaluator.text.parameters()]
    optimizer = torch.optim.AdamW(weights, settings.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    batch = min(settings.batch, len(clips))
    for step in range(settings.steps):
        rows = rng.choice(len(clips), batch, replace=False)
        captions = [str(rng.choice(np.array(texts[row], object))) for row in rows]
        motions = _embed_parts(evaluator, [_random_part(clips[row], rng) for row in rows])
        squared = torch.cdist(_embed_captions(evaluator, captions), motions) ** 2
        equal = torch.tensor([[one == other for other in captions] for one in captions])
        squared = squared.masked_fill(equal & ~torch.eye(batch, dtype=torch.bool), torch.inf)
        own = torch.arange(batch)
        logits = -squared / settings.size**0.5
        loss = (nn.functional.cross_entropy(logits, own) + nn.functional.cross_entropy(logits.T, own)) / 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 0.5)
        optimizer.step()
        schedule.step()
        report(settings.movement_steps + step + 1)


def _random_part(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random part of a clip, at least two thirds of it and a multiple of 4 frames."""
    frames = int(rng.integers(-(-2 * len(clip) // 3), len(clip) + 1)) // MOVEMENT_FRAMES * MOVEMENT_FRAMES
    start = int(rng.integers(len(clip) - frames + 1))
    return clip[start : start + frames]


def _embed_parts(evaluator: Evaluator, parts: Sequence[np.ndarray]) -> Tensor:
    lengths = torch.tensor([len(part) for part in parts])
    padded = np.zeros((len(parts), int(lengths.max()) + MOVEMENT_FRAMES, MOVEMENT_FEATURES), np.float32)
    for row, part in enumerate(parts):
        padded[row, : len(part)] = part[:, :-4]
    with torch.no_grad():
        movements = evaluator.movement(torch.from_numpy(padded))
    return evaluator.motion(movements, lengths // MOVEMENT_FRAMES)


def _embed_captions(evaluator: Evaluator, captions: Sequence[str]) -> Tensor:
    encoded = [encode(tokenize(caption), evaluator.words) for caption in captions]
    vectors, speech = (torch.from_numpy(np.stack([each[part] for each in encoded])) for part in (0, 1))
    return evaluator.text(vectors, speech, torch.tensor([each.length for each in encoded]))
