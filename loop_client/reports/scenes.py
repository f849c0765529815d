"""The motions of a run to look at: the same prompt in every arm, and motions before and after their correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from loop_client.runs.production import is_produced, read_production
from loop_client.runs.real_motions import load_data
from loop_client.runs.run_recipe import DataRecipe
from motion.errors import PlumbError
from motion.motion import Motion
from motion.report import Correction
from motion.viewing.html_player import Figure, Scene

SCENES = 6

_T = TypeVar("_T")


def arm_scenes(samples: Mapping[str, Path], data: DataRecipe, most: int = SCENES) -> list[Scene]:
    """Evaluated samples of several arms or generations, by what they are called, side by side on the same prompts, at
    most so many; the real motion first."""
    sets = {
        arm: {motion.name or "": motion for motion in read_production(folder).valid()}
        for arm, folder in samples.items()
        if is_produced(folder)
    }
    if not sets:
        return []
    real = _test_motions(data)
    names = [name for name in next(iter(sets.values())) if all(name in motions for motions in sets.values())]
    scenes = []
    for name in _spread(names, most):
        motions = {arm: motions[name] for arm, motions in sets.items()}
        source = real.get(name.partition("-")[2])
        shown = {"real": source, **motions} if source else motions
        caption = next(iter(motions.values())).caption or ""
        scenes.append(_scene(shown, caption, caption))
    return scenes


def correction_scenes(folder: Path) -> list[Scene]:
    """Motions of a production beside their corrections, with what the reports say."""
    if not is_produced(folder):
        return []
    production = read_production(folder)
    corrected = [motion for motion in production.valid() if motion.name in production.corrections]
    return [_correction_scene(motion, production.corrections[motion.name or ""]) for motion in _spread(corrected)]


def _correction_scene(motion: Motion, correction: Correction) -> Scene:
    report = correction.report
    said = (
        f"physical error {report.before.phys_err_mm:.1f} → {report.after.phys_err_mm:.1f} mm, moved "
        f"{report.mpjpe_global_mm:.0f} mm, residual force {report.residual_force_n_mean:.1f} N"
    )
    if report.status != "OK":
        said += f"; failed after {report.completed:.0%}"
    shown = {"as sampled": motion, "corrected": correction.motion}
    return _scene(shown, motion.caption or "", f"{motion.caption} — {said}")


def _scene(motions: Mapping[str, Motion], title: str, caption: str) -> Scene:
    figures = (Figure(label, motion.positions, motion.fps) for label, motion in motions.items())
    return Scene(tuple(figures), title, caption)


def _test_motions(data: DataRecipe) -> dict[str, Motion]:
    """Test motions by name; none where the data are not at hand any more."""
    try:
        return {motion.name or "": motion for motion in load_data(data).test}
    except PlumbError:
        return {}


def _spread(items: Sequence[_T], most: int = SCENES) -> list[_T]:
    """At most so many items, two or more, evenly apart."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
