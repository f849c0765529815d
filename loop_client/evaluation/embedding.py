"""The embedding that FID and diversity are measured in: an autoencoder of motion, trained on real motion only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from loop_client.runs.run_recipe import EmbeddingRecipe
from motion.errors import InvalidInput
from motion.humanml3d.features import NUM_FEATURES, mean_std, positions_to_features
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

STRIDE = 4
"""Frames in a step of the latent code."""
_WINDOW = 48
_BATCH = 32
_LEARNING_RATE = 2e-3
_WEIGHTS, _CARD = "model.safetensors", "card.json"


class Autoencoder(nn.Module):
    """Normalised features (batch, 263, frames) to codes (batch, size / 2, frames / 4) and back, by convolution in time.

    `center` and `scale` (size) are mean and deviation over the real motions of what `pooled` gives for one.
    """

    mean: torch.Tensor
    std: torch.Tensor
    center: torch.Tensor
    scale: torch.Tensor

    def __init__(self, size: int, width: int):
        super().__init__()
        code = size // 2
        self.encoder = nn.Sequential(
            nn.Conv1d(NUM_FEATURES, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 3, 1, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, code, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(code, width, 3, 1, 1),
            nn.GELU(),
            nn.ConvTranspose1d(width, width, 4, 2, 1),
            nn.GELU(),
            nn.Conv1d(width, width, 3, 1, 1),
            nn.GELU(),
            nn.ConvTranspose1d(width, NUM_FEATURES, 4, 2, 1),
        )
        self.register_buffer("mean", torch.zeros(NUM_FEATURES, 1))
        self.register_buffer("std", torch.ones(NUM_FEATURES, 1))
        self.register_buffer("center", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def normalised(self, features: np.ndarray) -> torch.Tensor:
        """Features (..., frames, 263) as (..., 263, frames) of mean 0 and deviation 1."""
        return (torch.from_numpy(np.asarray(features, np.float32)).transpose(-1, -2) - self.mean) / self.std

    def pooled(self, features: np.ndarray) -> torch.Tensor:
        """Mean and deviation over time of the code of one motion, features (frames, 263): (size)."""
        whole = len(features) - len(features) % STRIDE
        code = self.encoder(self.normalised(features[:whole])[None])[0]
        return torch.cat([code.mean(dim=1), code.std(dim=1, correction=0)])


@dataclass(frozen=True, eq=False)
class Embedding:
    """A trained autoencoder and what it was trained on.

    Attributes:
        model: the network; only its encoder is used from here on.
        card: its settings, the id and size of its training set, its final loss.
        name: what results call it; a function of the weights.
    """

    model: Autoencoder
    card: dict[str, Any]

    @property
    def name(self) -> str:
        digest = hashlib.sha256()
        for tensor in self.model.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        return f"autoencoder-{self.card['size']}d-{digest.hexdigest()[:12]}"

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """One point a motion, (n, size) float64: mean and deviation of its code over time, in units of the deviation
        that they have among real motions.

        Each motion is encoded by itself, so its point does not depend on the others.

        Raises:
            InvalidInput: a motion has fewer than 5 frames, which is too short for the code.
        """
        points = []
        with one_thread(), torch.no_grad():
            for motion in motions:
                if len(motion) <= STRIDE:
                    wanted = f"must have at least {STRIDE + 1} to be embedded"
                    raise InvalidInput.of(str(motion.name), f"has {len(motion)} frames; {wanted}")
                pooled = self.model.pooled(positions_to_features(motion.positions))
                points.append(((pooled - self.model.center) / self.model.scale).double().numpy())
        return np.stack(points) if points else np.zeros((0, self.card["size"]))

    def save(self, folder: Path) -> None:
        """Write the weights and the card into `folder`; the card last, so that it stands for both.

        Raises:
            InvalidInput: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / _WEIGHTS) as temporary:
            try:
                save_file(self.model.state_dict(), temporary)
            except SafetensorError as error:  # which is no OSError, not even on a full disk
                raise InvalidInput.of(str(folder), f"cannot be written: {error}") from error
        with atomic_path(folder / _CARD) as temporary:
            temporary.write_text(json.dumps(self.card, indent=2) + "\n", encoding="utf-8")


