"""The report of a toy experiment: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from loop_client.reports.arm_colors import REAL_COLOR, arm_colors
from loop_client.reports.charts import Curve, chart_svg, image_grid, scatter_svg
from loop_client.reports.conclusion import checks_conclusion
from loop_client.reports.published_section import published_section
from loop_client.reports.report_frame import checks_section, curves_section, heading, making_section, write_page
from loop_client.toy.image_sets import split_images
from loop_client.toy.reference_lines import SCALES, real_level, scale_curves
from loop_client.toy.theory_curves import theory_curves
from loop_client.toy.toy_loop import pictured_generations
from loop_client.toy.toy_recipe import ToyRecipe
from loop_client.toy.toy_store import ToyResults
from motion.intervals import half_width
from motion.shell.schema import to_table
from motion.shell.toml_text import format_toml
from motion.viewing.page_elements import figure, section

_TITLES = {
    "gaussian_w2": ("2-Wasserstein distance of the model to the truth", ""),
    "mean_distance": ("Distance of the model's mean to the truth", ""),
    "deviation": ("Standard deviation of the model", ""),
    "total_variation": ("Total variation to the truth", ""),
    "spread": ("Standard deviation of the samples", "of real points"),
    "parameter_distance": ("Distance of the weights to generation 0, by weight", ""),
    "random_distance": ("Distance of random weights to generation 0, by weight", ""),
    "spread_in_modes": ("Spread around the nearest mode", "real standard deviations"),
    "recalled_modes": ("Share of modes recalled", ""),
    "tail": ("Share beyond the real 99th percentile", ""),
    "reach": ("Distance of the farthest sample", ""),
    "w1": ("1-Wasserstein distance to real points", ""),
    "w2": ("2-Wasserstein distance to real points", ""),
    "precision": ("Precision", ""),
    "recall": ("Recall", ""),
    "precision_4": ("Precision, k = 4", ""),
    "recall_4": ("Recall, k = 4", ""),
    "fid": ("FID in a classifier's features", ""),
    "fid_100": ("FID of 100 samples", ""),
    "accuracy": ("Share classified as the class asked for", ""),
    "downstream_accuracy": ("Real images recognised by a classifier of samples", ""),
}
"""Title and unit of each metric's chart."""
_REAL_POINTS, _GRID_IMAGES = 200, 40


def write_toy_report(results: ToyResults[ToyRecipe], folder: Path) -> Path:
    """Write the report of an experiment into its folder and return its path.

    Args:
        results: of the experiment.
        folder: where report.html is written.
    """
    recipe, verdicts = results.recipe, results.verdicts
    colors = arm_colors(arm.name for arm in recipe.arms)
    parts = [
        heading(recipe.title, checks_conclusion(verdicts), _setting(recipe)),
        checks_section(recipe.paper, recipe.expected, verdicts),
        published_section(recipe, [arm.name for arm in recipe.arms]),
        _curves(results, colors),
        _pictures(results, colors),
        making_section(_made_of(recipe), format_toml(to_table(recipe))),
    ]
    return write_page(folder, recipe.title, parts)


def _setting(recipe: ToyRecipe) -> str:
    return (
        f"{len(recipe.arms)} arms train a {recipe.generator.kind} model on {recipe.data.kind} data for "
        f"{recipe.generations} generations, with {recipe.num_seeds} seeds."
    )


def _made_of(recipe: ToyRecipe) -> dict[str, str]:
    return {
        "recipe": recipe.name,
        "seeds": f"{recipe.num_seeds}, paired: all arms see the same random numbers, from seed {recipe.seed}",
        "generations": str(recipe.generations),
        "real points": f"{recipe.data.kind}, {recipe.data.n} per generation",
        "model": recipe.generator.kind,
    }


def _curves(results: ToyResults[ToyRecipe], colors: Mapping[str, str]) -> str:
    figures, notes = [], {"Bands: 95 % intervals of the mean over seeds.": None}
    metrics = results.recipe.metrics
    for metric in metrics:
        if SCALES.get(metric) in metrics:
            continue
        theory, scales = theory_curves(results, metric), scale_curves(results, metric)
        level = real_level(results.recipe, metric)
        curves = [_curve(results, arm, metric, color) for arm, color in colors.items()]
        title, unit = _TITLES[metric]
        chart = chart_svg([*curves, *theory, *scales], level, f"{title} over generations")
        figures.append(figure(title, unit, chart))
        if theory:
            notes["In the colour of this text: the proved expectation. Grey: a proved bound."] = None
        if scales:
            notes["Grey beside weights: the distance of random weights to generation 0."] = None
        if level is not None:
            notes["Dashed: real points in place of samples."] = None
    return curves_section(" ".join(notes), colors, figures)


def _curve(results: ToyResults[ToyRecipe], arm: str, metric: str, color: str) -> Curve:
    curves = results.arms[arm].curves
    values = curves[metric]
    mean, half = values.mean(axis=0), half_width(values)
    limits = (mean - half).tolist(), (mean + half).tolist()
    return Curve(color, curves["generations"].tolist(), mean.tolist(), *limits, arm)


def _pictures(results: ToyResults[ToyRecipe], colors: Mapping[str, str]) -> str:
    """Return pictures of the samples of the first seed; empty where points are neither images nor in the plane."""
    recipe = results.recipe
    distribution = recipe.data.distribution()
    real = distribution.draw_unseen(np.random.default_rng(recipe.seed), 1, _REAL_POINTS)[0]
    if distribution.images is not None:
        return _image_rows(results, distribution.images.shape, real)
    return _scatter_rows(results, colors, real) if distribution.dim == 2 else ""


def _scatter_rows(results: ToyResults[ToyRecipe], colors: Mapping[str, str], real: np.ndarray) -> str:
    reach = (1.2 * np.abs(real).max(axis=0)).tolist()
    rows = [_row("real", [figure("", "", scatter_svg(real, REAL_COLOR, reach, "real points"))])]
    for arm, color in colors.items():
        samples = zip(pictured_generations(results.recipe), results.arms[arm].samples, strict=True)
        rows.append(_row(arm, [figure(f"generation {number}", "", scatter_svg(points, color, reach, f"points of {arm}"))
                               for number, points in samples]))  # fmt: skip
    return section("Points, generation by generation", *rows)


def _image_rows(results: ToyResults[ToyRecipe], shape: tuple[int, int, int], real: np.ndarray) -> str:
    rows = [_row("real", [figure("", "", _image_grid(real, shape))])]
    for arm, result in results.arms.items():
        samples = zip(pictured_generations(results.recipe), result.samples, strict=True)
        rows.append(
            _row(arm, [figure(f"generation {number}", "", _image_grid(points, shape)) for number, points in samples])
        )
    return section("Images, generation by generation", *rows)


def _image_grid(points: np.ndarray, shape: tuple[int, int, int]) -> str:
    """Return a grid of some images, ordered by class."""
    pixels = split_images(points[np.argsort(points[:, -1], kind="stable")])[0]
    chosen = pixels[np.linspace(0, len(pixels) - 1, _GRID_IMAGES).astype(int)]
    return image_grid(chosen.reshape(-1, *shape), "samples, by class")


def _row(name: str, figures: Sequence[str]) -> str:
    return "\n".join([f"<h3>{escape(name)}</h3>", '<div class="pictures">', *figures, "</div>"])
