"""The report of a run: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from loop_client.evaluation.measures import BY_PATH, MEASURES, Measure
from loop_client.reports.arm_colors import REAL_COLOR
from loop_client.reports.charts import chart_svg
from loop_client.reports.conclusion import checks_conclusion, run_conclusion
from loop_client.reports.page import figure, named_swatch, paragraph, section, table
from loop_client.reports.report_frame import checks_section, curves_section, heading, write_page
from loop_client.reports.results import Results, format_number
from loop_client.reports.run_origin import origin_section
from loop_client.reports.scenes import motions_section
from loop_client.reports.synthetic_section import synthetic_section
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore
from motion.errors import InvalidInput

_TABLE = (
    "fid", "diversity", "raw.phys_err_mm", "raw.penetrate_mm", "raw.float_mm", "raw.skate_mm", "raw.skate_ratio",
    "raw.jitter_m_s3", "samples.invalid", "corrected.completed_share", "corrected.residual_force_n_mean",
)  # fmt: skip


def write_report(store: RunStore) -> Path:
    """Write the report of a run, as far as it got, into its folder and return its path.

    Args:
        store: the run, which need not be complete.

    Raises:
        InvalidInput: the run has no results yet.
    """
    results = Results.of(store)
    if not results.seeds_at(0):
        raise InvalidInput.of(str(store.directory), "has no results yet; run it first")
    recipe = store.recipe
    complete = len(results.seeds_at(recipe.generations)) == len(recipe.seeds)
    verdicts = results.verdicts(recipe.checks) if complete else []
    conclusion = run_conclusion(results, recipe)
    if verdicts:
        conclusion = f"{conclusion} {checks_conclusion(verdicts)}"
    title = recipe.title or recipe.name
    parts = [
        heading(title, conclusion, _setting(recipe, results)),
        _final_section(results, recipe),
        checks_section(recipe.paper, recipe.expected, verdicts),
        _curves(results),
        synthetic_section(results, recipe),
        motions_section(store, results),
        origin_section(store, results),
    ]
    return write_page(store.directory, title, parts)


def _setting(recipe: Recipe, results: Results) -> str:
    """Describe how the run is set up and how far it got."""
    seeds = "one seed" if len(recipe.seeds) == 1 else f"{len(recipe.seeds)} seeds"
    done = len(results.seeds_at(recipe.generations))
    progress = f" So far {done} of them are complete." if done < len(recipe.seeds) else ""
    if len(recipe.seeds) == 1 and progress:
        progress = f" So far it has reached generation {results.generations[-1]}."
    return (
        f"{len(recipe.arms)} arms start from one generator, trained on {recipe.data.n} real motions, and run for "
        f"{recipe.generations} generations, each trained on samples of the one before "
        f"(λ = {recipe.synthetic.share:g}), with {seeds}.{progress}"
    )


def _final_section(results: Results, recipe: Recipe) -> str:
    """Return the table of the last generation that all arms have reached."""
    last = results.last
    measures = [BY_PATH[path] for path in _TABLE]
    rows = [
        [named_swatch(arm, results.colors[arm]), *(_cell(results, measure, arm, last) for measure in measures)]
        for arm in results.arms
    ]
    real = (format_number(results.real_value(measure), measure.digits) for measure in measures)
    rows.append([named_swatch("real motion", REAL_COLOR), *real])
    heads = ["", *(f"{measure.name}, {measure.unit}" if measure.unit else measure.name for measure in measures)]
    seeds = len(results.seeds_at(last))
    basis = "" if seeds == len(recipe.seeds) else f"Means over {seeds} of {len(recipe.seeds)} seeds. "
    note = (
        f"{basis}Uncorrected samples of each arm's model, on the same prompts; the best arm in bold. Samples that are "
        "not a body in motion are left out of all other numbers. The last two columns are from correcting the others: "
        "the share that the simulated body could perform, and the force at its root that this took. Real motion does "
        f"not score 0; its FID is that of {results.real.get('fid_motions', 'the')} training motions to the test "
        "motions."
    )
    return section(f"Generation {last}", table(heads, rows, last_is_real=True), paragraph(note, "note"))


def _cell(results: Results, measure: Measure, arm: str, generation: int) -> str:
    value = results.mean(measure, arm, generation)
    means = [v for a in results.arms if (v := results.mean(measure, a, generation)) is not None]
    best = means and measure.better and value == (min(means) if measure.better == "lower" else max(means))
    distinct = len({round(mean, measure.digits) for mean in means}) > 1
    return ("*" if best and distinct else "") + format_number(value, measure.digits)


def _curves(results: Results) -> str:
    figures = []
    for measure in MEASURES:
        curves = [curve for arm in results.arms if (curve := results.curve(measure, arm))]
        if curves:
            hint = {"lower": "lower is better", "higher": "higher is better"}.get(measure.better, "")
            unit = " · ".join(filter(None, [measure.unit, hint]))
            svg = chart_svg(curves, results.real_value(measure), f"{measure.name} by generation and arm")
            figures.append(figure(measure.name, unit, svg))
    band = "" if len(results.seeds) == 1 else " Bands reach from the lowest to the highest seed."
    note = f"Generation 0 is the same in all arms. Dashed: real motion.{band}"
    return curves_section(note, {**results.colors, "real motion": REAL_COLOR}, figures)
