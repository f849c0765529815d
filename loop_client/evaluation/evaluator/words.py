"""Captions as the evaluator reads them: word vectors and parts of speech.

The parts of speech include classes of words that describe movement: locations, body parts, objects, actions and
manners.
"""

from __future__ import annotations

import pickle
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from loop_client.evaluation.evaluator.networks import POS_SIZE, WORD_SIZE
from motion.errors import InvalidInput, NotFound

MAX_WORDS = 20
"""Largest number of words of a caption, not counting `sos` and `eos`."""
_CLASSES = tuple[str, ...](
    "VERB NOUN DET ADP NUM AUX PRON ADJ ADV Loc_VIP Body_VIP Obj_VIP Act_VIP Desc_VIP OTHER".split()
)
_OTHER = _CLASSES.index("OTHER")
_WORDS_OF = {
    "Loc_VIP": "left right clockwise counterclockwise anticlockwise forward back backward up down straight curve",
    "Body_VIP": "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
    "Obj_VIP": "stair dumbbell chair window floor car ball handrail baseball basketball",
    "Act_VIP": "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit lift lower raise "
    "wash stand kneel stroll rub bend balance flap jog shuffle lean rotate spin spread climb",
    "Desc_VIP": "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
}
_CLASS_OF = {word: _CLASSES.index(name) for name, words in _WORDS_OF.items() for word in words.split()}


class WordTable(Protocol):
    """A table of word vectors.

    Attributes:
        name: name of the table.
        reads_given_tokens: whether the table is made for the tokens that captions come with (HumanML3D's are lemmas
            tagged by spaCy), not for those of `tokenize`.
    """

    name: str
    reads_given_tokens: bool

    def vector(self, word: str) -> np.ndarray | None:
        """Return the vector (300,) of a word; None if the table does not have the word."""
        ...


class HashedWords:
    """A table with a random vector for every possible word.

    It needs no download and knows every word, but no two words are similar. Feature hashing: Weinberger et al.,
    "Feature hashing for large scale multitask learning", ICML 2009.
    """

    name = "hashed-words-v1"
    reads_given_tokens = False

    def vector(self, word: str) -> np.ndarray | None:
        """Return the vector (300,) of a word."""
        return _hashed_vector(word)


class GloveWords:
    """The published table of GloVe vectors.

    Its two pickles may hold lists, dictionaries, texts and numbers; one that refers to anything else is refused.

    Args:
        folder: the folder of `our_vab_data.npy`, `our_vab_words.pkl` and `our_vab_idx.pkl`.

    Raises:
        NotFound: a file is missing.
        InvalidInput: a file is damaged or has other content.
    """

    name = "glove"
    reads_given_tokens = True

    def __init__(self, folder: Path):
        self._vectors = _read_array(folder / "our_vab_data.npy")
        words, self._index = (_read_plain_pickle(folder / f"our_vab_{name}.pkl") for name in ("words", "idx"))
        if not isinstance(words, list) or not isinstance(self._index, dict) or len(words) != len(self._vectors):
            raise InvalidInput.of(str(folder), "must hold a list of words, their indices, and a vector for each")

    def vector(self, word: str) -> np.ndarray | None:
        """Return the vector (300,) of a word; None if the table does not have the word."""
        index = self._index.get(word)
        return None if index is None else self._vectors[index]


class Encoded(NamedTuple):
    """A caption as the text encoder reads it.

    Attributes:
        vectors: (22, 300) float32 word vectors.
        speech: (22, 15) float32 parts of speech, one-hot.
        length: number of valid words.
    """

    vectors: np.ndarray
    speech: np.ndarray
    length: int


