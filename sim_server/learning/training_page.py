"""The page of a policy training: what came out, curves, a table on held-out motions, and the policy's own motions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion.errors import InvalidInput, NotFound, PlumbError
from motion.intervals import half_width
from motion.motion import Motion
from motion.protocols import CorrectionOptions, ProgressCallback
from motion.report import Correction
from motion.shell.atomic import atomic_path
from motion.shell.schema import read_table
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import scenes_html
from motion.viewing.page_elements import Term, definitions, folded, page, paragraph, preformatted, section, table
from sim_server.corrector import Corrector
from sim_server.evaluation.evaluation_page import RESULT_DEFINITIONS
from sim_server.learning.training_curves import DEFINITIONS, training_charts
from sim_server.learning.training_motions import load_held_out, load_motions
from sim_server.learning.training_recipe import TrainingRecipe

_BASE = "base"
PAGE = "report.html"
_HELD_OUT = {
    "completed_share": ("completed", "%", 100.0),
    "residual_force_n": ("assist", "N", 1.0),
    "residual_torque_nm": ("assist torque", "N m", 1.0),
    "over_100_n_share": ("limit over 100 N", "%", 100.0),
    "phys_err_mm": ("physical error", "mm", 1.0),
    "mpjpe_global_mm": ("moved in the world", "mm", 1.0),
    "mpjpe_local_mm": ("moved about the pelvis", "mm", 1.0),
}
"""Names, units and factors of what is measured on held-out motions during a training."""
_COMPLETED = "completed frames"
_DEFINITIONS = RESULT_DEFINITIONS | {
    _COMPLETED: "Share of the frames until the body lost the motion, mean over the motions."
}


@dataclass(frozen=True)
class Trial:
    """Motions that the policy has corrected, and that the controller alone has corrected.

    Attributes:
        motions: the motions.
        corrections: by the policy.
        base: by the controller alone, in the same order.
        held_out: whether the policy was not trained on them.
    """

    motions: Sequence[Motion]
    corrections: Sequence[Correction]
    base: Sequence[Correction]
    held_out: bool


def try_policy(folder: Path, clips: int = 8, threads: int = 1, progress: ProgressCallback | None = None) -> Trial:
    """Have the policy of a training, and the controller alone, correct some motions with traces.

    Args:
        folder: of the training.
        clips: how many motions; held-out ones if the recipe names any, otherwise some that were trained on.
        threads: threads of the physics.
        progress: called with the corrections that are done and the number of all.

    Raises:
        NotFound: the folder holds no trained policy, or the motions are no longer there.
        InvalidInput: the motions can no longer be read.
    """
    recipe, policy = _recipe(folder), folder / "policy"
    if not policy.is_dir():
        raise NotFound(f"there is no trained policy in {folder}")
    found = load_held_out(recipe.held_out) if recipe.held_out else load_motions(recipe.data)[0]
    places = np.unique(np.linspace(0, len(found) - 1, clips).round().astype(int))
    motions = [found[place] for place in places]
    options = CorrectionOptions(effort="fast", trace=True)
    made: list[list[Correction]] = []
    for name in (str(policy), _BASE):
        before = len(made) * len(motions)

        def count(done: float, _: int, before: int = before) -> None:
            if progress:
                progress(before + done, 2 * len(motions))

        with Corrector(name, threads=threads) as corrector:
            made.append(corrector.correct(motions, options=options, progress=count))
    return Trial(motions, made[0], made[1], recipe.held_out is not None)


def write_training_page(folder: Path, trial: Trial | None = None, remark: str = "") -> Path:
    """Write `report.html` into the folder of a training, as far as it got, and return its path.

    Args:
        folder: of the training.
        trial: what the policy does; None for a page without its motions.
        remark: why there is no trial.

    Raises:
        InvalidInput: there are no results yet.
    """
    recipe, lines = _recipe(folder), read_curve(folder)
    if not lines:
        raise InvalidInput.of(str(folder), "has no results yet; train first")
    last = lines[-1]["steps"]
    done = "" if last >= recipe.steps else f" It is at {last / recipe.steps:.0%} of its steps."
    parts = [
        f"<h1>Training of {recipe.name}</h1>",
        paragraph(conclude(lines, trial), "lead"),
        paragraph(f"{_setting(recipe)}.{done}"),
        paragraph(f"The policy was not tried on motions: {remark}.", "note") if remark else "",
        _trial_section(trial) if trial else "",
        training_charts(lines),
        _held_out_section(lines),
        _motions_section(trial, recipe.name) if trial else "",
        section("How it was made", folded("Stages, with every default", preformatted(_stages_text(folder)))),
        definitions(DEFINITIONS | _DEFINITIONS),
    ]
    path = folder / PAGE
    with atomic_path(path) as temporary:
        temporary.write_text(page(f"Training of {recipe.name}", filter(None, parts)), encoding="utf-8")
    return path


def read_curve(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a training's curve, one for each chapter; none where there is no curve yet."""
    path = folder / "curve.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def conclude(lines: Sequence[dict[str, Any]], trial: Trial | None) -> str:
    """Say in a sentence or two what the training has reached.

    Args:
        lines: of the curve.
        trial: what the policy does; None if that was not tried.
    """
    measured = [line for line in lines if line["episodes"]]
    reached = f"After {lines[-1]['steps']:,} steps no episode has ended."
    if measured:
        first, last = measured[0], measured[-1]
        reached = (
            f"After {lines[-1]['steps']:,} steps, {last['failed']:.0%} of the episodes fail at a mean assist limit of "
            f"{last['limit']:.0f} N ({first['failed']:.0%} at {first['limit']:.0f} N in the first chapter)."
        )
    return f"{_compared(trial)} {reached}" if trial else reached


