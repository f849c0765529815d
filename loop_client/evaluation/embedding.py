"""The embedding that FID and diversity are measured in: an autoencoder that is trained on real motion only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from loop_client.evaluation.autoencoder import STRIDE, Autoencoder
from loop_client.evaluation.autoencoder_training import train_autoencoder
from loop_client.evaluation.embedding_recipe import EmbeddingRecipe
from loop_client.evaluation.torch_threads import single_threaded_torch
from motion.errors import InvalidInput
from motion.humanml3d.features import positions_to_features
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

_WEIGHTS, _CARD = "model.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class Embedding:
    """A trained autoencoder as an embedding of motions; a `MotionEmbedding`.

    Attributes:
        model: the network, of which only the encoder is used.
        card: its settings, the id and size of its training set, and its final loss.
    """

    model: Autoencoder
    card: dict[str, Any]

    @property
    def name(self) -> str:
        """The name in results, a function of the weights."""
        digest = hashlib.sha256()
        for tensor in self.model.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        return f"autoencoder-{self.card['size']}d-{digest.hexdigest()[:12]}"

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """Embed motions by the mean and standard deviation of their codes over time.

        Each motion is encoded by itself, so that its embedding does not depend on the other motions.

        Returns:
            (n, size) float64, normalized to mean 0 and deviation 1 over the real motions.

        Raises:
            InvalidInput: a motion has fewer than 5 frames, too few for the code.
        """
        embeddings = []
        with single_threaded_torch(), torch.no_grad():
            for motion in motions:
                if len(motion) <= STRIDE:
                    wanted = f"must have at least {STRIDE + 1} to be embedded"
                    raise InvalidInput.of(str(motion.name), f"has {len(motion)} frames; {wanted}")
                pooled = self.model.pool(positions_to_features(motion.positions))
                embeddings.append(((pooled - self.model.center) / self.model.scale).double().numpy())
        return np.stack(embeddings) if embeddings else np.zeros((0, self.card["size"]))

    def save(self, folder: Path) -> None:
        """Write weights and card into a folder, the card last, so that its presence means that both are there.

        Raises:
            InvalidInput: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / _WEIGHTS) as temporary:
            try:
                save_file(self.model.state_dict(), temporary)
            except SafetensorError as error:  # not an OSError, even if the disk is full
                raise InvalidInput.of(str(folder), f"cannot be written: {error}") from error
        with atomic_path(folder / _CARD) as temporary:
            temporary.write_text(json.dumps(self.card, indent=2) + "\n", encoding="utf-8")


def load_embedding(folder: Path) -> Embedding:
    """Load the embedding in a folder.

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
    """Train an embedding on real motions; equal sets and recipes give equal weights.

    Args:
        real: the motions.
        recipe: size, width, steps and seed.
        progress: called with the number of steps so far and the number of all steps.

    Raises:
        InvalidInput: all motions are shorter than one step of the code.
    """
    clips = [positions_to_features(motion.positions) for motion in real]
    clips = [clip for clip in clips if len(clip) >= STRIDE]
    if not clips:
        raise InvalidInput.of("real", f"has no motion of more than {STRIDE} frames; an embedding cannot be trained")
    model, loss = train_autoencoder(clips, recipe, progress)
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
    return Embedding(model, card)


def cached_embedding(
    folder: Path, real: MotionSet, recipe: EmbeddingRecipe, progress: Callable[[int, int], None] | None = None
) -> Embedding:
    """Load the embedding in a folder, or train and save it there if the folder has none of this data and recipe.

    Args:
        folder: the folder of the embedding.
        real: the motions that it is trained on.
        recipe: size, width, steps and seed.
        progress: called with the number of steps so far and the number of all steps.

    Raises:
        InvalidInput: the folder holds a damaged embedding or cannot be written, or the embedding cannot be trained.
    """
    wanted = {**asdict(recipe), "content_id": real.content_id()}
    if (folder / _CARD).exists():
        embedding = load_embedding(folder)
        found = {**embedding.card, **embedding.card.get("trained_on", {})}
        if all(found.get(key) == value for key, value in wanted.items()):
            return embedding
    embedding = train_embedding(real, recipe, progress)
    embedding.save(folder)
    return embedding
