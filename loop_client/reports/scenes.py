"""Motions to watch: the same prompt in every arm, and motions before and after their correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TypeVar

from loop_client.reports.arm_colors import REAL_COLOR, UNCORRECTED_COLOR, shades
from loop_client.reports.results import Results
from loop_client.runs.real_motions import load_data
from loop_client.runs.recipe_sections import DataRecipe
from loop_client.runs.run_store import RunStore
from loop_client.runs.sample_batch import has_sample_batch, read_sample_batch
from motion.errors import PlumbError
from motion.metrics import physical_errors
from motion.motion import Motion
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import Figure, Scene, scenes_html
from motion.viewing.page_elements import paragraph, section

_MAX_SCENES = 6
_SCENES_OVER_TIME = 3  # of each arm, generation by generation
_GENERATIONS_WITH_EXTREMES = 4

_T = TypeVar("_T")


def motions_section(store: RunStore, results: Results) -> str:
    """Return the section of players: all arms, each arm over the generations with its extremes, and corrections.

    Args:
        store: the run.
        results: its metrics.

    Returns:
        An HTML element; empty where no samples are left.
    """
    recipe, colors = store.recipe, results.colors
    seed, last = results.seeds_at(results.last)[0], results.last
    real = _test_motions(recipe.data)
    parts: list[str] = []

    def add(title: str, identifier: str, scenes: list[Scene]) -> None:
        if scenes:
            player = scenes_html(scenes, 420, identifier, with_program=not parts)
            parts.append(f"<h3>{escape(title)}</h3>")
            parts.append(f'<div class="player">{player}</div>')

    folders = {arm: store.generation(seed, arm, last) for arm in results.arms}
    samples = {arm: folder / "samples" for arm, folder in folders.items()}
    add(f"The same prompt in every arm, generation {last}", "arms", sample_scenes(samples, colors, real))
    if last > 1:
        for arm in results.arms:
            generations = sorted({0, last // 2, last})
            samples = {f"generation {g}": store.generation(seed, arm, g) / "samples" for g in generations}
            shaded = dict(zip(samples, shades(colors[arm], len(samples)), strict=True))
            scenes = sample_scenes(samples, shaded, real, _SCENES_OVER_TIME)
            for generation in _evenly_spaced(range(1, last + 1), _GENERATIONS_WITH_EXTREMES):
                folder = store.generation(seed, arm, generation) / "samples"
                scenes += extreme_scenes(folder, colors[arm], f"generation {generation}")
            title = f"Generation by generation: the same prompt, and the worst, median and best sample: {arm}"
            add(title, f"generations-{arm}", scenes)
    for arm in recipe.arms:
        if arm.corrector != "identity":
            scenes = correction_scenes(folders[arm.name] / "synthetic", colors[arm.name])
            add(f"Before and after correction: {arm.name}, generation {last}", f"correction-{arm.name}", scenes)
    note = f"Samples of seed {seed}. Drag to turn, space to play, choose a motion from the menu."
    return section("Motions", paragraph(note, "note"), *parts) if parts else ""


def extreme_scenes(folder: Path, color: str, label: str) -> list[Scene]:
    """Return scenes of the worst, the median and the best sample of a generation, beside their corrections.

    A sample is worse than another if its correction failed and the other's did not, or else by its physical error.

    Args:
        folder: the evaluated samples.
        color: CSS colour of the arm.
        label: of the generation.
    """
    if not has_sample_batch(folder):
        return []
    batch = read_sample_batch(folder)
    motions = list(batch.valid())
    if not motions:
        return []

    def badness(motion: Motion) -> tuple[bool, float]:
        correction = batch.corrections.get(motion.name or "")
        failed = correction is not None and correction.report.status == "FAILED"
        return failed, physical_errors(motion.positions, motion.fps).phys_err_mm

    ranked = sorted(motions, key=badness, reverse=True)
    places = {"worst": 0, "median": (len(ranked) - 1) // 2, "best": len(ranked) - 1}
    scenes = []
    for word, motion in {word: ranked[place] for word, place in places.items()}.items():
        correction = batch.corrections.get(motion.name or "")
        if correction is not None:
            scene = correction_scene(motion, correction, (color, None))
            scene = replace(scene, figures=(replace(scene.figures[0], label="as sampled"), scene.figures[1]))
        else:
            numbers = {"physical error, mm": badness(motion)[1]}
            scene = Scene((Figure("as sampled", motion.positions, motion.fps, color),), numbers=numbers)
        caption = motion.caption or ""
        scenes.append(replace(scene, title=f"{label}, {word}: {caption}", caption=caption))
    return scenes


def sample_scenes(
    samples: Mapping[str, Path], colors: Mapping[str, str], real: Mapping[str, Motion], most: int = _MAX_SCENES
) -> list[Scene]:
    """Return scenes of samples side by side on the same prompts, with the real motion first.

    Args:
        samples: folders of evaluated samples by label, such as an arm or a generation.
        colors: CSS colours by label.
        real: the test motions by name; a scene whose motion is not among them goes without.
        most: the number of scenes at most.
    """
    sets = {
        label: {motion.name or "": motion for motion in read_sample_batch(folder).valid()}
        for label, folder in samples.items()
        if has_sample_batch(folder)
    }
    if not sets:
        return []
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
    """Return scenes of motions beside their corrections, with the numbers of the reports.

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
        correction_scene(motion, batch.corrections[motion.name or ""], (UNCORRECTED_COLOR, color))
        for motion in _evenly_spaced(corrected, most)
    ]


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
