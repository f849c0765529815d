"""Data sets and checkpoints in a folder, by content.

STORE/datasets/ID.npz, ID.jsonl                    a packed set; ID is made of its content
STORE/checkpoints/ID/weights.safetensors           ID is made of the request that it answers
STORE/checkpoints/ID/card.json
STORE/partial/ID.safetensors                       a fit that is under way
STORE/optimizers/ID.safetensors                    Adam's moments at its end, where they were to be kept
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from generator.training.checkpoint import CARD, Checkpoint, read_checkpoint, read_tensors, write_checkpoint
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_packed, write_packed
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

_NAMED_AT_MOST = 5


def request_id(request: Mapping[str, Any]) -> str:
    """A hexadecimal digest of what determines a checkpoint; equal requests have equal ids."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]


def _is_id(text: str) -> bool:
    """Ids come from outside and become names of files; nothing else may."""
    return bool(text) and all(character in "0123456789abcdef" for character in text)


class Store:
    """The folder of one generator; made when something is first put into it.

    Whatever is written takes its name when it is whole. A folder that cannot be written, or a disk that is full, raises
    `InvalidInput`, and what was there before stays.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._datasets, self._checkpoints = self.root / "datasets", self.root / "checkpoints"
        self._partial, self._optimizers = self.root / "partial", self.root / "optimizers"

    def put_dataset(self, dataset: MotionSet) -> str:
        identity = dataset.content_id()
        target = self._datasets / identity
        if not target.with_suffix(".npz").is_file():
            _make(self._datasets)
            write_packed(target, dataset)
        return identity

    def dataset(self, identity: str) -> MotionSet:
        """Raises NotFound where there is none of that id."""
        path = self._datasets / identity
        if not _is_id(identity) or not path.with_suffix(".npz").is_file():
            raise NotFound(f"no data set {identity!r}; upload it first")
        return read_packed(path)

    def checkpoints(self) -> list[str]:
        """Ids of the whole checkpoints, the newest last."""
        cards = [path for path in self._checkpoints.glob(f"*/{CARD}") if _is_id(path.parent.name)]
        return [card.parent.name for card in sorted(cards, key=lambda card: (card.stat().st_mtime_ns, str(card)))]

    def has_checkpoint(self, identity: str) -> bool:
        return _is_id(identity) and (self._checkpoints / identity / CARD).is_file()

    def checkpoint(self, identity: str, others: Sequence[str] = ()) -> Checkpoint:
        """Raises NotFound, naming those that exist and `others` that do, where there is none of that id."""
        if not self.has_checkpoint(identity):
            known = [*others, *self.checkpoints()[-_NAMED_AT_MOST:]]
            raise NotFound(f"no checkpoint {identity!r}; there is {', '.join(known) or 'none yet'}")
        return read_checkpoint(self._checkpoints / identity)

    def publish(self, checkpoint: Checkpoint) -> None:
        """Put a whole checkpoint in its place at once, and drop what was kept of its fit."""
        _make(self._checkpoints)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=self._checkpoints))
        try:
            write_checkpoint(made, checkpoint)
            made.chmod(0o755)
            if not self.has_checkpoint(checkpoint.id):
                os.replace(made, self._checkpoints / checkpoint.id)
        except (OSError, SafetensorError) as error:
            raise InvalidInput.of(str(self._checkpoints / checkpoint.id), f"cannot be written: {error}") from error
        finally:
            shutil.rmtree(made, ignore_errors=True)
        self._partial_of(checkpoint.id).unlink(missing_ok=True)

    def save_partial(self, identity: str, tensors: dict[str, Tensor], step: int) -> None:
        """Keep a fit that is under way; the one before it is replaced whole."""
        _save(self._partial_of(identity), tensors, {"step": str(step)})

    def partial(self, identity: str) -> tuple[dict[str, Tensor], int] | None:
        """What was kept of a fit, and its step; None if nothing was."""
        path = self._partial_of(identity)
        if not path.is_file():
            return None
        tensors, metadata = read_tensors(path)
        return tensors, int(metadata["step"])

    def save_optimizer(self, identity: str, tensors: dict[str, Tensor]) -> None:
        """Keep what an optimizer has at the end of a fit."""
        _save(self._optimizers / f"{identity}.safetensors", tensors, {})

    def optimizer(self, identity: str) -> dict[str, Tensor]:
        """What was kept of the optimizer of a checkpoint.

        Raises:
            InvalidInput: nothing was.
        """
        path = self._optimizers / f"{identity}.safetensors"
        if not path.is_file():
            raise InvalidInput.of(
                "settings.keep_optimizer",
                f"is true; the moments of checkpoint {identity} are not in this store: fit with false to begin anew",
            )
        return read_tensors(path)[0]

    def _partial_of(self, identity: str) -> Path:
        return self._partial / f"{identity}.safetensors"


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    _make(path.parent)
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            raise InvalidInput.of(str(path), f"cannot be written: {error}") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(folder), f"cannot be made: {error.strerror or error}") from error
