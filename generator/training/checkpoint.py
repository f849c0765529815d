"""Trained models on disk: `weights.safetensors` and `card.json` in a folder.

The network's tensors have the names of MDM's published checkpoints; `normalizer.mean` and `normalizer.std` come with
them. The card has the settings of the model and how it was trained.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from generator.file_digests import files_digest
from generator.model.mdm import MDM
from generator.text.encoders import text_encoder
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound, PlumbError, Violation
from motion.shell.atomic import atomic_group

WEIGHTS, CARD = "weights.safetensors", "card.json"
_NORMALIZER = "normalizer."
_DIGESTS = "digests"
_MAX_LISTED = 10


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model.

    Attributes:
        id: id of the checkpoint.
        weights: tensors by name, the normalizer's among them.
        card: content of `card.json`.
    """

    id: str
    weights: dict[str, Tensor]
    card: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """Settings of the model.

        Raises:
            InvalidInput: if the card does not have them.
        """
        return _settings_of_card(self.id, self.card)

    @property
    def normalizer(self) -> Normalizer:
        """Normalizer of the model's features.

        Raises:
            InvalidInput: if the weights do not include it.
        """
        try:
            return Normalizer(*(self.weights[_NORMALIZER + name].numpy() for name in ("mean", "std")))
        except KeyError as error:
            raise InvalidInput.of(f"{self.id}/{WEIGHTS}", f"has no tensor {error}") from error

    def model(self) -> MDM:
        """Build the network with these weights.

        Raises:
            InvalidInput: if weights are missing, unknown, or of another shape; each is named.
        """
        model = build_model(self.settings)
        weights = {name: value for name, value in self.weights.items() if not name.startswith(_NORMALIZER)}
        if violations := _compare_weights(model.state_dict(), weights):
            raise InvalidInput(violations)
        model.load_state_dict(weights)
        return model


def checkpoint_tensors(weights: dict[str, Tensor], normalizer: Normalizer) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint: the network's weights and the normalizer's statistics."""
    arrays = {"mean": normalizer.mean, "std": normalizer.std}
    return weights | {_NORMALIZER + name: torch.from_numpy(array) for name, array in arrays.items()}


def build_model(settings: Settings) -> MDM:
    """Build a network, with weights from torch's global random generator."""
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


def initialize_model(settings: Settings, seed: int) -> MDM:
    """Build a network with random weights that are a function of the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_model(settings)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint in a folder, whose name is the checkpoint's id.

    Raises:
        NotFound: if there is none.
        InvalidInput: if a file is damaged.
    """
    card = _read_card(folder)
    return Checkpoint(folder.name, read_tensors(folder / WEIGHTS)[0], card)


def read_settings(folder: Path) -> Settings:
    """Read the settings of the checkpoint in a folder, without its weights.

    Raises:
        NotFound: if there is no checkpoint.
        InvalidInput: if the card is damaged or has no settings.
    """
    return _settings_of_card(folder.name, _read_card(folder))


def content_digest(folder: Path) -> str:
    """Compute a digest of the checkpoint in a folder, to tell apart two checkpoints of the same name."""
    digest = hashlib.sha256()
    for name in (CARD, WEIGHTS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:24]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the files of a checkpoint into an existing folder, both or neither; the card has digests of both."""
    with atomic_group([folder / WEIGHTS, folder / CARD]) as (weights, card):
        save_file(checkpoint.weights, weights)
        content = {name: value for name, value in checkpoint.card.items() if name != _DIGESTS}
        content[_DIGESTS] = {"weights": files_digest([weights]), "card": _card_digest(content)}
        card.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def file_state(folder: Path) -> tuple[int, ...]:
    """Return what changes when the files of a checkpoint are written: their times and sizes.

    Raises:
        OSError: a file is missing.
    """
    states = [(folder / name).stat() for name in (CARD, WEIGHTS)]
    return tuple(value for state in states for value in (state.st_mtime_ns, state.st_size))


def damage_of(folder: Path) -> str | None:
    """Return why the checkpoint in a folder cannot be used, in words; None if it can.

    A checkpoint without digests, such as one that was written before there were any, is only checked for what its files
    say of themselves.
    """
    try:
        card = _read_card(folder)
        _settings_of_card(folder.name, card)
        digests = card.get(_DIGESTS)
        if not isinstance(digests, dict):
            with safe_open(str(folder / WEIGHTS), framework="pt"):
                return None
        if digests.get("card") != _card_digest({name: value for name, value in card.items() if name != _DIGESTS}):
            return f"{CARD} has another digest"
        return None if digests.get("weights") == files_digest([folder / WEIGHTS]) else f"{WEIGHTS} has another digest"
    except (PlumbError, SafetensorError, OSError) as error:
        return str(error)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file.

    Raises:
        InvalidInput: if the file is damaged or of another format; a pickle is never opened.
    """
    try:
        with safe_open(str(path), framework="pt") as opened:
            metadata = opened.metadata() or {}
        return load_file(path), metadata
    except (SafetensorError, OSError) as error:
        raise InvalidInput.of(str(path), f"is not a readable safetensors file ({error})") from error


def _read_card(folder: Path) -> dict[str, Any]:
    if not (folder / CARD).is_file() or not (folder / WEIGHTS).is_file():
        raise NotFound(f"no checkpoint in {folder}; it must hold {WEIGHTS} and {CARD}")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput.of(str(folder / CARD), f"is not valid JSON ({error})") from error
    if not isinstance(card, dict):
        raise InvalidInput.of(str(folder / CARD), f"is a {type(card).__name__}; must be a JSON object")
    return card


def _card_digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _settings_of_card(identity: str, card: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**card["settings"])
    except (KeyError, TypeError) as error:
        raise InvalidInput.of(f"{identity}/{CARD}", f"does not have the settings of a model ({error})") from error


def _compare_weights(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[Violation]:
    """List what keeps weights from being loaded into a network that expects others."""
    violations = [Violation(name, "is missing from the checkpoint") for name in expected.keys() - given.keys()]
    violations += [
        Violation(name, "is in the checkpoint, but not in the model") for name in given.keys() - expected.keys()
    ]
    violations += [
        Violation(name, f"has shape {tuple(given[name].shape)}; the model needs {tuple(expected[name].shape)}")
        for name in expected.keys() & given.keys()
        if given[name].shape != expected[name].shape
    ]
    return sorted(violations, key=lambda violation: violation.field)[:_MAX_LISTED]
