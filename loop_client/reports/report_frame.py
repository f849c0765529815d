"""The parts that reports of all kinds have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from loop_client.experiments.checks import Verdict
from loop_client.reports.page import facts, folded, legend, page, paragraph, preformatted, section
from motion.shell.atomic import atomic_path


def write_page(folder: Path, title: str, parts: Sequence[str]) -> Path:
    """Write report.html into a folder and return its path.

    Args:
        folder: of the run or experiment.
        title: of the page.
        parts: HTML elements; empty ones are left out.
    """
    target = folder / "report.html"
    with atomic_path(target) as temporary:
        temporary.write_text(page(title, [part for part in parts if part]), encoding="utf-8")
    return target


def heading(title: str, conclusion: str, setting: str) -> str:
    """Return the head of a report: its title, what came out, and how the experiment was set up."""
    return "\n".join([f"<h1>{escape(title)}</h1>", paragraph(conclusion, "lead"), paragraph(setting)])


def checks_section(paper: str, expected: str, verdicts: Sequence[Verdict]) -> str:
    """Return the section on the published result and the verdict on each check; empty where there are no checks."""
    if not verdicts:
        return ""
    found = {f"{'✓' if each.holds else '✗'} {each.statement}": each.found for each in verdicts}
    return section("Checks", paragraph(f"{paper}: {expected}.", "note"), facts(found))


def curves_section(note: str, colors: Mapping[str, str], figures: Sequence[str]) -> str:
    """Return the section of charts over generations, with a legend that stays in view."""
    charts = f'<div class="charts">{"".join(figures)}</div>'
    return section("Over the generations", paragraph(note, "note"), legend(colors), charts)


def making_section(made_of: Mapping[str, str], recipe: str, *more: str) -> str:
    """Return the section on how the results were made.

    Args:
        made_of: facts by name.
        recipe: the recipe as TOML.
        more: further HTML elements.
    """
    recipe_part = folded("Recipe, with every default", preformatted(recipe))
    return section("How it was made", facts(made_of), *more, recipe_part)
