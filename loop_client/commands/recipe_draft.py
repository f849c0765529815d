"""A commented recipe of a loop, written after looking at the data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion.errors import InvalidInput
from motion.formats.files import read_motions
from motion.motion_set import MotionSet
from motion.shell.assets import data_path
from motion.validation import check_motion

_LEAST = 4
_MOST_TRAINED, _MOST_TESTED = 64, 64
_GENERATIONS, _SEEDS = 8, 8
_CORRECTED_FRAMES_PER_S = 500.0
_FPS = 20.0
_KINDS = range(2, 21)  # values of a field that motions can be balanced over


@dataclass(frozen=True)
class DataFindings:
    """What a set of motions is like, as far as a recipe depends on it.

    Attributes:
        motions: how many there are.
        captioned: how many have a caption.
        splits: how many motions each split has, by name; empty where the set has no splits.
        seconds: shortest, median and longest duration [s].
        rates: frame rates, the most frequent first [1/s].
        flags: fields of the metadata that are true for some motions, with their number.
        kinds: fields of the metadata with a few values, with the number of these.
        unusable: what is wrong with motions that cannot be used, one sentence each.
    """

    motions: int
    captioned: int
    splits: dict[str, int]
    seconds: tuple[float, float, float]
    rates: tuple[float, ...]
    flags: dict[str, int]
    kinds: dict[str, int]
    unusable: tuple[str, ...]


def look_at(path: str) -> DataFindings:
    """Look at the motions that a loop is to be run on.

    Args:
        path: as `data.train` in a recipe.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the set is damaged, or no loop can be run on it: it has too few motions, motions that are no body
            in motion, or motions without a caption.
    """
    motions = read_motions(data_path(path))
    if len(motions) < _LEAST:
        raise InvalidInput.of("--data", f"has {len(motions)} motions; a loop needs at least {_LEAST}")
    findings = _findings(motions)
    if findings.unusable:
        shown = "; ".join(findings.unusable[:3])
        raise InvalidInput.of(
            "--data",
            f"has {len(findings.unusable)} motions that cannot be used ({shown}); mend or remove them, see "
            "`plumb-motion check`",
        )
    if findings.captioned < findings.motions:
        raise InvalidInput.of(
            "--data",
            f"has {findings.motions - findings.captioned} of {findings.motions} motions without a caption, and a "
            "generator is prompted with captions; give each one, in the `texts` of a HumanML3D folder or the "
            "`captions` of a packed set",
        )
    return findings


def _findings(motions: MotionSet) -> DataFindings:
    unusable = []
    for motion in motions:
        try:
            check_motion(motion, max_frames=10**9)
        except InvalidInput as error:
            unusable.append(f"{motion.name}: {error.violations[0].description}")
    seconds = [len(motion) / motion.fps for motion in motions]
    fields = [{name: value for name, value in each.items() if value is not None} for each in motions.metadata]
    names = dict.fromkeys(name for each in fields for name in each)
    values = {name: [each[name] for each in fields if name in each] for name in names}
    flags = {
        name: sum(found)
        for name, found in values.items()
        if all(isinstance(value, bool) for value in found) and 0 < sum(found) < len(motions)
    }
    kinds = {
        name: len(set(found))
        for name, found in values.items()
        if name != "split"
        and len(found) == len(motions)
        and all(isinstance(value, str) for value in found)
        and len(set(found)) in _KINDS
    }
    return DataFindings(
        len(motions),
        sum(any(text.strip() for text in texts) for texts in motions.captions),
        dict(Counter(str(each["split"]) for each in fields if "split" in each)),
        (min(seconds), float(np.median(seconds)), max(seconds)),
        tuple(rate for rate, _ in Counter(motion.fps for motion in motions).most_common()),
        flags,
        kinds,
        tuple(unusable),
    )


def draft_recipe(name: str, data: str, findings: DataFindings, own_generator: bool = False) -> str:
    """Write a recipe with a comment on every choice.

    Args:
        name: of the recipe.
        data: path of the motions, as it stands in the recipe.
        findings: what they are like.
        own_generator: the run is to use a generator of one's own, whose settings are not known here.

    Returns:
        TOML, which reads as a valid loop recipe.
    """
    is_split = {"train", "test"} <= findings.splits.keys() and findings.splits["test"] >= 2
    trained, tested = _sizes(findings, is_split)
    shortest, median, longest = findings.seconds
    lines = [
        f"# A loop on {data}: a generator is trained on its own output, generation after generation, with and without",
        "# correction. Run it with `plumb-loop run THIS_FILE`; every key is in docs/recipes.md.",
        "#",
        f"# The data: {findings.motions} motions of {shortest:.1f} to {longest:.1f} s (median {median:.1f} s), at "
        f"{', '.join(f'{rate:g}' for rate in findings.rates)} frames a second; all have captions.",
        *(["# They are brought to 20 frames a second."] if set(findings.rates) != {_FPS} else []),
        "",
        f"name = {_text(name)}",
        f"title = {_text(f'Self-consuming loop on {data}')}",
        f"generations = {_GENERATIONS}  # fewer for a first try; a run can be resumed with more",
        f"seeds = {list(range(_SEEDS))}  # one seed shows no difference, and three only a large one",
        "",
        *_data_section(data, findings, is_split, trained, tested),
        "",
        *_generator_section(own_generator),
        "",
        "[synthetic]",
        "lambda = 1.0  # synthetic motions for each real one",
        "",
        "[correction]",
        'effort = "fast"  # standard searches before it gives a body any assist, and takes several times as long',
        "",
        "[evaluation]",
        f"samples = {tested}  # FID depends on their number: keep it when you compare runs",
        f"corrected = {min(8, tested)}  # samples that are corrected to measure how far they are from plausible; 0 for "
        "none",
        "",
        *_ARMS,
        "",
        _cost(findings, trained, tested),
    ]
    return "\n".join(lines) + "\n"


def _sizes(findings: DataFindings, is_split: bool) -> tuple[int, int]:
    """Return how many motions to train on and to test with."""
    if is_split:
        return max(2, min(_MOST_TRAINED, findings.splits["train"])), min(_MOST_TESTED, findings.splits["test"])
    tested = max(2, min(_MOST_TESTED, findings.motions // 3))
    return max(2, min(_MOST_TRAINED, findings.motions - tested)), tested


def _data_section(data: str, findings: DataFindings, is_split: bool, trained: int, tested: int) -> Sequence[str]:
    lines = ["[data]", f"train = {_text(data)}"]
    if is_split:
        splits = ", ".join(f"{count} {name}" for name, count in findings.splits.items())
        lines.append(f'test = "split"  # the set has splits of its own: {splits}')
    else:
        lines.append(
            'test = "held_out"  # the set has no splits train and test: motions that are not drawn are held out'
        )
    lines.append(f"n = {trained}  # of them, generation 0 is trained on; Gillman et al. have 64, and 2794")
    lines.append(f"test_n = {tested}")
    for name, count in findings.flags.items():
        lines.append(f"# drop = [{_text(name)}]  # would leave out the {count} motions for which this is true")
    for name, count in findings.kinds.items():
        lines.append(f"# balance = {_text(name)}  # would draw its {count} values equally often")
    return lines


def _generator_section(own: bool) -> Sequence[str]:
    if own:
        return [
            "[generator]",
            "# Your own generator, at `plumb-loop run --generator HOST:PORT`; generation 0 is trained from scratch.",
            "first_steps = 2000  # until its samples look like the data: the loop can only get worse from there",
            "later_steps = 200",
            "# settings = { lr = 2e-4 }  # by the names that your generator gives them",
        ]
    return [
        "[generator]",
        'init = "mdm"  # the model that ships; empty to train one from scratch, which takes 10,000 steps and more',
        "first_steps = 200  # on the real motions",
        "later_steps = 100  # in each later generation, in every arm",
        "settings = { lr = 2e-4, decay = 1.0 }",
        "",
        "[sampling]",
        "guidance = 1.0  # none, as in the published loops",
        "steps = 10  # 50 as published; ten take a fifth of the time, and differ",
    ]


_ARMS = (
    "# The arms that are compared; all start from the same generation 0.",
    "[[arms]]",
    'name = "baseline"  # real motions only: what the loop is measured against',
    'strategy = "baseline"',
    "",
    "[[arms]]",
    'name = "iterative"  # real motions, and samples as they are',
    'strategy = "augment"  # replace has no real motions after generation 0, accumulate keeps all synthetic ones',
    "",
    "[[arms]]",
    'name = "corrected"  # real motions, and samples as the simulated body performs them',
    'strategy = "augment"',
    'corrector = "physics"',
    "relaxation = 0.5  # how far a sample goes to its correction; 1.0 would move each generation further away",
)


def _cost(findings: DataFindings, trained: int, tested: int) -> str:
    """Estimate the time that corrections take, which is most of a run's beside the training."""
    frames = _SEEDS * _GENERATIONS * (trained + 3 * min(8, tested)) * findings.seconds[1] * _FPS
    hours = frames / _CORRECTED_FRAMES_PER_S / 3600
    return (
        f"# Corrections: about {frames:,.0f} frames in all, {hours:.1f} h on one core at {_CORRECTED_FRAMES_PER_S:.0f} "
        "frames a second; training and sampling come on top."
    )


def _text(value: str) -> str:
    """Return a string as TOML; JSON's escapes are among TOML's."""
    return json.dumps(value, ensure_ascii=False)


def recipe_name(data: str) -> str:
    """Return a name for a recipe on a set, such as `walks` for `data/walks.npz`."""
    stem = Path(data.rstrip("/")).name.partition(".")[0]
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem).strip("-") or "loop"
