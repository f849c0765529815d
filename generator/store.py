"""Storage of data sets and checkpoints in a folder.

STORE/datasets/ID.npz, ID.jsonl                    a packed set; ID is a digest of its content
STORE/checkpoints/ID/weights.safetensors           a checkpoint; ID is a digest of the training request
STORE/checkpoints/ID/card.json
STORE/partial/ID.safetensors                       state of an unfinished training run
STORE/optimizers/ID.safetensors                    Adam's moments at the end of a run, with `keep_optimizer`
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

from generator.training.checkpoint import CARD, Checkpoint, read_tensors, write_checkpoint
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_packed, write_packed
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

_MAX_LISTED = 5


def request_id(request: Mapping[str, Any]) -> str:
    """Return a hexadecimal digest of a training request; equal requests have equal ids."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]


def _is_id(text: str) -> bool:
    """Check that a text from outside may become the name of a file."""
    return bool(text) and all(character in "0123456789abcdef" for character in text)


class Store:
    """The data sets and checkpoints of one generator.

    The folder is made when something is first written to it. A file gets its name when it is complete. If the folder
    cannot be written or the disk is full, methods raise `InvalidInput` and leave everything as it was.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._datasets, self._checkpoints = self.root / "datasets", self.root / "checkpoints"
        self._partial, self._optimizers = self.root / "partial", self.root / "optimizers"

    def put_dataset(self, dataset: MotionSet) -> str:
        """Store a data set unless it is stored already, and return its id."""
        identity = dataset.content_id()
        target = self._datasets / identity
        if not target.with_suffix(".npz").is_file():
            _make_folder(self._datasets)
            write_packed(target, dataset)
        return identity

    def dataset(self, identity: str) -> MotionSet:
        """Read a data set.

        Raises:
            NotFound: if no data set has this id.
        """
        path = self._datasets / identity
        if not _is_id(identity) or not path.with_suffix(".npz").is_file():
            raise NotFound(f"no data set {identity!r}; upload it first")
        return read_packed(path)

    def checkpoints(self) -> list[str]:
        """Return the ids of the complete checkpoints, the newest last."""
        cards = [path for path in self._checkpoints.glob(f"*/{CARD}") if _is_id(path.parent.name)]
        return [card.parent.name for card in sorted(cards, key=lambda card: (card.stat().st_mtime_ns, str(card)))]

    def has_checkpoint(self, identity: str) -> bool:
        """Check whether a checkpoint is stored."""
        return _is_id(identity) and (self._checkpoints / identity / CARD).is_file()

    def checkpoint_folder(self, identity: str, others: Sequence[str] = ()) -> Path:
        """Return the folder of a stored checkpoint.

        Args:
            identity: id of the checkpoint.
            others: ids of checkpoints outside the store, to list if this one is not found.

        Raises:
            NotFound: if no checkpoint has this id; the text lists those that exist.
        """
        if not self.has_checkpoint(identity):
            known = [*others, *self.checkpoints()[-_MAX_LISTED:]]
            raise NotFound(f"no checkpoint {identity!r}; there is {', '.join(known) or 'none yet'}")
        return self._checkpoints / identity

    def publish(self, checkpoint: Checkpoint) -> None:
        """Store a complete checkpoint in one step, and delete the saved state of its training run."""
        _make_folder(self._checkpoints)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self._checkpoints))
        try:
            write_checkpoint(temporary, checkpoint)
            temporary.chmod(0o755)
            if not self.has_checkpoint(checkpoint.id):
                os.replace(temporary, self._checkpoints / checkpoint.id)
        except (OSError, SafetensorError) as error:
            raise InvalidInput.of(str(self._checkpoints / checkpoint.id), f"cannot be written: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._partial_file(checkpoint.id).unlink(missing_ok=True)

    def save_partial(self, identity: str, tensors: dict[str, Tensor], step: int) -> None:
        """Save the state of a training run after a step, in place of the previous state."""
        _write_tensors(self._partial_file(identity), tensors, {"step": str(step)})

    def partial(self, identity: str) -> tuple[dict[str, Tensor], int] | None:
        """Read the saved state of a training run and its step; None if there is none."""
        path = self._partial_file(identity)
        if not path.is_file():
            return None
        tensors, metadata = read_tensors(path)
        return tensors, int(metadata["step"])

    def save_optimizer(self, identity: str, tensors: dict[str, Tensor]) -> None:
        """Save the moments of the optimizer at the end of a training run."""
        _write_tensors(self._optimizers / f"{identity}.safetensors", tensors, {})

    def optimizer(self, identity: str) -> dict[str, Tensor]:
        """Read the moments of the optimizer that a checkpoint was trained with.

        Raises:
            InvalidInput: if they were not saved.
        """
        path = self._optimizers / f"{identity}.safetensors"
        if not path.is_file():
            raise InvalidInput.of(
                "settings.keep_optimizer",
                f"is true; the moments of checkpoint {identity} are not in this store: use false to start without them",
            )
        return read_tensors(path)[0]

    def _partial_file(self, identity: str) -> Path:
        return self._partial / f"{identity}.safetensors"


def _write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    _make_folder(path.parent)
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            raise InvalidInput.of(str(path), f"cannot be written: {error}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput.of(str(folder), f"cannot be created: {error.strerror or error}") from error
