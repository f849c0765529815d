"""Points of motions and of texts, from networks that were trained once and then only read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from loop_client.evaluation.embedding import one_thread
from loop_client.evaluation.evaluator.networks import MOVEMENT_FRAMES, MotionEncoder, MovementEncoder, TextEncoder
from loop_client.evaluation.evaluator.words import GloveWords, HashedWords, WordTable, encode, own_tokens, tokenize
from motion.errors import InvalidInput, NotFound
from motion.humanml3d.features import NUM_FEATURES, positions_to_features
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.assets import asset_path
from motion.shell.atomic import atomic_group

SHIPPED = "default"
"""The name of the evaluator that comes with Plumb."""
_LONGEST = 196  # what the published data is padded to
_BATCH = 64
_PARTS = ("movement", "motion", "text")
_WEIGHTS, _CARD = "evaluator.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Embeds motions and texts.

    Attributes:
        movement, motion, text: the networks, in evaluation mode.
        mean, std: (263,) of the features that it was trained on.
        words: the table its texts are read with.
        card: how it was made.
    """

    movement: MovementEncoder
    motion: MotionEncoder
    text: TextEncoder
    mean: np.ndarray
    std: np.ndarray
    words: WordTable
    card: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What results call it; a function of the weights."""
        digest = hashlib.sha256()
        for tensor in self.tensors().values():
            digest.update(tensor.numpy().tobytes())
        return f"t2m-{self.size}d-{digest.hexdigest()[:12]}"

    @property
    def size(self) -> int:
        """Of a point."""
        return len(self.motion.state_dict()["output_net.3.bias"])

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """(n, size) float64, a point a motion.

        Raises:
            InvalidInput: a motion is shorter than one movement of 4 frames.
        """
        features = [self._normalised(motion) for motion in motions]
        points = np.zeros((len(features), self.size))
        with one_thread(), torch.no_grad():
            for rows in _by_length([len(each) for each in features], _BATCH):
                batch = torch.from_numpy(np.stack([features[row] for row in rows]))
                points[rows] = self.of_features(batch).numpy()
        return points

    def embed_texts(self, captions: Sequence[str], tokens: Sequence[Sequence[str] | None] = ()) -> np.ndarray:
        """(n, size) float64, a point a caption.

        `tokens` are those that captions came with, None of one that has none. The published evaluator reads them, as it
        was trained; one that was trained on plain captions does not.
        """
        read = tokens if tokens and self.words.own_tokens else [None] * len(captions)
        encoded = [
            encode(tokenize(caption) if own is None else own, self.words)
            for caption, own in zip(captions, read, strict=True)
        ]
        points = np.zeros((len(encoded), self.size))
        with one_thread(), torch.no_grad():
            for rows in _by_length([each.length for each in encoded], _BATCH):
                vectors, speech = (torch.from_numpy(np.stack([encoded[row][part] for row in rows])) for part in (0, 1))
                lengths = torch.tensor([encoded[row].length for row in rows])
                points[rows] = self.text(vectors, speech, lengths).numpy()
        return points

    def text_distance(self, motions: MotionSet) -> np.ndarray:
        """(n,) Euclidean distance of each motion to its first caption, as the matching score has it."""
        texts = self.embed_texts(
            [captions[0] for captions in motions.captions], [own_tokens(about) for about in motions.metadata]
        )
        return np.linalg.norm(self.embed(motions.motions) - texts, axis=1)

    def of_features(self, features: Tensor) -> Tensor:
        """Points (batch, size) of normalised features (batch, frames, 263) of one length, a multiple of 4.

        The published code pads to 196 frames with zeros, and the last movement of a shorter motion sees some of them.
        """
        frames = features.shape[1]
        padded = nn.functional.pad(features, (0, 0, 0, MOVEMENT_FRAMES if frames < _LONGEST else 0))
        movements = self.movement(padded[..., :-4])[:, : frames // MOVEMENT_FRAMES]
        return self.motion(movements, torch.full((len(features),), movements.shape[1]))

    def tensors(self) -> dict[str, Tensor]:
        """All that `save` writes, by name."""
        tensors = {f"{part}.{key}": value for part in _PARTS for key, value in getattr(self, part).state_dict().items()}
        return tensors | {"mean": torch.from_numpy(self.mean), "std": torch.from_numpy(self.std)}

    def save(self, folder: Path) -> None:
        """Write weights and card into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_group([folder / _WEIGHTS, folder / _CARD]) as (weights, card):
            save_file({key: value.contiguous() for key, value in self.tensors().items()}, weights)
            card.write_text(json.dumps(self.card, indent=1) + "\n", encoding="utf-8")

    def _normalised(self, motion: Motion) -> np.ndarray:
        features = positions_to_features(motion.positions)
        whole = len(features) - len(features) % MOVEMENT_FRAMES
        if whole == 0:
            raise InvalidInput.of(
                str(motion.name), f"has {len(motion)} frames; must have more than {MOVEMENT_FRAMES} to be embedded"
            )
        return ((features[:whole] - self.mean) / self.std).astype(np.float32)


