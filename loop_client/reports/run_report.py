"""The report of a run: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from loop_client.evaluation.measures import BY_PATH, MEASURES, TEXT_MEASURES, Measure
from loop_client.reports.arm_colors import REAL_COLOR
from loop_client.reports.conclusion import checks_conclusion, run_conclusion
from loop_client.reports.measure_definitions import DEFINITIONS, INTERVAL, measure_term
from loop_client.reports.published_section import published_section
from loop_client.reports.report_frame import checks_section, curves_section, heading, write_page
from loop_client.reports.results import Results, format_mean, format_number
from loop_client.reports.run_origin import origin_section
from loop_client.reports.scenes import motions_section
from loop_client.reports.synthetic_section import synthetic_section
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore
from motion.errors import InvalidInput
from motion.viewing.line_chart import chart_svg, is_constant
from motion.viewing.page_elements import Term, definitions, figure, named_swatch, paragraph, section, table

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
        published_section(recipe, list(results.arms)) if recipe.checks else "",
        run_curves(results),
        synthetic_section(results, recipe),
        motions_section(store, results),
        origin_section(store, results),
        definitions(DEFINITIONS),
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
    measures = [
        measure
        for measure in (BY_PATH[path] for path in _TABLE)
        if any(results.mean(measure, arm, last) is not None for arm in results.arms)
    ]
    rows = [
        [named_swatch(arm, results.colors[arm]), *(_cell(results, measure, arm, last) for measure in measures)]
        for arm in results.arms
    ]
    real = (format_number(results.real_value(measure), measure.digits) for measure in measures)
    rows.append([named_swatch("real motion", REAL_COLOR), *real])
    heads = ["", *map(measure_term, measures)]
    seeds = len(results.seeds_at(last))
    basis = "" if seeds == len(recipe.seeds) else f"Means over {seeds} of {len(recipe.seeds)} seeds. "
    bold = "One seed shows no intervals, so nothing is in bold." if seeds == 1 else INTERVAL
    corrected = (
        "The last two columns are from correcting the others: the share that the simulated body could perform, and the "
        "force at its root that this took. "
        if any(measure.path.startswith("corrected.") for measure in measures)
        else ""
    )
    note = (
        f"{basis}Uncorrected samples of each arm's model, on the same prompts. {bold} Samples that are "
        f"not a body in motion are left out of all other numbers. {corrected}Real motion does not score 0; its FID is "
        f"that of {results.real.get('fid_motions', 'the')} training motions to the test motions."
    )
    return section(f"Generation {last}", table(heads, rows, last_is_real=True), paragraph(note, "note"))


def _cell(results: Results, measure: Measure, arm: str, generation: int) -> str:
    best = results.clearly_best(measure, generation) == arm
    return ("*" if best else "") + format_mean(results, measure, arm, generation)


def run_curves(results: Results) -> str:
    """Return the section of the charts of a run, of all measures that it has."""
    shown: list[str] = []
    constant: dict[str, str] = {}
    for measure in (*MEASURES, *TEXT_MEASURES):
        curves = [curve for arm in results.arms if (curve := results.curve(measure, arm))]
        if not curves:
            continue
        hint = {"lower": "lower is better", "higher": "higher is better"}.get(measure.better, "")
        unit = " · ".join(filter(None, [measure.unit, hint]))
        svg = chart_svg(curves, results.real_value(measure), f"{measure.name} by generation and arm")
        chart = figure(Term(measure.name), unit, svg)
        if is_constant(curves, measure.digits):
            value = " ".join(filter(None, [format_number(curves[0].mean[0], measure.digits), measure.unit]))
            constant[f"{measure.name} {value}"] = chart
        else:
            shown.append(chart)
    band = "" if len(results.seeds) == 1 else " Bands reach from the lowest to the highest seed."
    note = f"Generation 0 is the same in all arms. Dashed: real motion.{band}"
    return curves_section(note, {**results.colors, "real motion": REAL_COLOR}, shown, constant)
