"""The section of a run's report on how the run was made, and how to make it again."""

from __future__ import annotations

from collections import defaultdict

from loop_client.reports.measure_definitions import DEFINITIONS, INTERVAL
from loop_client.reports.report_frame import making_section
from loop_client.reports.results import Results
from loop_client.runs.run_files import read_json
from loop_client.runs.run_store import RunStore
from loop_client.runs.start_record import join_distinct, with_recorded_policy
from motion.viewing.page_elements import facts, folded, named_swatch, paragraph, preformatted, table


def origin_section(store: RunStore, results: Results) -> str:
    """Return the section with everything that it takes to make the run again, and definitions of the metrics.

    Args:
        store: the run.
        results: its metrics.
    """
    recipe, recorded = store.recipe, store.facts
    starts = recorded["starts"]
    card = read_json(store.embedding / "card.json")
    made_of = {
        "recipe": recipe.name,
        "seeds": ", ".join(map(str, recipe.seeds)),
        **{f"{name} motions": f"content {identity}" for name, identity in recorded["data"].items()},
        "embedding": f"{results.real.get('embedding', '')}: {card['kind']}, trained on {card['trained_on']['motions']} "
        f"real motions (content {card['trained_on']['content_id']}), loss {card['loss']:.4f}",
        "generator": join_distinct(starts, lambda start: "{name} {version} on {device}".format(**start["generator"])),
        "corrector": join_distinct(
            starts, lambda start: "{name} {version}, MuJoCo {mujoco}".format(**start["corrector"])
        ),
        "policy": with_recorded_policy(recipe, starts[0]).correction.policy,
        "versions": join_distinct(starts, lambda start: ", ".join(map(" ".join, start["versions"].items()))),
        "started": f"{len(starts)} times" if len(starts) > 1 else "once",
    }
    return making_section(
        made_of,
        recipe.to_toml(),
        paragraph("To make it again:"),
        preformatted(f"plumb-loop run {store.directory / 'recipe.toml'} --out NEW_FOLDER"),
        folded("Checkpoints", _checkpoints(results)),
        folded("Time taken", _times(store)),
        folded("What the numbers are", facts(DEFINITIONS), paragraph(INTERVAL)),
    )


def _checkpoints(results: Results) -> str:
    rows = [
        [
            named_swatch(arm, results.colors[arm]),
            str(generation),
            str(line["seed"]),
            f"<code>{line['checkpoint']}</code>",
        ]
        for arm in results.arms
        for generation in results.generations
        for line in results.lines(arm, generation)
    ]
    return table(["", "generation", "seed", "checkpoint"], rows)


def _times(store: RunStore) -> str:
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for line in store.timings():
        seconds[line["stage"]].append(line["seconds"])
    total = sum(map(sum, seconds.values()))
    rows = [[stage, str(len(s)), f"{sum(s) / len(s):.1f}", f"{sum(s):.0f}"] for stage, s in seconds.items()]
    return table(["stage", "times", "mean, s", "sum, s"], [*rows, ["all", "", "", f"{total:.0f}"]])