def load_embedding(folder: Path) -> Embedding:
    """The embedding in `folder`.

    Raises:
        InvalidInput: there is none, or its files are damaged.
    """
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        model = Autoencoder(card["size"], card["width"])
        model.load_state_dict(load_file(folder / _WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise InvalidInput.of(str(folder), f"holds no embedding that can be read ({error})") from error
    return Embedding(model.eval(), card)


def train_embedding(
    real: MotionSet, recipe: EmbeddingRecipe, progress: Callable[[int, int], None] | None = None
) -> Embedding:
    """Train on the motions of `real`; equal sets and recipes give equal weights.

    Windows of 48 frames, drawn anew each step from motions weighted by length, are reproduced under a smooth L1 loss;
    Adam, learning rate decayed to 0 along a half cosine.

    Raises:
        InvalidInput: no motion has as many frames as a step of the code.
    """
    clips = [positions_to_features(motion.positions) for motion in real]
    clips = [clip for clip in clips if len(clip) >= STRIDE]
    if not clips:
        raise InvalidInput.of("real", f"has no motion of more than {STRIDE} frames; an embedding cannot be trained")
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = Autoencoder(recipe.size, recipe.width)
        mean, std = mean_std(clips)
        model.mean.copy_(torch.from_numpy(mean)[:, None])
        model.std.copy_(torch.from_numpy(np.where(std > 1e-6, std, 1.0).astype(np.float32))[:, None])
        loss = _train(model, clips, recipe, progress)
        with torch.no_grad():
            points = torch.stack([model.pooled(clip) for clip in clips])
        model.center.copy_(points.mean(dim=0))
        model.scale.copy_(points.std(dim=0, correction=0).clamp_min(1e-6))
    card = {
        "kind": "temporal convolutional autoencoder of HumanML3D features; mean and deviation of its code over time",
        **asdict(recipe),
        "trained_on": {
            "content_id": real.content_id(),
            "motions": len(real),
            "frames": sum(len(motion) for motion in real),
            "real_only": True,
        },
        "loss": loss,
        "torch": torch.__version__,
    }
    return Embedding(model.eval(), card)


def cached_embedding(
    folder: Path, real: MotionSet, recipe: EmbeddingRecipe, progress: Callable[[int, int], None] | None = None
) -> Embedding:
    """The embedding in `folder` if it is the one of this data and recipe; else it is trained and saved there."""
    wanted = {**asdict(recipe), "content_id": real.content_id()}
    if (folder / _CARD).exists():
        embedding = load_embedding(folder)
        found = {**embedding.card, **embedding.card.get("trained_on", {})}
        if all(found.get(key) == value for key, value in wanted.items()):
            return embedding
    embedding = train_embedding(real, recipe, progress)
    embedding.save(folder)
    return embedding


def _train(
    model: Autoencoder,
    clips: Sequence[np.ndarray],
    recipe: EmbeddingRecipe,
    progress: Callable[[int, int], None] | None,
) -> float:
    optimizer = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    rng = np.random.default_rng(recipe.seed)
    recent = 0.0
    for step, batch in enumerate(_batches(clips, recipe.steps, rng)):
        windows = model.normalised(batch)
        loss = nn.functional.smooth_l1_loss(model.decoder(model.encoder(windows)), windows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        recent = loss.item() if step == 0 else 0.95 * recent + 0.05 * loss.item()
        if progress:
            progress(step + 1, recipe.steps)
    return recent


def _batches(clips: Sequence[np.ndarray], steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches (32, 48, 263) of windows; a clip that is shorter goes on with its last row."""
    lengths = np.array([len(clip) for clip in clips], float)
    padded = [np.pad(clip, ((0, max(0, _WINDOW - len(clip))), (0, 0)), mode="edge") for clip in clips]
    for _ in range(steps):
        chosen = rng.choice(len(padded), _BATCH, p=lengths / lengths.sum())
        starts = [rng.integers(len(padded[clip]) - _WINDOW + 1) for clip in chosen]
        yield np.stack([padded[clip][start : start + _WINDOW] for clip, start in zip(chosen, starts, strict=True)])


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order, so that numbers do not depend on how many cores a machine has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
