"""Data sets and checkpoints in a folder, by content.

STORE/datasets/ID.npz, ID.jsonl                    a packed set; ID is made of its content
STORE/checkpoints/ID/weights.safetensors           ID is made of the request that it answers
STORE/checkpoints/ID/card.json
STORE/partial/ID.safetensors                       a fit that is under way
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from motion.atomic import atomic_path
from motion.dataset import MotionSet
from motion.errors import InvalidInput, NotFound
from motion.packed import read_packed, write_packed

_WEIGHTS, _CARD = "weights.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model: its tensors by name, and a card that says what it is and how it was made."""

    id: str
    weights: dict[str, torch.Tensor]
    card: dict[str, Any]


def request_id(request: Mapping[str, Any]) -> str:
    """A hexadecimal digest of what determines a checkpoint; equal requests have equal ids."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]


def _is_id(text: str) -> bool:
    """Ids come from outside and become names of files; nothing else may."""
    return bool(text) and all(character in "0123456789abcdef" for character in text)


def read_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`, its name being its id.

    Raises:
        NotFound: there is none.
        InvalidInput: a file is damaged.
    """
    if not (folder / _CARD).is_file() or not (folder / _WEIGHTS).is_file():
        raise NotFound(f"no checkpoint in {folder}; it must hold {_WEIGHTS} and {_CARD}")
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput.of(str(folder / _CARD), f"is no JSON ({error})") from error
    return Checkpoint(folder.name, read_tensors(folder / _WEIGHTS)[0], card)


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises:
        InvalidInput: it is damaged, or no such file.
    """
    try:
        with safe_open(str(path), framework="pt") as opened:
            metadata = opened.metadata() or {}
        return load_file(path), metadata
    except (SafetensorError, OSError) as error:
        raise InvalidInput.of(str(path), f"is no readable safetensors file ({error})") from error


class Store:
    """The folder of one generator; made when something is first put into it."""

    def __init__(self, root: Path):
        self.root = Path(root)

    def put_dataset(self, dataset: MotionSet) -> str:
        identity = dataset.content_id()
        target = self.root / "datasets" / identity
        if not target.with_suffix(".npz").is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_packed(target, dataset)
        return identity

    def dataset(self, identity: str) -> MotionSet:
        """Raises NotFound where there is none of that id."""
        path = self.root / "datasets" / identity
        if not _is_id(identity) or not path.with_suffix(".npz").is_file():
            raise NotFound(f"no data set {identity!r}; upload it first")
        return read_packed(path)

    def checkpoints(self) -> list[str]:
        """Ids of the whole checkpoints, the newest last."""
        folder = self.root / "checkpoints"
        whole = [path.parent for path in folder.glob(f"*/{_CARD}")] if folder.is_dir() else []
        return [path.name for path in sorted(whole, key=lambda path: (path.stat().st_mtime_ns, path.name))]

    def has_checkpoint(self, identity: str) -> bool:
        return _is_id(identity) and (self.root / "checkpoints" / identity / _CARD).is_file()

    def checkpoint(self, identity: str) -> Checkpoint:
        """Raises NotFound, naming those that exist, where there is none of that id."""
        if not self.has_checkpoint(identity):
            known = ", ".join(self.checkpoints()[-5:]) or "none yet"
            raise NotFound(f"no checkpoint {identity!r}; there is {known}")
        return read_checkpoint(self.root / "checkpoints" / identity)

    def publish(self, checkpoint: Checkpoint) -> None:
        """Put a whole checkpoint in its place at once."""
        folder = self.root / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            save_file(checkpoint.weights, made / _WEIGHTS)
            (made / _CARD).write_text(json.dumps(checkpoint.card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            made.chmod(0o755)
            if not self.has_checkpoint(checkpoint.id):
                os.replace(made, folder / checkpoint.id)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        self._partial(checkpoint.id).unlink(missing_ok=True)

    def save_partial(self, identity: str, tensors: dict[str, torch.Tensor], step: int) -> None:
        """Keep a fit that is under way; the one before it is replaced whole."""
        path = self._partial(identity)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"step": str(step)})

    def partial(self, identity: str) -> tuple[dict[str, torch.Tensor], int] | None:
        """What was kept of a fit, and its step; None if nothing was."""
        path = self._partial(identity)
        if not path.is_file():
            return None
        tensors, metadata = read_tensors(path)
        return tensors, int(metadata["step"])

    def _partial(self, identity: str) -> Path:
        return self.root / "partial" / f"{identity}.safetensors"
