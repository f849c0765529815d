"""Captions: each action's own sentences, filled with what is true of the clip."""

from __future__ import annotations

from collections.abc import Sequence

from motion.synthesis.scene import Scene

_WHO = ("a person", "a person", "a person", "a person", "someone", "the person", "a figure")


def captions_of(scene: Scene, patterns: Sequence[str]) -> tuple[str, ...]:
    """Three to five different sentences.

    A pattern names `{who}`, words of the scene, and `{how}` where the manner may be said; it is said in most.
    """
    wanted = min(scene.number(3, 5), len(patterns))
    sentences: list[str] = []
    order: list[int] = scene.rng.permutation(len(patterns)).tolist()
    for index in order:
        words = scene.style.words
        spoken = bool(words) and (not sentences or scene.rng.random() < 0.7)
        how = f" {scene.pick(words)}" if spoken else ""
        sentence = patterns[index].format(who=scene.pick(_WHO), how=how, **scene.words)
        if sentence not in sentences:
            sentences.append(sentence)
        if len(sentences) == wanted:
            break
    return tuple(sentences)