def load_evaluator(name: str | Path, glove: Path | None = None) -> Evaluator:
    """The evaluator in a folder that `Evaluator.save` or `read_published` wrote, or the one that ships.

    Args:
        name: of the folder; `default` for the one that ships.
        glove: folder of the published word table, for an evaluator that was trained with it.

    Raises:
        NotFound: there is none.
        InvalidInput: it is damaged, or needs a word table that is not given.
    """
    folder = asset_path("evaluator") if str(name) == SHIPPED else Path(name)
    if not (folder / _CARD).is_file():
        raise NotFound(f"there is no evaluator in {folder}; it must hold {_WEIGHTS} and {_CARD}")
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        tensors = load_file(folder / _WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise InvalidInput.of(str(folder), f"holds no evaluator that can be read ({error})") from error
    return from_tensors(tensors, card, glove, str(folder))


def read_published(checkpoint: Path, statistics: Path, glove: Path) -> Evaluator:
    """The published evaluator: `finest.tar`, the folder of its `mean.npy` and `std.npy`, and the folder of its words.

    The mean and deviation must be those that the checkpoint came with: they are not the data set's own (its deviation
    has root and contacts divided by 25).

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
    for part in _PARTS:
        if not isinstance(state, dict) or f"{part}_encoder" not in state:
            raise InvalidInput.of(str(checkpoint), f"has no {part}_encoder; must be the text-to-motion evaluator's")
        tensors |= {f"{part}.{key}": value for key, value in state[f"{part}_encoder"].items()}
    card = {"kind": "text-to-motion evaluator", "words": GloveWords.name, "source": checkpoint.name}
    return from_tensors(tensors, card, glove, str(checkpoint))


def from_tensors(tensors: Mapping[str, Tensor], card: Mapping[str, Any], glove: Path | None, where: str) -> Evaluator:
    """The evaluator that tensors (as `Evaluator.tensors` names them) are; sizes are read off them.

    Raises:
        InvalidInput: tensors are missing or too many, of shapes that do not go together, or the words are missing.
    """
    try:
        movement = MovementEncoder(*tensors["movement.main.3.weight"].shape[1::-1])
        size, hidden = tensors["motion.output_net.3.weight"].shape
        motion = MotionEncoder(tensors["motion.input_emb.weight"].shape[1], hidden, size)
        text = TextEncoder(*tensors["text.output_net.3.weight"].shape[::-1])
        for part, network in zip(_PARTS, (movement, motion, text), strict=True):
            own = {key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")}
            network.load_state_dict(own)
        mean, std = tensors["mean"].numpy(), tensors["std"].numpy()
    except (KeyError, RuntimeError, ValueError) as error:
        raise InvalidInput.of(where, f"holds no evaluator whose weights go together ({error})") from error
    if mean.shape != (NUM_FEATURES,) or std.shape != (NUM_FEATURES,) or not (std > 0).all():
        raise InvalidInput.of(where, f"has mean {mean.shape}, std {std.shape}; must be ({NUM_FEATURES},), std above 0")
    words: WordTable = HashedWords()
    if card.get("words", HashedWords.name) != HashedWords.name:
        if glove is None:
            raise InvalidInput.of(where, "reads texts with the published word table; name its folder by --glove")
        words = GloveWords(glove)
    return Evaluator(movement.eval(), motion.eval(), text.eval(), mean, std, words, card)


def _by_length(lengths: Sequence[int], batch: int) -> Iterator[list[int]]:
    """Rows of equal length, in batches."""
    for length in sorted(set(lengths)):
        rows = [row for row, each in enumerate(lengths) if each == length]
        yield from (rows[start : start + batch] for start in range(0, len(rows), batch))
