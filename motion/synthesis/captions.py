"""Captions: the sentences of each action, filled with the details of the clip."""

from __future__ import annotations

from collections.abc import Sequence

from motion.synthesis.scene import Scene

_WHO = ("a person", "a person", "a person", "a person", "someone", "the person", "a figure")


def make_captions(scene: Scene, patterns: Sequence[str]) -> tuple[str, ...]:
    """Make three to five different captions.

    Args:
        scene: the clip.
        patterns: sentences with `{who}`, the names of words of the scene, and `{how}` in place of the style, which most
            of the captions name.
    """
    wanted = min(scene.number(3, 5), len(patterns))
    sentences: list[str] = []
    order: list[int] = scene.rng.permutation(len(patterns)).tolist()
    for index in order:
        words = scene.style.words
        names_style = bool(words) and (not sentences or scene.rng.random() < 0.7)
        how = f" {scene.pick(words)}" if names_style else ""
        sentence = patterns[index].format(who=scene.pick(_WHO), how=how, **scene.words)
        if sentence not in sentences:
            sentences.append(sentence)
        if len(sentences) == wanted:
            break
    return tuple(sentences)
