"""The evaluator: embeddings of motions and of texts in one space."""

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

from loop_client.evaluation.evaluator.networks import MOVEMENT_FRAMES, MotionEncoder, MovementEncoder, TextEncoder
from loop_client.evaluation.evaluator.words import GloveWords, HashedWords, WordTable, caption_tokens, encode, tokenize
from loop_client.evaluation.torch_threads import single_threaded_torch
from motion.errors import InvalidInput, NotFound
from motion.humanml3d.features import NUM_FEATURES, positions_to_features
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.shell.assets import asset_path
from motion.shell.atomic import atomic_group

SHIPPED = "default"
"""Name of the evaluator that comes with Plumb."""
PARTS = ("movement", "motion", "text")
"""Names of the three networks, which their tensors start with."""
_MAX_FRAMES = 196  # the length that the published code pads motions to
_BATCH = 64
_WEIGHTS, _CARD = "evaluator.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Embeds motions and texts in one space; a `TextEmbedding`.

    Attributes:
        movement: the network that encodes frames as movements, in evaluation mode like the others.
        motion: the network that encodes movements as a motion.
        text: the network that encodes words as a text.
        mean: (263,) mean of the features that it was trained on.
        std: (263,) standard deviation of those features.
        words: the word vectors that its texts are read with.
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
        """The name in results, a function of the weights."""
        digest = hashlib.sha256()
        for tensor in self.tensors().values():
            digest.update(tensor.numpy().tobytes())
        return f"t2m-{self.size}d-{digest.hexdigest()[:12]}"

    @property
    def size(self) -> int:
        """The dimensions of an embedding."""
        return len(self.motion.state_dict()["output_net.3.bias"])

    def embed(self, motions: Iterable[Motion]) -> np.ndarray:
        """Embed motions.

        Returns:
            (n, size) float64.

        Raises:
            InvalidInput: a motion is shorter than one movement of 4 frames.
        """
        features = [self._normalize(motion) for motion in motions]
        embeddings = np.zeros((len(features), self.size))
        with single_threaded_torch(), torch.no_grad():
            for rows in _batches_of_equal_length([len(each) for each in features], _BATCH):
                batch = torch.from_numpy(np.stack([features[row] for row in rows]))
                embeddings[rows] = self.embed_features(batch).numpy()
        return embeddings

    def embed_texts(self, captions: Sequence[str], tokens: Sequence[Sequence[str] | None] = ()) -> np.ndarray:
        """Embed captions.

        Args:
            captions: the texts.
            tokens: the tokens that each caption came with, None for a caption without; empty for no tokens at all. The
                published evaluator was trained with them and reads them; one that was trained on plain captions does
                not.

        Returns:
            (n, size) float64.
        """
        given = tokens if tokens and self.words.reads_given_tokens else [None] * len(captions)
        encoded = [
            encode(tokenize(caption) if own is None else own, self.words)
            for caption, own in zip(captions, given, strict=True)
        ]
        embeddings = np.zeros((len(encoded), self.size))
        with single_threaded_torch(), torch.no_grad():
            for rows in _batches_of_equal_length([each.length for each in encoded], _BATCH):
                vectors, speech = (torch.from_numpy(np.stack([encoded[row][part] for row in rows])) for part in (0, 1))
                lengths = torch.tensor([encoded[row].length for row in rows])
                embeddings[rows] = self.text(vectors, speech, lengths).numpy()
        return embeddings

    def text_distance(self, motions: MotionSet) -> np.ndarray:
        """Compute the Euclidean distance (n,) of each motion to its first caption, as in the matching score."""
        texts = self.embed_texts(
            [captions[0] for captions in motions.captions], [caption_tokens(about) for about in motions.metadata]
        )
        return np.linalg.norm(self.embed(motions.motions) - texts, axis=1)

    def embed_features(self, features: Tensor) -> Tensor:
        """Embed normalized features (batch, frames, 263) of one length, a multiple of 4, as (batch, size).

        The published code pads with zeros to 196 frames, and the last movement of a shorter motion sees some of them.
        """
        frames = features.shape[1]
        padded = nn.functional.pad(features, (0, 0, 0, MOVEMENT_FRAMES if frames < _MAX_FRAMES else 0))
        movements = self.movement(padded[..., :-4])[:, : frames // MOVEMENT_FRAMES]
        return self.motion(movements, torch.full((len(features),), movements.shape[1]))

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors that `save` writes, by name."""
        tensors = {f"{part}.{key}": value for part in PARTS for key, value in getattr(self, part).state_dict().items()}
        return tensors | {"mean": torch.from_numpy(self.mean), "std": torch.from_numpy(self.std)}

    def save(self, folder: Path) -> None:
        """Write weights and card into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_group([folder / _WEIGHTS, folder / _CARD]) as (weights, card):
            save_file({key: value.contiguous() for key, value in self.tensors().items()}, weights)
            card.write_text(json.dumps(self.card, indent=1) + "\n", encoding="utf-8")

    def _normalize(self, motion: Motion) -> np.ndarray:
        features = positions_to_features(motion.positions)
        whole = len(features) - len(features) % MOVEMENT_FRAMES
        if whole == 0:
            raise InvalidInput.of(
                str(motion.name), f"has {len(motion)} frames; must have more than {MOVEMENT_FRAMES} to be embedded"
            )
        return ((features[:whole] - self.mean) / self.std).astype(np.float32)


def load_evaluator(name: str | Path, glove: Path | None = None) -> Evaluator:
    """Load the evaluator that ships, or one from a folder that `Evaluator.save` wrote.

    Args:
        name: the folder, or `default` for the evaluator that ships.
        glove: folder of the published word table, for an evaluator that was trained with it.

    Raises:
        NotFound: there is no evaluator in the folder.
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
    return evaluator_from_tensors(tensors, card, glove, str(folder))


def evaluator_from_tensors(
    tensors: Mapping[str, Tensor], card: Mapping[str, Any], glove: Path | None, where: str
) -> Evaluator:
    """Build an evaluator from its tensors, whose shapes give the sizes of the networks.

    Args:
        tensors: the tensors, named as by `Evaluator.tensors`.
        card: how the evaluator was made; names its word table.
        glove: folder of the published word table.
        where: what error messages call the evaluator.

    Raises:
        InvalidInput: there are tensors too few or too many, their shapes do not agree, or the word table is missing.
    """
    try:
        movement = MovementEncoder(*tensors["movement.main.3.weight"].shape[1::-1])
        size, hidden = tensors["motion.output_net.3.weight"].shape
        motion = MotionEncoder(tensors["motion.input_emb.weight"].shape[1], hidden, size)
        text = TextEncoder(*tensors["text.output_net.3.weight"].shape[::-1])
        for part, network in zip(PARTS, (movement, motion, text), strict=True):
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
            raise InvalidInput.of(where, "reads texts with the published word table; give its folder with --glove")
        words = GloveWords(glove)
    return Evaluator(movement.eval(), motion.eval(), text.eval(), mean, std, words, card)


def _batches_of_equal_length(lengths: Sequence[int], batch: int) -> Iterator[list[int]]:
    """Yield the indices of items of equal length, in batches."""
    for length in sorted(set(lengths)):
        rows = [row for row, each in enumerate(lengths) if each == length]
        yield from (rows[start : start + batch] for start in range(0, len(rows), batch))
