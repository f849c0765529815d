"""Which words of a prompt a model has met in the captions that it was trained on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from generator.text.hashed_ngrams import content_words

_STEM_LETTERS = 4  # words that begin with the same letters, such as walks and walking, are taken for forms of one


def stems(texts: Iterable[str]) -> set[str]:
    """Return the stems of the words in texts, without function words."""
    return {word[:_STEM_LETTERS] for text in texts for word in content_words(text)}


def unknown_prompts(prompts: Sequence[str], known_stems: Collection[str] | None) -> list[str]:
    """Return the prompts of which no word is known.

    A prompt of function words alone, such as "a person", is not one of them.

    Args:
        prompts: the prompts.
        known_stems: stems of the words that are known; None if they cannot be told. Then every word in Latin letters
            is taken for known.
    """

    def is_known(word: str) -> bool:
        return word.isascii() if known_stems is None else word[:_STEM_LETTERS] in known_stems

    return [prompt for prompt in prompts if (words := content_words(prompt)) and not any(map(is_known, words))]