def encode(tokens: Sequence[str], table: WordTable) -> Encoded:
    """Encode the tokens of a caption, framed by `sos` and `eos` and padded with unknown words.

    Args:
        tokens: words with their parts of speech, such as `walk/VERB`; those beyond 20 are cut.
        table: the word vectors.
    """
    framed = ["sos/OTHER", *tokens[:MAX_WORDS], "eos/OTHER"]
    padded = framed + ["unk/OTHER"] * (MAX_WORDS + 2 - len(framed))
    vectors, classes = zip(*(look_up(token, table) for token in padded), strict=True)
    return Encoded(np.stack(vectors).astype(np.float32), np.eye(POS_SIZE, dtype=np.float32)[list(classes)], len(framed))


def look_up(token: str, table: WordTable) -> tuple[np.ndarray, int]:
    """Look up a token.

    Args:
        token: a word with its part of speech, such as `walk/VERB`.
        table: the word vectors.

    Returns:
        The vector (300,) and the index of the part of speech, or of the class if the word describes movement.
    """
    word, _, tag = token.rpartition("/")
    vector = table.vector(word)
    if vector is None:
        unknown = table.vector("unk")
        return np.zeros(WORD_SIZE) if unknown is None else unknown, _OTHER
    return vector, _CLASS_OF.get(word, _CLASSES.index(tag) if tag in _CLASSES else _OTHER)


def caption_tokens(metadata: Mapping[str, Any], caption: int = 0) -> list[str] | None:
    """Return the tokens that a caption came with; None if there are none.

    Args:
        metadata: the metadata of a motion, whose field `tokens` has a list for each caption.
        caption: index of the caption.
    """
    listed = metadata.get("tokens")
    if not isinstance(listed, list) or not 0 <= caption < len(listed):
        return None
    tokens = listed[caption]
    return tokens if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens) else None


_TAGS = {
    "DET": "a an the this that these those some both each every another other",
    "ADP": "in on at to from of with by for into onto over under around through across behind between towards toward "
    "before after while as against along near off out",
    "AUX": "is are was were be been being has have had do does did can could will would should may might",
    "PRON": "he she it they them him her his their its someone something who which himself herself itself",
    "NUM": "one two three four five six seven eight nine ten once twice first second",
    "NOUN": "person man woman human figure step steps circle side head body hip elbow wrist air front place times time",
}
_TAG_OF = {word: tag for tag, words in _TAGS.items() for word in words.split()}
_ENDINGS = (("ly", "ADV"), ("ing", "VERB"), ("ed", "VERB"), ("es", "VERB"), ("s", "VERB"))


def tokenize(caption: str) -> list[str]:
    """Split a plain caption into tokens such as `walk/VERB`, by a small table of words and of endings."""
    return [_tagged(word) for word in re.findall(r"[a-z']+", caption.lower())]


@lru_cache(maxsize=65536)
def _tagged(word: str) -> str:
    if word in _TAG_OF:
        return f"{word}/{_TAG_OF[word]}"
    if word in _CLASS_OF:
        return f"{word}/NOUN"
    for ending, tag in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word.removesuffix(ending)
            # walking, stopped, dances: try the stem, the stem without its doubled end, and the stem with an e.
            for lemma in (stem, stem[:-1] if stem[-1:] == stem[-2:-1] else stem, stem + "e"):
                if lemma in _CLASS_OF or lemma in _TAG_OF:
                    return f"{lemma}/{tag}"
            return f"{word}/{tag}"
    return f"{word}/NOUN"


@lru_cache(maxsize=65536)
def _hashed_vector(word: str) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(WORD_SIZE) * 0.4  # as large as GloVe's


def _read_array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise NotFound(f"there is no {path}") from None
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(path), f"is no array that can be read ({error})") from error
    if array.ndim != 2 or array.shape[1] != WORD_SIZE:
        raise InvalidInput.of(str(path), f"has shape {array.shape}; must be (words, {WORD_SIZE})")
    return array


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain values only."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")


def _read_plain_pickle(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file).load()
    except FileNotFoundError:
        raise NotFound(f"there is no {path}") from None
    except Exception as error:  # a damaged pickle may fail in any way
        raise InvalidInput.of(str(path), f"is no plain list or table ({error})") from error
