"""Checkpoints by id: those that ship with Plumb, those of a store, and folders that were opened."""

from __future__ import annotations

from pathlib import Path

from generator.store import Store
from generator.training.checkpoint import (
    Checkpoint,
    content_digest,
    damage_of,
    file_state,
    read_checkpoint,
    read_settings,
)
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound
from motion.formats.packed import read_packed
from motion.motion_set import MotionSet
from motion.shell.assets import asset_path

SHIPPED_CHECKPOINTS = ("flow", "mdm")
"""Ids of the checkpoints that ship with Plumb, the default last."""


class CheckpointLibrary:
    """Finds checkpoints by id.

    Args:
        store: checkpoints that were trained or imported.
    """

    def __init__(self, store: Store):
        self._store = store
        self._shipped = {name: asset_path(f"models/{name}") for name in SHIPPED_CHECKPOINTS}
        self._opened: dict[str, Path] = {}
        self._checked: dict[str, tuple[tuple[int, ...], bool]] = {}

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all checkpoints."""
        return (*self._shipped, *self._opened, *self._store.checkpoints())

    def default(self) -> str:
        """Return the id of the newest undamaged checkpoint of the store or, if there is none, of one that ships."""
        whole = (identity for identity in reversed(self._store.checkpoints()) if self._is_whole(identity))
        return next(whole, SHIPPED_CHECKPOINTS[-1])

    def open(self, folder: Path) -> str:
        """Add the checkpoint in a folder, and return its id.

        The id is the name of the folder. If another checkpoint has that id, such as `mdm`, which ships, a digest of the
        folder's content is appended to it.

        Raises:
            NotFound: if there is no checkpoint in the folder.
            InvalidInput: if a file is damaged.
        """
        folder = folder.resolve()
        read_checkpoint(folder)
        identity = folder.name
        taken = identity in self._shipped or self._store.has_checkpoint(identity)
        if taken or self._opened.get(identity, folder) != folder:
            identity = _with_digest(folder)
        self._opened[identity] = folder
        return identity

    def settings(self, identity: str) -> Settings:
        """Read the settings of a checkpoint, without its weights.

        Raises:
            NotFound: if no checkpoint has this id.
            InvalidInput: if its card is damaged.
        """
        return read_settings(self._folder(identity))

    def read(self, identity: str) -> Checkpoint:
        """Read a checkpoint.

        Raises:
            NotFound: if no checkpoint has this id.
            InvalidInput: if a file is damaged.
        """
        folder = self._folder(identity)
        checkpoint = read_checkpoint(folder)
        if damage := damage_of(folder):
            advice = 'if it was changed on purpose, remove "digests" from its card'
            raise InvalidInput.of(str(folder), f"is damaged: {damage}; {advice}")
        return checkpoint

    def captions(self, identity: str) -> list[str] | None:
        """Return the captions that a checkpoint and those before it were trained on; None if they are not all here.

        Raises:
            NotFound: if no checkpoint has this id.
            InvalidInput: if a file is damaged.
        """
        if identity in self._shipped:
            return _flat_captions(read_packed(asset_path("motions/default.npz")))
        card = self.read(identity).card
        dataset, start = str(card.get("dataset", "")), str(card.get("init", ""))
        try:
            captions = _flat_captions(self._store.dataset(dataset))
            earlier = self.captions(start) if start else []
        except NotFound:
            return None
        return None if earlier is None else captions + earlier

    def origin(self, identity: str) -> str:
        """Return what a training request names as its start: an id that determines the content of the checkpoint.

        Ids of the store do so by themselves. The name of a folder does not: its content may change.
        """
        folder = self._outside_the_store().get(identity)
        return _with_digest(folder) if folder else identity

    def _is_whole(self, identity: str) -> bool:
        """Check a stored checkpoint, once for each state of its files, because that reads all of them."""
        try:
            state = file_state(self._folder(identity))
        except (OSError, NotFound):  # removed just now
            return False
        known, whole = self._checked.get(identity, ((), False))
        if known != state:
            whole = self._store.has_whole_checkpoint(identity)
            self._checked[identity] = state, whole
        return whole

    def _folder(self, identity: str) -> Path:
        outside = self._outside_the_store()
        return outside.get(identity) or self._store.checkpoint_folder(identity, tuple(outside))

    def _outside_the_store(self) -> dict[str, Path]:
        return self._shipped | self._opened


def _flat_captions(dataset: MotionSet) -> list[str]:
    return [caption for captions in dataset.captions for caption in captions]


def _with_digest(folder: Path) -> str:
    return f"{folder.name}@{content_digest(folder)}"
