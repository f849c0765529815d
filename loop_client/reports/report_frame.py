"""The parts that reports of all kinds have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from loop_client.experiments.checks import Verdict
from motion.shell.atomic import atomic_path
from motion.viewing.page_elements import facts, folded, legend, page, paragraph, preformatted, section


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
    rows = "\n".join(map(_check, verdicts))
    return section("Checks", paragraph(f"{paper}: {expected}.", "note"), f'<div class="checks">\n{rows}\n</div>')


def _check(verdict: Verdict) -> str:
    """Return the verdict on a check in one word, what was checked, and what was found."""
    word, _, rest = verdict.sentence.partition(";")
    more = [rest.strip(), f"From: {verdict.source}" if verdict.source else ""]
    found = "".join(f'<div class="found">{escape(text)}</div>' for text in (verdict.found, *more) if text)
    return f'<span class="verdict {verdict.outcome}">{escape(word)}</span><div>{escape(verdict.statement)}{found}</div>'


def curves_section(
    note: str,
    colors: Mapping[str, str],
    figures: Sequence[str],
    constant: Mapping[str, str] | None = None,
    title: str = "Over the generations",
) -> str:
    """Return the section of charts, with a legend that stays in view.

    Args:
        note: what lines and bands are.
        colors: CSS colours by the names of the curves.
        figures: charts that are shown.
        constant: charts that have one value throughout, by title and value; they are folded.
        title: of the section.
    """
    parts = [paragraph(note, "note"), legend(colors), _charts(figures)] if figures else [paragraph(note, "note")]
    if constant:
        parts.append(folded(f"Constant: {'; '.join(constant)}", _charts(list(constant.values()))))
    return f"<section>{section(title, *parts)}</section>"  # the legend stays in view within it


def _charts(figures: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(figures)}</div>'


def making_section(made_of: Mapping[str, str], recipe: str, *more: str) -> str:
    """Return the section on how the results were made.

    Args:
        made_of: facts by name.
        recipe: the recipe as TOML.
        more: further HTML elements.
    """
    recipe_part = folded("Recipe, with every default", preformatted(recipe))
    return section("How it was made", facts(made_of), *more, recipe_part)
