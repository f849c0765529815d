"""`plumb-gen import`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from generator.commands.generator_flags import DEFAULT_STORE, StoreFolder
from motion.shell.command import DONE


@dataclass(frozen=True)
class Import:
    """Import a checkpoint of the published motion diffusion model, and print its id.

    Only tensors are unpickled; a file with anything else is refused.
    """

    model: Annotated[Positional[Path], arg(metavar="MODEL.pt")]
    """Checkpoint file, with its args.json in the same folder."""
    statistics: Annotated[Path, arg(metavar="DIR")]
    """Folder of the Mean.npy and Std.npy that the model was trained with, which come with HumanML3D."""
    text_encoder: Annotated[str, arg(metavar="NAME")] = ""
    """Text encoder, such as `clip:/models/clip-vit-base-patch32`; by default the one in args.json, from the cache of
    transformers."""
    store: StoreFolder = DEFAULT_STORE

    def run(self) -> int:
        """Execute the command."""
        from generator.model.published_weights import read_published
        from generator.store import Store

        checkpoint = read_published(self.model, self.statistics, self.text_encoder)
        Store(self.store).publish(checkpoint)
        print(checkpoint.id)
        return DONE
