"""Reading the published checkpoint of the text-to-motion evaluator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from loop_client.evaluation.evaluator.evaluator import PARTS, Evaluator, evaluator_from_tensors
from loop_client.evaluation.evaluator.words import GloveWords
from motion.errors import InvalidInput, NotFound


def read_published(checkpoint: Path, statistics: Path, glove: Path) -> Evaluator:
    """Read the published evaluator, without unpickling anything but numbers.

    Args:
        checkpoint: the file `finest.tar`.
        statistics: the folder of the `mean.npy` and `std.npy` that came with the checkpoint. Those of the data set
            differ: in the checkpoint's deviation, that of root and foot contacts is divided by 25.
        glove: the folder of the published word table.

    Raises:
        NotFound: a file is missing.
        InvalidInput: a file is damaged, holds pickled code, or lacks weights; each is named.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        mean, std = (np.load(statistics / f"{kind}.npy").astype(np.float32) for kind in ("mean", "std"))
    except FileNotFoundError as error:
        raise NotFound(f"there is no {error.filename}") from None
    except Exception as error:  # a damaged or hostile file may fail in any way
        raise InvalidInput.of(str(checkpoint), f"cannot be read safely ({error})") from error
    tensors = {"mean": torch.from_numpy(mean), "std": torch.from_numpy(std)}
    for part in PARTS:
        if not isinstance(state, dict) or f"{part}_encoder" not in state:
            raise InvalidInput.of(str(checkpoint), f"has no {part}_encoder; must be the text-to-motion evaluator's")
        tensors |= {f"{part}.{key}": value for key, value in state[f"{part}_encoder"].items()}
    card = {"kind": "text-to-motion evaluator", "words": GloveWords.name, "source": checkpoint.name}
    return evaluator_from_tensors(tensors, card, glove, str(checkpoint))
