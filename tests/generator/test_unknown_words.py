"""A prompt of which a checkpoint knows no word is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.cli import main
from generator.generator import DiffusionGenerator
from generator.text.known_words import stems, unknown_prompts
from motion.motion_set import MotionSet

CAPTIONS = ("a person walks forward", "someone is jumping")


@pytest.mark.parametrize(
    ("prompt", "known"),
    [
        ("a man walked", True),  # another form of a word
        ("jump!", True),
        ("walk and 走", True),  # one word is enough
        ("a person", True),  # has no word that could be unknown
        ("", True),
        ("一个人在走路", False),
        ("идёт человек", False),
        ("a person xyzzy", False),
    ],
)
def test_a_prompt_is_known_by_the_stems_of_its_words(prompt: str, known: bool) -> None:
    assert unknown_prompts([prompt], stems(CAPTIONS)) == ([] if known else [prompt])


def test_without_captions_latin_letters_are_taken_for_known() -> None:
    assert unknown_prompts(["xyzzy", "走路", "a 走路"], None) == ["走路", "a 走路"]


def test_words_of_earlier_training_are_known(tmp_path: Path, motions: MotionSet) -> None:
    tiny = dict(
        pair.split("=") for pair in ("layers=1", "width=16", "heads=2", "ff=32", "diffusion_steps=6", "batch=3")
    )
    generator = DiffusionGenerator(tmp_path, device="cpu")
    swims = MotionSet(motions.motions, (("swims",),) * len(motions.motions))
    first = generator.fit(generator.upload(swims), "", 1, settings=tiny)
    second = generator.fit(generator.upload(motions), first, 1, settings={})
    assert generator.unknown_prompts(["it swims", "xyzzy"], first) == ["xyzzy"]
    assert generator.unknown_prompts(["it swims", "xyzzy"], second) == ["xyzzy"]
    caption = motions.captions[0][0]
    assert generator.unknown_prompts([caption], first) == [caption] and not generator.unknown_prompts([caption], second)


def test_the_command_tells_it_and_samples_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x"
    arguments = ["--length", "40", "--steps", "2", "--store", str(tmp_path / "s"), "--out", str(out), "--json"]
    with pytest.raises(SystemExit) as ended:
        main(["sample", "--prompt", "a person walks", "走路", *arguments])
    assert not ended.value.code
    printed = capsys.readouterr()
    (note,) = json.loads(printed.out)["notes"]
    assert f"plumb-gen: {note}" in printed.err and "knows no word of the prompt '走路'" in note
