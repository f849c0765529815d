"""Motions to watch: the same prompt in every arm, and motions before and after their correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TypeVar

from loop_client.reports.arm_colors import REAL_COLOR, UNCORRECTED_COLOR, shades
from loop_client.reports.page import paragraph, section
from loop_client.reports.results import Results
from loop_client.runs.real_motions import load_data
from loop_client.runs.recipe_sections import DataRecipe
from loop_client.runs.run_store import RunStore
from loop_client.runs.sample_batch import has_sample_batch, read_sample_batch
from motion.errors import PlumbError
from motion.motion import Motion
from motion.report import Correction
from motion.viewing.html_player import Figure, Scene, scenes_html

_MAX_SCENES = 6
_SCENES_OVER_TIME = 3  # of each arm, generation by generation

_T = TypeVar("_T")


def motions_section(store: RunStore, results: Results) -> str:
    """Return the section of players: all arms, each arm over the generations, and corrections.

    Args:
        store: the run.
        results: its metrics.

    Returns:
        An HTML element; empty where no samples are left.
    """
    recipe, colors = store.recipe, results.colors
    seed, last = results.seeds_at(results.last)[0], results.last
    parts: list[str] = []

    def add(title: str, identifier: str, scenes: list[Scene]) -> None:
        if scenes:
            parts.append(f"<h3>{escape(title)}</h3>")
            parts.append(f'<div class="player">{scenes_html(scenes, 420, identifier)}</div>')

    folders = {arm: store.generation(seed, arm, last) for arm in results.arms}
    samples = {arm: folder / "samples" for arm, folder in folders.items()}
    add(f"The same prompt in every arm, generation {last}", "arms", sample_scenes(samples, colors, recipe.data))
    if last > 1:
        for arm in results.arms:
            generations = sorted({0, last // 2, last})
            samples = {f"generation {g}": store.generation(seed, arm, g) / "samples" for g in generations}
            shaded = dict(zip(samples, shades(colors[arm], len(samples)), strict=True))
            scenes = sample_scenes(samples, shaded, recipe.data, _SCENES_OVER_TIME)
            add(f"The same prompt, generation by generation: {arm}", f"generations-{arm}", scenes)
    for arm in recipe.arms:
        if arm.corrector != "identity":
            scenes = correction_scenes(folders[arm.name] / "synthetic", colors[arm.name])
            add(f"Before and after correction: {arm.name}, generation {last}", f"correction-{arm.name}", scenes)
    return section("Motions", paragraph("Drag to turn, space to play.", "note"), *parts) if parts else ""


def sample_scenes(
    samples: Mapping[str, Path], colors: Mapping[str, str], data: DataRecipe, most: int = _MAX_SCENES
) -> list[Scene]:
    """Return scenes of samples side by side on the same prompts, with the real motion first.

    Args:
        samples: folders of evaluated samples by label, such as an arm or a generation.
        colors: CSS colours by label.
        data: where the real motions come from; they are left out where they are no longer available.
        most: the number of scenes at most.
    """
    sets = {
        label: {motion.name or "": motion for motion in read_sample_batch(folder).valid()}
        for label, folder in samples.items()
        if has_sample_batch(folder)
    }
    if not sets:
        return []
    real = _test_motions(data)
    names = [name for name in next(iter(sets.values())) if all(name in motions for motions in sets.values())]
    scenes = []
    for name in _evenly_spaced(names, most):
        motions = {label: motions[name] for label, motions in sets.items()}
        source = real.get(name.partition("-")[2])
        shown = {"real": source, **motions} if source else motions
        caption = next(iter(motions.values())).caption or ""
        scenes.append(_scene(shown, {"real": REAL_COLOR, **colors}, caption, caption))
    return scenes


def correction_scenes(folder: Path, color: str, most: int = _MAX_SCENES) -> list[Scene]:
    """Return scenes of motions beside their corrections, with numbers of the reports.

    Args:
        folder: the synthetic motions of a generation.
        color: CSS colour of the corrected motions.
        most: the number of scenes at most.
    """
    if not has_sample_batch(folder):
        return []
    batch = read_sample_batch(folder)
    corrected = [motion for motion in batch.valid() if motion.name in batch.corrections]
    return [
        correction_scene(motion, batch.corrections[motion.name or ""], color)
        for motion in _evenly_spaced(corrected, most)
    ]


def correction_scene(motion: Motion, correction: Correction, color: str) -> Scene:
    """Return a scene of a motion beside its correction, with numbers of the report below.

    Args:
        motion: as it was sampled.
        correction: of that motion.
        color: CSS colour of the corrected motion.
    """
    report = correction.report
    numbers = (
        f"physical error {report.before.phys_err_mm:.1f} → {report.after.phys_err_mm:.1f} mm, moved by "
        f"{report.mpjpe_global_mm:.0f} mm, residual force {report.residual_force_n_mean:.1f} N"
    )
    if report.status != "OK":
        why = report.reason or f"completed {report.completed:.0%}"
        numbers += f"; {report.status.lower()}: {why}"
    shown = {"as sampled": motion, "corrected": correction.motion}
    colors = {"as sampled": UNCORRECTED_COLOR, "corrected": color}
    return _scene(shown, colors, motion.caption or "", f"{motion.caption} — {numbers}")


def _scene(motions: Mapping[str, Motion], colors: Mapping[str, str], title: str, caption: str) -> Scene:
    figures = (Figure(label, motion.positions, motion.fps, colors[label]) for label, motion in motions.items())
    return Scene(tuple(figures), title, caption)


def _test_motions(data: DataRecipe) -> dict[str, Motion]:
    """Return the test motions by name; none where the data is no longer available."""
    try:
        return {motion.name or "": motion for motion in load_data(data).test}
    except PlumbError:
        return {}


def _evenly_spaced(items: Sequence[_T], most: int) -> list[_T]:
    """Choose at most `most` items (at least 2), evenly spaced."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
