"""The report of a run: one HTML file that stands alone."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

from loop_client.evaluation.measures import BY_PATH, MEASURES, Measure
from loop_client.reports.charts import chart_svg
from loop_client.reports.page import (
    facts,
    figure,
    folded,
    legend,
    named,
    page,
    paragraph,
    preformatted,
    section,
    table,
)
from loop_client.reports.results import Results, at, say
from loop_client.reports.scenes import arm_scenes, correction_scenes
from loop_client.runs.run_recipe import Recipe
from loop_client.runs.run_store import RunStore, read_json
from loop_client.runs.start_facts import told_apart, with_policy
from loop_client.strategy import STRATEGIES
from motion.errors import InvalidInput
from motion.shell.atomic import atomic_path
from motion.viewing.html_player import Scene, scenes_html

_REAL_COLOR = "#9aa1ab"
_PROMPTS = 3  # that are shown generation by generation
_TABLE = (
    "fid", "diversity", "raw.phys_err_mm", "raw.penetrate_mm", "raw.float_mm", "raw.skate_mm", "raw.skate_ratio",
    "raw.jitter_m_s3", "samples.invalid", "corrected.share_ok", "corrected.residual_force_n_mean",
)  # fmt: skip


def write_report(store: RunStore) -> Path:
    """Write the report of a run, as far as it got, into its directory; the file's path.

    Raises:
        InvalidInput: the run has no results yet.
    """
    results = Results.of(store)
    if not results.seeds_at(0):
        raise InvalidInput.of(str(store.directory), "has no results yet; run it first")
    recipe = store.recipe
    parts = [
        *_heading(recipe, results),
        _outcome(results, recipe),
        _row(results, recipe),
        _curves(results),
        _corrections(results, recipe),
        _motions(store, results, recipe),
        _making(store, results, recipe),
    ]
    target = store.directory / "report.html"
    with atomic_path(target) as temporary:
        temporary.write_text(page(recipe.title or recipe.name, parts), encoding="utf-8")
    return target


def _heading(recipe: Recipe, results: Results) -> list[str]:
    seeds = "one seed" if len(recipe.seeds) == 1 else f"{len(recipe.seeds)} seeds"
    done = len(results.seeds_at(recipe.generations))
    progress = f" So far {done} of them have come to the end." if done < len(recipe.seeds) else ""
    if len(recipe.seeds) == 1 and progress:
        progress = f" So far it has come to generation {results.generations[-1]}."
    lead = (
        f"{len(recipe.arms)} arms start from one generator, trained on {recipe.data.n} real motions, and go on for "
        f"{recipe.generations} generations, each on motions of the one before (λ = {recipe.synthetic.share:g}), with "
        f"{seeds}.{progress}"
    )
    return [f"<h1>{escape(recipe.title or recipe.name)}</h1>", paragraph(lead, "lead")]


def _outcome(results: Results, recipe: Recipe) -> str:
    last = results.last
    measures = [BY_PATH[path] for path in _TABLE]
    rows = []
    for arm in results.arms:
        rows.append([named(arm, results.color(arm)), *(_cell(results, m, arm, last) for m in measures)])
    rows.append([named("real motion", _REAL_COLOR), *(say(results.real_value(m), m.digits) for m in measures)])
    heads = ["", *(f"{m.name}, {m.unit}" if m.unit else m.name for m in measures)]
    seeds = len(results.seeds_at(last))
    of = "" if seeds == len(recipe.seeds) else f"Means over {seeds} of {len(recipe.seeds)} seeds. "
    note = (
        f"{of}Samples of each arm's model as they were made, on the same prompts; the best arm in bold. Those that are "
        "no motion are left out of all other numbers. The last two columns are what physical correction found of the "
        "rest: the share it could perform, and the force at the root that took. Real motion does not score 0; its FID "
        f"is that of {results.real.get('fid_motions', 'the')} motions to train on to those tested on."
    )
    table_html = table(heads, rows, last_is_real=True)
    return section(f"Generation {last}", table_html, paragraph(note, "note"))


def _cell(results: Results, measure: Measure, arm: str, generation: int) -> str:
    value = results.mean(measure, arm, generation)
    others = [v for a in results.arms if (v := results.mean(measure, a, generation)) is not None]
    best = others and measure.better and value == (min(others) if measure.better == "lower" else max(others))
    distinct = len({round(v, measure.digits) for v in others}) > 1
    return ("*" if best and distinct else "") + say(value, measure.digits)


def _curves(results: Results) -> str:
    figures = []
    for measure in MEASURES:
        curves = [curve for arm in results.arms if (curve := results.curve(measure, arm))]
        if curves:
            hint = {"lower": "lower is better", "higher": "higher is better"}.get(measure.better, "")
            unit = " · ".join(filter(None, [measure.unit, hint]))
            svg = chart_svg(curves, results.real_value(measure), f"{measure.name} by generation and arm")
            figures.append(figure(measure.name, unit, svg))
    colors = {arm: results.color(arm) for arm in results.arms}
    band = "" if len(results.seeds) == 1 else " Bands reach from the lowest to the highest seed."
    return section(
        "Over the generations",
        paragraph(f"Generation 0 is the same in all arms. Dashed: real motion.{band}", "note"),
        legend({**colors, "real motion": _REAL_COLOR}),
        f'<div class="charts">{"".join(figures)}</div>',
    )


def _row(results: Results, recipe: Recipe) -> str:
    """Whether the run shows what it must, if it must show something and came to its end."""
    if not recipe.checks or len(results.seeds_at(recipe.generations)) < len(recipe.seeds):
        return ""
    told = {f"{'✓' if each.holds else '✗'} {each.says}": each.found for each in results.verdicts(recipe.checks)}
    return section("What must hold", paragraph(f"{recipe.paper}: {recipe.row}.", "note"), facts(told))


def _corrections(results: Results, recipe: Recipe) -> str:
    """What was done to the motions that were trained on."""
    rows = []
    for arm in recipe.arms:
        if not STRATEGIES[arm.strategy].synthesizes:
            continue
        for generation in results.generations[1:]:
            for line in results.lines(arm.name, generation):
                made = line["synthetic"]
                changed = made["corrections"] or {}
                errors = [at(changed, "before.phys_err_mm"), at(changed, "after.phys_err_mm")]
                rows.append(
                    [
                        named(arm.name, results.color(arm.name)),
                        str(generation),
                        str(line["seed"]),
                        str(made["asked"]),
                        str(made["invalid"]),
                        str(made["failed"]),
                        str(made["used"]),
                        f"{made['lambda_reached']:.3g}",
                        " → ".join(say(error, 1) for error in errors) if changed else "–",
                        say(at(made, "trained.phys_err_mm"), 1),
                        say(changed.get("mpjpe_global_mm"), 0),
                        say(changed.get("residual_force_n_mean"), 1),
                        *_verified(made.get("verifier")),
                    ]
                )
    if not rows:
        return ""
    heads = [
        "", "generation", "seed", "asked for", "no motion", "failed", "trained on", "λ reached",
        "physical error → corrected, mm", "of those trained on, mm", "moved, mm", "residual force, N", "kept of good",
        "kept of bad", "bad; may be, at most",
    ]  # fmt: skip
    note = (
        f"The synthetic motions of each generation, λ asked = {recipe.synthetic.share:g}. No motion: the sample was "
        "not a body in motion. Failed: the corrector could not have it performed. Physical error: of all that went to "
        "the corrector, before and after, and of what came to be trained on, which may be some of it, or go only part "
        "of the way. Moved: mean distance of the joints between a motion and its correction. Good and bad, as a "
        "verifier is judged: whether the physical error of a sample is below that of 95 % of real motions; more than "
        "so many bad ones, and it could not keep the loop from collapse."
    )
    return section("What was trained on", paragraph(note, "note"), table(heads, rows))


def _verified(facts: dict[str, Any] | None) -> list[str]:
    if facts is None:
        return ["–"] * 3
    shares = [facts[key] for key in ("kept_good", "kept_bad", "share_bad", "collapse_threshold")]
    good, bad, share, most = ("–" if each is None else f"{each:.0%}" for each in shares)
    return [good, bad, f"{share}; {most}"]


def _motions(store: RunStore, results: Results, recipe: Recipe) -> str:
    """Samples to look at: each arm's on one prompt, and before and after correction."""
    seed, last = results.seeds_at(results.last)[0], results.last
    parts = []

    def show(title: str, identifier: str, scenes: list[Scene]) -> None:
        if scenes:
            parts.append(f"<h3>{title}</h3>")
            parts.append(f'<div class="player">{scenes_html(scenes, 420, identifier)}</div>')

    arms = {arm: store.generation(seed, arm, last) for arm in results.arms}
    samples = {arm: folder / "samples" for arm, folder in arms.items()}
    show(f"The same prompt in every arm, generation {last}", "arms", arm_scenes(samples, recipe.data))
    if last > 1:
        for arm in results.arms:
            shown = {g: store.generation(seed, arm, g) / "samples" for g in sorted({0, last // 2, last})}
            scenes = arm_scenes({f"generation {g}": folder for g, folder in shown.items()}, recipe.data, _PROMPTS)
            show(f"The same prompt, generation by generation: {arm}", f"generations-{arm}", scenes)
    for arm in recipe.arms:
        if arm.corrector != "identity":
            scenes = correction_scenes(arms[arm.name] / "synthetic")
            show(f"Before and after correction: {arm.name}, generation {last}", f"correction-{arm.name}", scenes)
    return section("Motions", paragraph("Drag to turn, space to play.", "note"), *parts) if parts else ""


def _making(store: RunStore, results: Results, recipe: Recipe) -> str:
    """All it takes to make the run again."""
    known = store.facts
    starts = known["starts"]
    policy = with_policy(recipe, starts[0]).correction.policy
    card = read_json(store.embedding / "card.json")
    made_of = {
        "recipe": recipe.name,
        "seeds": ", ".join(map(str, recipe.seeds)),
        **{f"{name} motions": f"content {identity}" for name, identity in known["data"].items()},
        "embedding": f"{results.real.get('embedding', '')}: {card['kind']}, trained on {card['trained_on']['motions']} "
        f"real motions (content {card['trained_on']['content_id']}), loss {card['loss']:.4f}",
        "generator": told_apart(starts, lambda start: "{name} {version} on {device}".format(**start["generator"])),
        "corrector": told_apart(starts, lambda start: "{name} {version}, MuJoCo {mujoco}".format(**start["corrector"])),
        "policy": policy,
        "versions": told_apart(starts, lambda start: ", ".join(map(" ".join, start["versions"].items()))),
        "started": f"{len(starts)} times" if len(starts) > 1 else "once",
    }
    checkpoints = [
        [named(arm, results.color(arm)), str(generation), str(line["seed"]), f"<code>{line['checkpoint']}</code>"]
        for arm in results.arms
        for generation in results.generations
        for line in results.lines(arm, generation)
    ]
    return section(
        "How it was made",
        facts(made_of),
        paragraph("To make it again:"),
        preformatted(f"plumb-loop run {store.directory / 'recipe.toml'} --out NEW_FOLDER"),
        folded("Recipe, with every default", preformatted(recipe.to_toml())),
        folded("Checkpoints", table(["", "generation", "seed", "checkpoint"], checkpoints)),
        folded("Time taken", _times(store)),
        folded("What the numbers are", *map(paragraph, _DEFINITIONS)),
    )


def _times(store: RunStore) -> str:
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for line in store.timings():
        seconds[line["stage"]].append(line["seconds"])
    total = sum(map(sum, seconds.values()))
    rows = [[stage, str(len(s)), f"{sum(s) / len(s):.1f}", f"{sum(s):.0f}"] for stage, s in seconds.items()]
    return table(["stage", "times", "mean, s", "sum, s"], [*rows, ["all", "", "", f"{total:.0f}"]])


_DEFINITIONS = (
    "FID: Fréchet distance between Gaussians fitted to the embeddings of samples and of real test motions. It depends "
    "on the number of samples and on the embedding; compare it within this report only.",
    "Diversity: mean distance of the embeddings over all pairs of samples.",
    "Penetration, floating: depth of the lowest joint below -5 mm, its height above 5 mm, mean over frames. Skating: "
    "horizontal move of the lowest joint while it is at most 5 mm high at both ends of a step. Physical error: their "
    "sum.",
    "Skating ratio: share of frames in which a toe below 5 cm moves faster than 0.5 m/s. Jitter: mean norm of the "
    "third difference of joint positions.",
    "Share that a body can perform: motions whose mean joint distance to the simulated body stays below 0.5 m in "
    "every frame. Residual force: the norm of the root force that neither gravity, inertia nor contact explains, mean "
    "over time.",
)
