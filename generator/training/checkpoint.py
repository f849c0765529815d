"""A trained model as it lies on disk: `weights.safetensors` and `card.json` in a folder.

The network's tensors have the names of MDM's published checkpoints; beside them stand `normalizer.mean` and
`normalizer.std`. The card says what the model is and how it was made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from generator.model.mdm import MDM
from generator.text.encoders import text_encoder
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound, Violation
from motion.shell.atomic import atomic_group

WEIGHTS, CARD = "weights.safetensors", "card.json"
_NORMALIZER = "normalizer."
_NAMED_AT_MOST = 10


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model: its tensors by name, and its card."""

    id: str
    weights: dict[str, Tensor]
    card: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """Raises InvalidInput where the card does not say what the model is made of."""
        try:
            return Settings(**self.card["settings"])
        except (KeyError, TypeError) as error:
            raise InvalidInput.of(f"{self.id}/{CARD}", f"does not give the settings of a model ({error})") from error

    @property
    def normalizer(self) -> Normalizer:
        """Raises InvalidInput where the weights come without one."""
        try:
            return Normalizer(*(self.weights[_NORMALIZER + name].numpy() for name in ("mean", "std")))
        except KeyError as error:
            raise InvalidInput.of(f"{self.id}/{WEIGHTS}", f"has no tensor {error}") from error

    def model(self) -> MDM:
        """The network, with these weights.

        Raises:
            InvalidInput: weights are missing, unknown, or of another shape; each is named.
        """
        model = empty_model(self.settings)
        given = {name: value for name, value in self.weights.items() if not name.startswith(_NORMALIZER)}
        if wrong := _misfits(model.state_dict(), given):
            raise InvalidInput(wrong)
        model.load_state_dict(given)
        return model


def tensors_of(weights: dict[str, Tensor], normalizer: Normalizer) -> dict[str, Tensor]:
    """What a checkpoint holds, from the network's weights and the normaliser."""
    arrays = {"mean": normalizer.mean, "std": normalizer.std}
    return weights | {_NORMALIZER + name: torch.from_numpy(array) for name, array in arrays.items()}


def empty_model(settings: Settings) -> MDM:
    return MDM(
        settings.layers,
        settings.width,
        settings.heads,
        settings.ff,
        settings.dropout,
        settings.mask_frames,
        settings.arch,
        text_encoder(settings.text_encoder).dim,
    )


def new_model(settings: Settings, seed: int) -> MDM:
    """A network with random weights, which are the seed's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return empty_model(settings)


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`, its name being its id.

    Raises:
        NotFound: there is none.
        InvalidInput: a file is damaged.
    """
    if not (folder / CARD).is_file() or not (folder / WEIGHTS).is_file():
        raise NotFound(f"no checkpoint in {folder}; it must hold {WEIGHTS} and {CARD}")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput.of(str(folder / CARD), f"is no JSON ({error})") from error
    if not isinstance(card, dict):
        raise InvalidInput.of(str(folder / CARD), f"is a {type(card).__name__}; must be a JSON object")
    return Checkpoint(folder.name, read_tensors(folder / WEIGHTS)[0], card)


def content_digest(folder: Path) -> str:
    """A digest of the checkpoint that lies in `folder`, which tells apart two that bear one name."""
    digest = hashlib.sha256()
    for name in (CARD, WEIGHTS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:24]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write both files, whole, into `folder`, which is there."""
    with atomic_group([folder / WEIGHTS, folder / CARD]) as (weights, card):
        save_file(checkpoint.weights, weights)
        card.write_text(json.dumps(checkpoint.card, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises:
        InvalidInput: it is damaged, or no such file (a pickle, say, which is never opened).
    """
    try:
        with safe_open(str(path), framework="pt") as opened:
            metadata = opened.metadata() or {}
        return load_file(path), metadata
    except (SafetensorError, OSError) as error:
        raise InvalidInput.of(str(path), f"is no readable safetensors file ({error})") from error


def _misfits(expected: dict[str, Tensor], given: dict[str, Tensor]) -> list[Violation]:
    wrong = [Violation(name, "is missing from the checkpoint") for name in expected.keys() - given.keys()]
    wrong += [Violation(name, "is in the checkpoint, but not in the model") for name in given.keys() - expected.keys()]
    wrong += [
        Violation(name, f"has shape {tuple(given[name].shape)}; the model needs {tuple(expected[name].shape)}")
        for name in expected.keys() & given.keys()
        if given[name].shape != expected[name].shape
    ]
    return sorted(wrong, key=lambda violation: violation.field)[:_NAMED_AT_MOST]
