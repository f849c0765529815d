"""The report of an experiment on points: one HTML file that stands alone."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from loop_client.experiments.theory import bound, c4_curve, gaussian_mean_factor, is_stable
from loop_client.reports.charts import PALETTE, Curve, chart_svg, cloud_svg, image_grid
from loop_client.reports.page import facts, figure, folded, legend, page, paragraph, preformatted, section
from loop_client.toy.gaussian import GaussianModel
from loop_client.toy.images import split
from loop_client.toy.toy_experiment import Outcome
from loop_client.toy.toy_loop import shown
from loop_client.toy.toy_recipe import ArmRecipe, PointRecipe
from motion.intervals import half_width
from motion.shell.atomic import atomic_path
from motion.shell.schema import to_table
from motion.shell.toml_text import format_toml

_UNITS = {
    "gaussian_w2": ("2-Wasserstein distance of the model to the truth", ""),
    "mean_distance": ("Distance of the model's mean to the truth", ""),
    "deviation": ("Deviation of the model", ""),
    "total_variation": ("Total variation to the truth", ""),
    "spread_in_modes": ("Spread around the nearest mode", "real ones' deviations"),
    "recalled_modes": ("Share of modes recalled", ""),
    "tail": ("Share beyond the real 99th percentile", ""),
    "reach": ("Distance of the farthest sample", ""),
    "w1": ("1-Wasserstein distance to real points", ""),
    "w2": ("2-Wasserstein distance to real points", ""),
    "precision": ("Precision", ""),
    "recall": ("Recall", ""),
    "fid": ("FID in a classifier's features", ""),
    "fid_100": ("FID of 100 samples", ""),
    "accuracy": ("Share taken for what was asked", ""),
}
_SHOWN, _IMAGES = 200, 40
_EXACT, _BOUND = "#111827", "#9aa1ab"


def write_report(outcome: Outcome, folder: Path) -> Path:
    """Write the report into the experiment's folder; the file's path."""
    recipe = outcome.recipe
    colors = {arm.name: PALETTE[index % len(PALETTE)] for index, arm in enumerate(recipe.arms)}
    verdict = "The row is shown." if outcome.passed else "The row is not shown."
    checks = {f"{'✓' if each.holds else '✗'} {each.says}": each.found for each in outcome.verdicts}
    parts = [
        f"<h1>{escape(recipe.title)}</h1>",
        paragraph(f"{recipe.paper}: {recipe.row}. {verdict}", "lead"),
        section("What must hold", facts(checks)),
        section("Curves", legend(colors), *_curves(outcome, colors)),
        *_pictures(outcome, colors),
        section("How it was made", _making(outcome), folded("The recipe", preformatted(format_toml(to_table(recipe))))),
    ]
    target = folder / "report.html"
    with atomic_path(target) as temporary:
        temporary.write_text(page(recipe.title, parts), encoding="utf-8")
    return target


def _curves(outcome: Outcome, colors: dict[str, str]) -> list[str]:
    figures = []
    for metric in outcome.recipe.metrics:
        curves = [_curve(outcome, arm, metric, color) for arm, color in colors.items()]
        curves += _theory(outcome, metric)
        title, unit = _UNITS[metric]
        figures.append(figure(title, unit, chart_svg(curves, description=f"{title} over generations")))
    return ['<div class="charts">', *figures, "</div>"]


def _curve(outcome: Outcome, arm: str, metric: str, color: str) -> Curve:
    """Mean over runs, in a band of its 95 % interval."""
    curves = outcome.curves[arm]
    values = curves[metric]
    mean = values.mean(axis=0)
    width = half_width(values)
    return Curve(color, curves["generations"].tolist(), mean.tolist(), (mean - width).tolist(), (mean + width).tolist())


def _theory(outcome: Outcome, metric: str) -> list[Curve]:
    """What is proved of the curves of a Gaussian: what they are on average, in black, and bounds, in grey."""
    recipe = outcome.recipe
    if recipe.data.kind != "gaussian" or recipe.generator.kind != "gaussian":
        return []
    found = []
    for arm in recipe.arms:
        generations = outcome.curves[arm.name]["generations"]
        first = float(outcome.curves[arm.name][metric][:, 0].mean())
        for color, values in _proved(recipe, arm, metric, first, generations):
            found.append(Curve(color, generations.tolist(), *[values.tolist()] * 3))
    return found


def _proved(
    recipe: PointRecipe, arm: ArmRecipe, metric: str, first: float, generations: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    """Colours and curves of an arm that begins with `first`."""
    if metric == "deviation" and _decays(recipe, arm):
        return [(_EXACT, c4_curve(first, arm.synthetic, generations))]
    if metric != "mean_distance" or arm.strategy != "augment" or arm.memory > 1:
        return []
    gamma = {"identity": 0.0, "oracle": arm.gamma}.get(arm.corrector)
    if gamma is None:
        return []
    share = arm.synthetic / (arm.n or recipe.data.n)
    exact = [(_EXACT, first * gaussian_mean_factor(share, gamma) ** generations)]
    # Of a Gaussian with known covariance α is 1 and L is 0, and the model can be as good as the data: ε is 0.
    stable = is_stable(share, 1.0, 0.0, 0.0, gamma)
    return exact + [(_BOUND, first * bound(generations, share, 1.0, 0.0, 0.0, gamma))] * stable


def _decays(recipe: PointRecipe, arm: ArmRecipe) -> bool:
    """Whether it is the fully synthetic loop on one dimension, which c4 is of."""
    plain = recipe.data.dim == 1 and GaussianModel(**recipe.generator.settings) == GaussianModel()
    return plain and arm.strategy == "replace" and arm.corrector == "identity" and arm.bias == arm.memory == 1


def _pictures(outcome: Outcome, colors: dict[str, str]) -> list[str]:
    """Samples of the first run, generation by generation, where they can be seen whole."""
    recipe = outcome.recipe
    distribution = recipe.data.distribution()
    real = distribution.draw_unseen(np.random.default_rng(recipe.seed), 1, _SHOWN)[0]
    if distribution.images is not None:
        return [_images(outcome, distribution.images.shape, real)]
    return [_clouds(outcome, colors, real)] if distribution.dim == 2 else []


def _clouds(outcome: Outcome, colors: dict[str, str], real: np.ndarray) -> str:
    reach = (1.2 * np.abs(real).max(axis=0)).tolist()
    rows = [_row("real", [figure("", "", cloud_svg(real, "#9aa1ab", reach, "real points"))])]
    for arm, color in colors.items():
        clouds = zip(shown(outcome.recipe), outcome.samples[arm], strict=True)
        rows.append(_row(arm, [figure(f"generation {number}", "", cloud_svg(points, color, reach, f"points of {arm}"))
                               for number, points in clouds]))  # fmt: skip
    return section("Points, generation by generation", *rows)


def _images(outcome: Outcome, shape: tuple[int, int, int], real: np.ndarray) -> str:
    def pictures(points: np.ndarray) -> str:
        pixels = split(points[np.argsort(points[:, -1], kind="stable")])[0]
        chosen = pixels[np.linspace(0, len(pixels) - 1, _IMAGES).astype(int)]
        return image_grid(chosen.reshape(-1, *shape), "samples, by class")

    rows = [_row("real", [figure("", "", pictures(real))])]
    for arm, samples in outcome.samples.items():
        grids = zip(shown(outcome.recipe), samples, strict=True)
        rows.append(_row(arm, [figure(f"generation {number}", "", pictures(points)) for number, points in grids]))
    return section("Images, generation by generation", *rows)


def _row(name: str, figures: list[str]) -> str:
    return "\n".join([f"<h3>{escape(name)}</h3>", '<div class="pictures">', *figures, "</div>"])


def _making(outcome: Outcome) -> str:
    recipe = outcome.recipe
    return facts(
        {
            "runs": f"{recipe.seeds}, paired: all arms see the same chance, of seed {recipe.seed}",
            "generations": str(recipe.generations),
            "real points": f"{recipe.data.kind}, {recipe.data.n} a generation",
            "model": recipe.generator.kind,
            "bands": "95 % intervals of the mean over runs; in black what is proved of the mean, in grey bounds of it",
        }
    )
