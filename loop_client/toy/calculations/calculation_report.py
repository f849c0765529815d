"""The report of a calculation: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from loop_client.reports.arm_colors import arm_colors
from loop_client.reports.charts import Curve, chart_svg
from loop_client.reports.conclusion import checks_conclusion
from loop_client.reports.published_section import published_section
from loop_client.reports.report_frame import checks_section, curves_section, heading, making_section, write_page
from loop_client.toy.calculations.calculation_recipe import CalculationRecipe
from loop_client.toy.toy_store import ToyResults
from motion.intervals import half_width
from motion.shell.schema import to_table
from motion.shell.toml_text import format_toml
from motion.viewing.page_elements import figure


def write_calculation_report(results: ToyResults[CalculationRecipe], folder: Path) -> Path:
    """Write the report of a calculation into its folder and return its path.

    Args:
        results: of the experiment.
        folder: where report.html is written.
    """
    recipe, verdicts = results.recipe, results.verdicts
    colors = arm_colors(arm.name for arm in recipe.arms)
    figures = []
    for metric in recipe.metrics:
        title = metric.replace("_", " ").capitalize()
        curves = [_curve(results, arm, metric, color) for arm, color in colors.items()]
        figures.append(figure(title, "", chart_svg(curves, description=f"{title} over {recipe.abscissa}")))
    setting = f"{len(recipe.arms)} settings are computed with {recipe.num_seeds} seeds. Abscissa: {recipe.abscissa}."
    made_of = {"recipe": recipe.name, "calculation": recipe.calculation, "seeds": f"{recipe.num_seeds}, paired"}
    parts = [
        heading(recipe.title, checks_conclusion(verdicts), setting),
        checks_section(recipe.paper, recipe.expected, verdicts),
        published_section(recipe, [arm.name for arm in recipe.arms]),
        curves_section("Bands: 95 % intervals of the mean over seeds.", colors, figures),
        making_section(made_of, format_toml(to_table(recipe))),
    ]
    return write_page(folder, recipe.title, parts)


def _curve(results: ToyResults[CalculationRecipe], arm: str, metric: str, color: str) -> Curve:
    curves = results.arms[arm].curves
    values = curves[metric]
    mean, half = values.mean(axis=0), half_width(values)
    low, high = (mean - half).tolist(), (mean + half).tolist()
    return Curve(color, curves["generations"].tolist(), mean.tolist(), low, high, arm)
