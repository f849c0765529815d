"""Storage of data sets and checkpoints in a folder.

STORE/datasets/ID.npz, ID.jsonl, ID.digest         a packed set; ID is a digest of its content
STORE/checkpoints/ID/weights.safetensors           a checkpoint; ID is a digest of the training request
STORE/checkpoints/ID/card.json
STORE/partial/ID.safetensors                       state of an unfinished training run
STORE/optimizers/ID.safetensors                    Adam's moments at the end of a run, with `keep_optimizer`

Damage heals: what cannot be read, or no longer has its digest, counts as absent. A set is stored anew when it is
uploaded again, a training run begins anew, and a checkpoint is trained anew when it is asked for again.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from generator.dataset_store import DatasetStore, is_id, make_folder
from generator.file_digests import tensors_digest
from generator.training.checkpoint import CARD, WEIGHTS, Checkpoint, damage_of, read_tensors, write_checkpoint
from motion.errors import InvalidInput, NotFound, PlumbError
from motion.motion_set import MotionSet
from motion.shell.atomic import atomic_path

_MAX_LISTED = 5
_STEP, _DIGEST = "step", "digest"
_log = logging.getLogger(__name__)


class Store:
    """The data sets and checkpoints of one generator.

    The folder is made when something is first written to it. A file gets its name when it is complete. If the folder
    cannot be written or the disk is full, methods raise `InvalidInput` and leave everything as it was.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.root = Path(root).absolute()  # so that errors about its files are told from those about requests
        self._datasets, self._checkpoints = DatasetStore(self.root / "datasets"), self.root / "checkpoints"
        self._partial, self._optimizers = self.root / "partial", self.root / "optimizers"

    def check_writable(self, needed: int) -> None:
        """Check before long work that its result can be stored.

        Args:
            needed: bytes that will be written.

        Raises:
            InvalidInput: a folder cannot be written, or the disk has less room; the field is the folder.
        """
        for folder in (self._checkpoints, self._partial):
            make_folder(folder)
            try:
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(b"0")
                    probe.flush()
                free = shutil.disk_usage(folder).free
            except OSError as error:
                raise InvalidInput.of(str(folder), f"cannot be written: {error.strerror or error}") from error
            if free < needed:
                raise InvalidInput.of(str(folder), f"has {free:,} bytes free on its disk; must have {needed:,}")

    def put_dataset(self, dataset: MotionSet) -> str:
        """Store a data set, unless it is stored already and whole, and return its id."""
        return self._datasets.put(dataset)

    def dataset(self, identity: str) -> MotionSet:
        """Read a data set.

        Raises:
            NotFound: if no data set has this id, or it is damaged.
        """
        return self._datasets.read(identity)

    def checkpoints(self) -> list[str]:
        """Return the ids of the complete checkpoints, the newest last."""
        cards = [path for path in self._checkpoints.glob(f"*/{CARD}") if self.has_checkpoint(path.parent.name)]
        return [card.parent.name for card in sorted(cards, key=lambda card: (card.stat().st_mtime_ns, str(card)))]

    def has_checkpoint(self, identity: str) -> bool:
        """Check whether a checkpoint is stored, whole or not."""
        folder = self._checkpoints / identity
        return is_id(identity) and (folder / CARD).is_file() and (folder / WEIGHTS).is_file()

    def has_whole_checkpoint(self, identity: str) -> bool:
        """Check whether a checkpoint is stored and undamaged."""
        if not self.has_checkpoint(identity):
            return False
        damage = damage_of(self._checkpoints / identity)
        if damage is not None:
            _log.warning("the checkpoint %s is damaged: %s", identity, damage)
        return damage is None

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
        """Store a complete checkpoint in one step, and delete the saved state of its training run.

        A damaged checkpoint of the same id is replaced.
        """
        make_folder(self._checkpoints)
        target = self._checkpoints / checkpoint.id
        temporary: Path | None = None
        try:
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self._checkpoints))
            write_checkpoint(temporary, checkpoint)
            temporary.chmod(0o755)
            if not self.has_whole_checkpoint(checkpoint.id):
                _remove_folder(target)
                os.replace(temporary, target)
        except (OSError, SafetensorError) as error:
            raise InvalidInput.of(str(target), f"cannot be written: {error}") from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
        self.drop_partial(checkpoint.id)

    def drop_partial(self, identity: str) -> None:
        """Delete the saved state of a training run, if there is one."""
        self._partial_file(identity).unlink(missing_ok=True)

    def save_partial(self, identity: str, tensors: dict[str, Tensor], step: int) -> None:
        """Save the state of a training run after a step, in place of the previous state."""
        metadata = {_STEP: str(step), _DIGEST: tensors_digest(tensors, step)}
        _write_tensors(self._partial_file(identity), tensors, metadata)

    def partial(self, identity: str) -> tuple[dict[str, Tensor], int] | None:
        """Read the saved state of a training run and its step; None if there is none, or if it is damaged."""
        path = self._partial_file(identity)
        if not path.is_file():
            return None
        try:
            tensors, metadata = read_tensors(path)
            step = int(metadata[_STEP])
            if metadata.get(_DIGEST) == tensors_digest(tensors, step):
                return tensors, step
            damage = "it has another digest"
        except (PlumbError, KeyError, ValueError) as error:
            damage = str(error)
        _log.warning("the saved state of the training run %s is damaged, so it begins anew: %s", identity, damage)
        return None

    def save_optimizer(self, identity: str, tensors: dict[str, Tensor]) -> None:
        """Save the moments of the optimizer at the end of a training run."""
        _write_tensors(self._optimizers / f"{identity}.safetensors", tensors, {_DIGEST: tensors_digest(tensors, 0)})

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
        tensors, metadata = read_tensors(path)
        if metadata.get(_DIGEST) not in (None, tensors_digest(tensors, 0)):
            raise InvalidInput.of(str(path), "is damaged: it has another digest; train the checkpoint again")
        return tensors

    def _partial_file(self, identity: str) -> Path:
        return self._partial / f"{identity}.safetensors"


def _write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    make_folder(path.parent)
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            raise InvalidInput.of(str(path), f"cannot be written: {error}") from error


def _remove_folder(folder: Path) -> None:
    """Remove a folder so that no one sees a part of it."""
    if folder.exists():
        doomed = folder.with_name(f".old-{folder.name}-{os.getpid()}")
        os.replace(folder, doomed)
        shutil.rmtree(doomed, ignore_errors=True)