def _compared(trial: Trial) -> str:
    """Say whether the policy needs less assist than the controller alone, paired by motion."""
    ours, base = (_assists(side) for side in (trial.corrections, trial.base))
    kind = "held-out motions" if trial.held_out else "motions that it was trained on"
    start = f"On {len(ours)} {kind}, the policy needs {ours.mean():.1f} N of assist on average, the controller alone "
    start += f"{base.mean():.1f} N"
    if len(ours) < 2:
        return f"{start}; one motion shows no more."
    difference, half = float((ours - base).mean()), float(half_width(ours - base))
    if abs(difference) <= half:
        return f"{start}: no difference can be shown ({difference:+.1f} ± {half:.1f} N, paired, 95 % interval)."
    word = "less" if difference < 0 else "more"
    return f"{start}: {abs(difference):.1f} ± {half:.1f} N {word} (paired, 95 % interval)."


def _assists(corrections: Sequence[Correction]) -> np.ndarray:
    return np.array([correction.report.residual_force_n_mean for correction in corrections])


def _trial_section(trial: Trial) -> str:
    """Return the table of the motions that the policy and the controller alone have corrected."""
    rows = []
    measures = {
        ("assist", "N"): lambda report: report.residual_force_n_mean,
        ("physical error", "mm"): lambda report: report.after.phys_err_mm,
        ("moved in the world", "mm"): lambda report: report.mpjpe_global_mm,
        ("moved about the pelvis", "mm"): lambda report: report.mpjpe_local_mm,
        (_COMPLETED, "%"): lambda report: 100 * report.completed,
    }
    for (name, unit), measure in measures.items():
        ours, base = (
            np.array([measure(correction.report) for correction in side]) for side in (trial.corrections, trial.base)
        )
        rows.append([Term(name, f"{name}, {unit}").html, _mean(ours), _mean(base), _difference(ours - base)])
    title = "Held-out motions" if trial.held_out else "Motions that were trained on"
    note = "Means over the motions with 95 % intervals; the difference is paired, and bold where it exceeds its own."
    heads = ["", "the policy", "the controller alone", "difference"]
    return section(f"{title}, {len(trial.motions)} of them", table(heads, rows), paragraph(note, "note"))


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.1f}" + (f" ± {half_width(values):.1f}" if len(values) > 1 else "")


def _difference(values: np.ndarray) -> str:
    """Format a mean of paired differences, emphasised where it exceeds its interval."""
    mean, half = round(float(values.mean()), 1), float(half_width(values)) if len(values) > 1 else np.inf
    text = f"{mean:+.1f}".replace("-", "−") if mean else "0.0"
    return ("*" if abs(values.mean()) > half else "") + text + (f" ± {half:.1f}" if len(values) > 1 else "")


def _setting(recipe: TrainingRecipe) -> str:
    count = len(recipe.data.sources)
    sources = f"{count} source{'' if count == 1 else 's'} of motions"
    return f"{recipe.steps:,} control steps of {recipe.ppo.envs} bodies, on {sources}, from {recipe.start or 'nothing'}"


def _held_out_section(lines: Sequence[dict[str, Any]]) -> str:
    """Return the table of the evaluations on all held-out motions during the training; empty where there are none."""
    evaluated = [line for line in lines if line.get("held_out")]
    if not evaluated:
        return ""
    names = [name for name in _HELD_OUT if name in evaluated[-1]["held_out"]]
    rows = [[f"{line['steps']:,}", *(_held_out_cell(line["held_out"], name) for name in names)] for line in evaluated]
    heads = [Term(name, f"{name}, {unit}") for name, unit, _ in (_HELD_OUT[each] for each in names)]
    note = "Means over all held-out motions, corrected with effort fast at these steps of the training."
    return section(
        "Held-out motions during the training",
        table(["steps", *heads], rows),
        paragraph(note, "note"),
    )


def _held_out_cell(measured: Mapping[str, Any], name: str) -> str:
    """Format a number of an evaluation, with its interval where the evaluation has one."""
    value, bounds, factor = measured.get(name), measured.get(f"{name}_interval"), _HELD_OUT[name][2]
    if value is None:
        return "–"
    text = f"{factor * value:.1f}" if factor == 1 else f"{factor * value:.0f}"
    return text if bounds is None else f"{text} ± {factor * (bounds[1] - bounds[0]) / 2:.1f}"


def _motions_section(trial: Trial, name: str) -> str:
    scenes = []
    for motion, correction in zip(trial.motions, trial.corrections, strict=True):
        scenes.append(correction_scene(motion, correction))
    note = f"The motions as they are, and as the body performs them with {name}. Drag to turn, space to play."
    return section("What the policy does", paragraph(note, "note"), f'<div class="player">{scenes_html(scenes)}</div>')


def _recipe(folder: Path) -> TrainingRecipe:
    """Return the recipe of the last stage of a training."""
    return read_table(TrainingRecipe, json.loads(_stages_text(folder))[-1]["recipe"])


def _stages_text(folder: Path) -> str:
    path = folder / "stages.json"
    if not path.is_file():
        raise NotFound(f"there is no training run in {folder}")
    return path.read_text("utf-8")


def training_page(folder: Path, clips: int = 8, threads: int = 1, progress: ProgressCallback | None = None) -> Path:
    """Try the policy of a training, write the page and return its path; see `try_policy`.

    Where the motions are no longer there, the page says so and goes without the policy's.
    """
    try:
        return write_training_page(folder, try_policy(folder, clips, threads, progress))
    except PlumbError as error:
        return write_training_page(folder, remark=str(error).rstrip("."))
